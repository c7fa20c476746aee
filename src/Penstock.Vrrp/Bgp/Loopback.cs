// SPDX-License-Identifier: Apache-2.0
using System.Net;
using Penstock.Linux;
using Penstock.Linux.Netlink;

namespace Penstock.Vrrp.Bgp;

/// <summary>The kernel's, in the network namespace of the thread that asks first.</summary>
internal sealed class Loopback : ILoopback
{
    private const string Name = "lo";

    private readonly Lazy<InterfaceNetlink> _netlink = new(() => new InterfaceNetlink()); // most hosts announce nothing

    /// <inheritdoc/>
    public IReadOnlySet<IPAddress> OfHost() => _netlink.Value.Addresses().Select(one => one.Address).ToHashSet();

    /// <inheritdoc/>
    public void Put(IPAddress address, int length, TimeSpan? lifetime) => _netlink.Value.Put(Assigned(address, length), lifetime);

    /// <inheritdoc/>
    public void Remove(IPAddress address, int length) => _ = _netlink.Value.Remove(Assigned(address, length));

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_netlink.IsValueCreated)
            _netlink.Value.Dispose();
    }

    private static AssignedAddress Assigned(IPAddress address, int length) => new(NetworkDevice.Index(Name), address, length);
}
