// SPDX-License-Identifier: Apache-2.0
using System.Net;
using System.Net.Sockets;
using Penstock.Model.L4;

namespace Penstock.L4.Ipvs;

/// <summary>What makes a service of IPVS the one it is: a protocol, an address and a port, or a firewall mark and a family.</summary>
/// <param name="Family">IPv4 or IPv6.</param>
/// <param name="Protocol">Its protocol; 0 with a mark.</param>
/// <param name="Address">Its address; any with a mark.</param>
/// <param name="Port">Its port; 0: all, or a mark.</param>
/// <param name="Mark">The mark; 0: none.</param>
internal sealed record IpvsServiceKey(AddressFamily Family, TransportProtocol Protocol, IPAddress Address, ushort Port, uint Mark)
{
    /// <summary>Of a protocol, an address and a port.</summary>
    public static IpvsServiceKey Of(TransportProtocol protocol, IPAddress address, int port) => new(address.AddressFamily, protocol, address, (ushort)port, 0);

    /// <summary>Of a mark.</summary>
    public static IpvsServiceKey OfMark(AddressFamily family, uint mark) =>
        new(family, default, family == AddressFamily.InterNetworkV6 ? IPAddress.IPv6Any : IPAddress.Any, 0, mark);

    /// <inheritdoc/>
    public override string ToString() => Mark != 0
        ? $"mark {Mark}{(Family == AddressFamily.InterNetworkV6 ? " IPv6" : "")}"
        : $"{Protocol.ToString().ToLowerInvariant()}://{new IPEndPoint(Address, Port)}";
}
