// SPDX-License-Identifier: Apache-2.0
using System.Globalization;
using Penstock.Model;
using Penstock.Model.L4;

namespace Penstock.Vrrp;

/// <summary>Whether as much of a service or cluster is up as virtual addresses ask for.</summary>
internal static class TrackedHealth
{
    /// <summary>Of a service.</summary>
    /// <returns>What lacks, for people; null: nothing.</returns>
    public static string? Service(Snapshot snapshot, string name, int minReady) => Judge(
        "service", name, minReady,
        snapshot.Services.TryGetValue(name, out var backends)
            ? backends.Where(backend => !IsPeer(snapshot, backend)).Select(backend => (backend.Config.Weight, backend.IsInPanic ? EndpointState.Down : backend.State))
            : []);

    /// <summary>Of a cluster.</summary>
    /// <returns>What lacks, for people; null: nothing.</returns>
    public static string? Cluster(Snapshot snapshot, string name, int minReady) => Judge(
        "cluster", name, minReady,
        snapshot.Endpoints.TryGetValue(name, out var cluster) ? cluster.Endpoints.Select(endpoint => (endpoint.Weight, endpoint.State)) : []);

    // That another host's proxies are gone is no reason for this one to give its addresses up.
    private static bool IsPeer(Snapshot snapshot, BackendStatus backend) => snapshot.Config.Peers is { } peers && peers.Hosts.Any(host => host.ProxyAddress().Equals(backend.Config.Address));

    // Nothing is said of a service or cluster that has no member: this host itself serves it, an operator took all out, or discovery has not answered yet.
    private static string? Judge(string kind, string name, int minReady, IEnumerable<(int Weight, EndpointState State)> members)
    {
        var counted = members.Where(member => member.State is EndpointState.Ready or EndpointState.Down && member.Weight > 0).ToArray();
        var all = counted.Sum(member => (long)member.Weight);
        var ready = counted.Where(member => member.State == EndpointState.Ready).Sum(member => (long)member.Weight);
        return ready * 100 >= all * minReady
            ? null
            : string.Create(CultureInfo.InvariantCulture, $"{kind} {name}: {ready * 100.0 / all:0.#}% is ready, {minReady}% is asked for");
    }
}
