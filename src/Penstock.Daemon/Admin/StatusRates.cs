// SPDX-License-Identifier: Apache-2.0
using Penstock.Daemon.Peers;
using Penstock.Vrrp;
using Penstock.Vrrp.Bgp;

namespace Penstock.Daemon.Admin;

/// <summary>What the daemon does a second, from two status reports, and how it stands at the second.</summary>
/// <param name="Node">Name of the node.</param>
/// <param name="State"><c>running</c> or <c>draining</c>.</param>
/// <param name="Generation">Generation of what runs.</param>
/// <param name="Seconds">Between the reports.</param>
/// <param name="L4">The L4 tier.</param>
/// <param name="Listeners">Listeners.</param>
/// <param name="Endpoints">Endpoints of all clusters.</param>
/// <param name="Vrrp">VRRP instances.</param>
/// <param name="BgpNeighbors">Routers that addresses are announced to.</param>
/// <param name="BgpAddresses">Addresses that are announced.</param>
/// <param name="Peers">The other hosts.</param>
/// <param name="NodeState">Whether an operator has taken this host out, and what is left on it.</param>
/// <param name="Overrides">States that operators have given in place of the configuration's.</param>
/// <param name="Warnings">What asks for attention.</param>
internal sealed record StatusRates(
    string Node,
    string State,
    long Generation,
    double Seconds,
    BalancerRates L4,
    IReadOnlyList<ListenerRates> Listeners,
    IReadOnlyList<EndpointRates> Endpoints,
    IReadOnlyList<VrrpInstanceStatus> Vrrp,
    IReadOnlyList<BgpNeighborStatus> BgpNeighbors,
    IReadOnlyList<BgpAddressStatus> BgpAddresses,
    IReadOnlyList<PeerStatus> Peers,
    NodeReport NodeState,
    IReadOnlyList<OverrideStatus> Overrides,
    IReadOnlyList<string> Warnings)
{
    /// <summary>Rates between two reports. What was not there before, or counts anew, counts from zero.</summary>
    /// <param name="before">The first.</param>
    /// <param name="after">The second.</param>
    /// <param name="seconds">Time between them.</param>
    public static StatusRates Between(StatusReport before, StatusReport after, double seconds)
    {
        var listeners = before.Listeners.ToDictionary(listener => listener.Name, StringComparer.Ordinal);
        var endpoints = before.Clusters.SelectMany(cluster => cluster.Endpoints.Select(endpoint => (Key: (cluster.Name, endpoint.Address), Endpoint: endpoint))).ToDictionary(one => one.Key, one => one.Endpoint);
        return new StatusRates(
            after.Node,
            after.State,
            after.Generation,
            Math.Round(seconds, 3),
            BalancerRates.Between(before.L4, after.L4, seconds),
            [.. after.Listeners.Select(listener => new ListenerRates(listener.Name, listener.Bind, listener.Connections, BalancerRates.Rate(listeners.GetValueOrDefault(listener.Name)?.Requests ?? 0, listener.Requests, seconds)))],
            [.. after.Clusters.SelectMany(cluster => cluster.Endpoints.Select(endpoint => Endpoint(cluster.Name, endpoints.GetValueOrDefault((cluster.Name, endpoint.Address)), endpoint, seconds)))],
            after.Vrrp,
            after.BgpNeighbors,
            after.BgpAddresses,
            after.Peers,
            after.NodeState,
            after.Overrides,
            after.Warnings);
    }

    private static EndpointRates Endpoint(string cluster, EndpointReport? before, EndpointReport after, double seconds) => new(
        cluster,
        after.Address,
        after.State,
        after.Active,
        after.Connections,
        BalancerRates.Rate(before?.Requests ?? 0, after.Requests, seconds),
        BalancerRates.Rate(before?.Failures ?? 0, after.Failures, seconds),
        after.Reason);
}
