// SPDX-License-Identifier: Apache-2.0
using System.Net;
using System.Net.Sockets;
using Penstock.Linux;
using Penstock.Linux.Netlink;
using Penstock.Model.Vrrp;

namespace Penstock.Vrrp;

/// <summary>
/// Addresses that adverts come from where the configuration names none. Left to itself keepalived takes the interface's first, which may be one that another instance has put there:
/// it listens at that one alone then, and hears no other host.
/// </summary>
/// <param name="instances">All instances of this host.</param>
/// <param name="assigned">The host's addresses, with the names of their interfaces, in the kernel's order.</param>
internal sealed class AdvertSources(IEnumerable<VrrpInstanceConfig> instances, IReadOnlyList<(string Interface, IPAddress Address)> assigned)
{
    private readonly HashSet<IPAddress> _virtual = [.. instances.SelectMany(instance => instance.Addresses).Select(one => one.Address.Address)];

    /// <summary>Those of the running host.</summary>
    /// <exception cref="AddressApplyException">The kernel does not tell its addresses.</exception>
    public static AdvertSources Read(IEnumerable<VrrpInstanceConfig> instances)
    {
        try
        {
            using var netlink = new InterfaceNetlink();
            return new AdvertSources(instances, [.. netlink.Addresses().Select(one => (NetworkDevice.Name(one.Interface) ?? "", one.Address))]);
        }
        catch (NetlinkException error)
        {
            throw new AddressApplyException($"keepalived: {error.Message}", error);
        }
    }

    /// <summary>The instance with its source. Without one where its interface has no address of its own: keepalived waits for it then.</summary>
    public VrrpInstanceConfig Complete(VrrpInstanceConfig instance) => instance.Source is not null ? instance : instance with
    {
        Source = assigned.FirstOrDefault(one => one.Interface == instance.Interface && one.Address.AddressFamily == instance.Family && IsOwn(one.Address)).Address,
    };

    // Of IPv6 the link's own (RFC 9568, 5.1.2.3).
    private bool IsOwn(IPAddress address) =>
        (address.AddressFamily == AddressFamily.InterNetwork || address.IsIPv6LinkLocal) && !_virtual.Contains(address) && !AdvertToken.Is(address);
}
