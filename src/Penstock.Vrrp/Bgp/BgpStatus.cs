// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;

namespace Penstock.Vrrp.Bgp;

/// <summary>What BGP does at this moment.</summary>
/// <param name="Phase">How far this host has left its routers: <see cref="BgpPhase.Left"/> only once BIRD has taken that.</param>
/// <param name="Neighbors">Routers, in file order.</param>
/// <param name="Addresses">Addresses, in file order.</param>
/// <param name="Bird">BIRD; null: nothing is configured.</param>
/// <param name="Warnings">What an operator should know, as whole sentences.</param>
public sealed record BgpStatus(
    BgpPhase Phase, ImmutableArray<BgpNeighborStatus> Neighbors, ImmutableArray<BgpAddressStatus> Addresses, BirdStatus? Bird, ImmutableArray<string> Warnings)
{
    /// <summary>Addresses that a router is told of, or may be as soon as there is a session; none once the host has left.</summary>
    public IEnumerable<string> NotWithdrawn => Phase == BgpPhase.Left ? [] : Addresses.Select(one => one.Address);

    /// <summary>Nothing is configured.</summary>
    public static BgpStatus None { get; } = new(BgpPhase.Serving, [], [], Bird: null, []);
}
