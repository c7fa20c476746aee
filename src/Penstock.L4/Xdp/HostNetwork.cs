// SPDX-License-Identifier: Apache-2.0
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using Penstock.Linux;
using Penstock.Linux.Netlink;

namespace Penstock.L4.Xdp;

/// <summary>The interfaces of this network namespace, from the kernel.</summary>
internal sealed class HostNetwork : IHostNetwork
{
    private const int DiscardPort = 9; // RFC 863

    /// <inheritdoc/>
    public HostInterface? Find(string name)
    {
        if (Array.Find(NetworkInterface.GetAllNetworkInterfaces(), found => string.Equals(found.Name, name, StringComparison.Ordinal)) is not { } found)
            return null;
        var mac = found.GetPhysicalAddress().GetAddressBytes();
        Layout.Mac octets = default;
        if (mac.Length == 6)
            mac.CopyTo((Span<byte>)octets);
        var addresses = found.GetIPProperties().UnicastAddresses.Select(unicast => unicast.Address).OrderBy(address => address.IsIPv6LinkLocal);
        return new HostInterface(name, NetworkDevice.Index(name), octets, NetworkDevice.Mtu(name), [.. addresses]);
    }

    /// <inheritdoc/>
    public HostInterface? Find(int index) => NetworkDevice.Name(index) is { } name ? Find(name) : null;

    /// <inheritdoc/>
    public IReadOnlySet<IPAddress> Addresses()
    {
        using var kernel = new InterfaceNetlink();
        return kernel.Addresses().Select(found => found.Address).ToHashSet();
    }

    /// <inheritdoc/>
    public IReadOnlyDictionary<int, uint> Carriers()
    {
        try
        {
            using var kernel = new RouteNetlink();
            return kernel.Carriers();
        }
        catch (NetlinkException)
        {
            return new Dictionary<int, uint>(); // Asked again soon.
        }
    }

    /// <inheritdoc/>
    public IPAddress? SourceFor(IPAddress destination)
    {
        try
        {
            using var socket = new Socket(destination.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
            socket.Connect(destination, DiscardPort);
            return (socket.LocalEndPoint as IPEndPoint)?.Address;
        }
        catch (SocketException)
        {
            return null;
        }
    }

    /// <inheritdoc/>
    public IReadOnlyList<IPAddress> Unresolved(IReadOnlyCollection<IPAddress> destinations)
    {
        try
        {
            using var kernel = new RouteNetlink();
            var usable = destinations.Select(address => address.AddressFamily).Distinct().SelectMany(kernel.Neighbours).Where(neighbour => neighbour.IsUsable)
                .Select(neighbour => (neighbour.Address, neighbour.InterfaceIndex)).ToHashSet();
            return [.. destinations.Where(address => kernel.Route(address) is not { IsLocal: false } route || !usable.Contains((route.Gateway ?? address, route.InterfaceIndex)))];
        }
        catch (NetlinkException)
        {
            return []; // Asked again soon.
        }
    }

    /// <inheritdoc/>
    public void Resolve(IPAddress destination)
    {
        try
        {
            using var socket = new Socket(destination.AddressFamily, SocketType.Dgram, ProtocolType.Udp) { Blocking = false };
            socket.SendTo([], new IPEndPoint(destination, DiscardPort));
        }
        catch (SocketException)
        {
            // No route now; the next round tries again.
        }
    }
}
