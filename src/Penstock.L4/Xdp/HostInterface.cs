// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;

namespace Penstock.L4.Xdp;

/// <summary>An interface of the host.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Index">Its number.</param>
/// <param name="Mac">Its MAC address.</param>
/// <param name="Mtu">Its MTU, bytes.</param>
/// <param name="Addresses">Its addresses, in the kernel's order, link-local ones last.</param>
internal sealed record HostInterface(string Name, int Index, Layout.Mac Mac, int Mtu, ImmutableArray<IPAddress> Addresses)
{
    /// <summary>Its first address of a family; null: it has none.</summary>
    public IPAddress? First(AddressFamily family) => Addresses.FirstOrDefault(address => address.AddressFamily == family);
}
