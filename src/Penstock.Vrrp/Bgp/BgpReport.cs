// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using Penstock.Model.Bgp;

namespace Penstock.Vrrp.Bgp;

/// <summary>Puts together what there is to tell of BGP.</summary>
internal static class BgpReport
{
    /// <summary>Makes the status.</summary>
    /// <param name="bgp">The configuration.</param>
    /// <param name="bird">BIRD.</param>
    /// <param name="health">Why addresses are withdrawn.</param>
    /// <param name="phase">How far the host has left its routers.</param>
    /// <param name="isAlive">Whether the daemon has said in time that it is alive.</param>
    public static BgpStatus Of(BgpConfig bgp, BirdStatus bird, ImmutableDictionary<IPAddress, ImmutableArray<string>> health, BgpPhase phase, bool isAlive)
    {
        ImmutableArray<BgpNeighborStatus> neighbors = [.. bgp.Neighbors.Select(neighbor => Describe(neighbor, bird))];
        var up = bgp.Neighbors.Zip(neighbors).Where(one => one.Second.IsUp).Select(one => one.First.Address.AddressFamily).ToHashSet();
        ImmutableArray<BgpAddressStatus> addresses = [.. bgp.Addresses.Select(one => Describe(one.Address, bird, health.GetValueOrDefault(one.Address, []), phase, isAlive, up))];
        return new BgpStatus(phase, neighbors, addresses, bird, [.. Warnings(neighbors, bird, health, phase)]);
    }

    private static BgpNeighborStatus Describe(BgpNeighborConfig neighbor, BirdStatus bird)
    {
        var session = bird.Sessions.FirstOrDefault(one => string.Equals(one.Neighbor, neighbor.Name, StringComparison.Ordinal));
        return new BgpNeighborStatus(
            neighbor.Name, neighbor.Address.ToString(), neighbor.Asn, session?.State.ToLowerInvariant() ?? "unknown", session?.Since, session?.LastError,
            neighbor.Bfd is null ? null : session?.Bfd?.ToLowerInvariant() ?? "down");
    }

    private static BgpAddressStatus Describe(IPAddress address, BirdStatus bird, ImmutableArray<string> reasons, BgpPhase phase, bool isAlive, HashSet<AddressFamily> up)
    {
        var isAnnounced = false;
        ImmutableArray<string> why = [];
        if (!reasons.IsEmpty)
            why = reasons;
        else if (phase == BgpPhase.Left)
            why = ["drained"];
        else if (bird.Pid is null)
            why = ["bird does not run"];
        else if (!isAlive)
            why = ["the daemon makes no progress, or has just started"];
        else if (!up.Contains(address.AddressFamily))
            why = ["no session is established"];
        else
            (isAnnounced, why) = (true, phase == BgpPhase.Leaving ? ["draining"] : []);
        return new BgpAddressStatus(address.ToString(), isAnnounced, why);
    }

    private static IEnumerable<string> Warnings(ImmutableArray<BgpNeighborStatus> neighbors, BirdStatus bird, ImmutableDictionary<IPAddress, ImmutableArray<string>> health, BgpPhase phase)
    {
        if (bird.Pid is null)
            yield return "bird does not run: no router is told of this host's addresses";
        else if (!neighbors.Any(neighbor => neighbor.IsUp))
            yield return "no BGP session is established: no router is told of this host's addresses";
        foreach (var neighbor in neighbors.Where(neighbor => bird.Pid is not null && !neighbor.IsUp))
            yield return $"BGP session with {neighbor.Name} is not established{(neighbor.LastError is { } error ? ": " + error : "")}";
        foreach (var (address, reasons) in health.OrderBy(one => one.Key.ToString(), StringComparer.Ordinal))
            yield return $"address {address} is withdrawn: {string.Join("; ", reasons)}";
        if (phase != BgpPhase.Serving)
            yield return phase == BgpPhase.Left ? "this host is drained: its addresses are withdrawn from BGP" : "this host is draining: its addresses are about to be withdrawn from BGP";
    }
}
