// SPDX-License-Identifier: Apache-2.0
using System.Net;
using System.Net.NetworkInformation;

namespace Penstock.Linux.Netlink;

/// <summary>What the kernel knows about an address on a link.</summary>
/// <param name="Address">The address.</param>
/// <param name="InterfaceIndex">Number of the interface it is behind.</param>
/// <param name="State">How sure the kernel is.</param>
/// <param name="LinkAddress">Its address on the link; null: not known.</param>
public sealed record Neighbour(IPAddress Address, int InterfaceIndex, NeighbourState State, PhysicalAddress? LinkAddress)
{
    private const NeighbourState Valid =
        NeighbourState.Reachable | NeighbourState.Stale | NeighbourState.Delay | NeighbourState.Probe | NeighbourState.Permanent | NeighbourState.NoArp;

    /// <summary>Whether frames can be sent to it: the kernel does so too while it asks again (NUD_VALID).</summary>
    public bool IsUsable => LinkAddress is not null && (State & Valid) != NeighbourState.None;
}
