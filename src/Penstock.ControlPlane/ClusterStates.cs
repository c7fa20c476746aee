// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using System.Runtime.InteropServices;
using Penstock.ControlPlane.Overrides;
using Penstock.Health;
using Penstock.Model;
using Penstock.Model.L4;
using Penstock.Model.L7;

namespace Penstock.ControlPlane;

/// <summary>States of the endpoints of L7 clusters: what discovery and health checks found, and what the operator has said since. What they were before is in the running snapshot.</summary>
/// <param name="health">The checks.</param>
internal sealed class ClusterStates(HealthChecker health)
{
    /// <summary>Endpoints of every cluster; a cluster that has not changed keeps its instance, and so does the whole.</summary>
    /// <param name="config">The tier.</param>
    /// <param name="running">What runs; null: nothing.</param>
    /// <param name="overrides">What operators have said.</param>
    /// <param name="found">What discovery has found of a cluster, by its name.</param>
    public ImmutableDictionary<string, ClusterEndpoints> Assemble(L7Config config, Snapshot? running, OverrideSet overrides, Func<string, ImmutableArray<Endpoint>> found)
    {
        var before = running?.Endpoints ?? ImmutableDictionary.Create<string, ClusterEndpoints>(StringComparer.Ordinal);
        var next = before.RemoveRange(before.Keys.Where(name => !config.Clusters.ContainsKey(name))).ToBuilder();
        foreach (var (name, cluster) in config.Clusters)
        {
            var endpoints = Priorities.Apply(Judge(cluster, found(name), overrides));
            if (!next.TryGetValue(name, out var known) || !(known.Endpoints == endpoints || known.Endpoints.AsSpan().SequenceEqual(endpoints.AsSpan())))
                next[name] = new ClusterEndpoints(name, endpoints);
        }

        return next.ToImmutable();
    }

    /// <summary>What is to be checked.</summary>
    public static IEnumerable<HealthTarget> Targets(Snapshot snapshot)
    {
        foreach (var (name, cluster) in snapshot.Config.L7.Clusters)
        {
            if (cluster.Health is not { } check)
                continue;
            var target = new HealthTarget(name, check, [.. snapshot.Endpoints[name].Endpoints.Where(endpoint => endpoint.State != EndpointState.Maintenance).Select(endpoint => CheckedAt(cluster, endpoint.Address)).Distinct()]);
            yield return cluster.HealthPort is null ? target with { ProxyProtocol = cluster.ProxyProtocol, Protocol = cluster.Protocol, Tls = cluster.Tls } : target;
        }
    }

    // The same array where all are as they were found, of which there may be a hundred thousand.
    private ImmutableArray<Endpoint> Judge(ClusterConfig cluster, ImmutableArray<Endpoint> found, OverrideSet overrides)
    {
        if (cluster.Health is null && overrides.Count == 0)
            return found;
        Endpoint[]? judged = null;
        for (var i = 0; i < found.Length; i++)
        {
            var one = Judge(cluster, found[i], overrides.Of(cluster.Name, found[i].Address));
            if (judged is null && ReferenceEquals(one, found[i]))
                continue;
            judged ??= [.. found];
            judged[i] = one;
        }

        return judged is null ? found : ImmutableCollectionsMarshal.AsImmutableArray(judged);
    }

    // What is in maintenance is not checked; what is in drain may be down besides. One that its source wants drained does not become ready by passing its checks.
    private Endpoint Judge(ClusterConfig cluster, Endpoint endpoint, StateOverride? said)
    {
        if (said is { State: BackendState.Maintenance })
            return endpoint with { State = EndpointState.Maintenance, Reason = said.Reason };
        var judged = cluster.Health is not null && health.TryGetState(cluster.Name, CheckedAt(cluster, endpoint.Address), out var state, out var reason) && (endpoint.State == EndpointState.Ready || state != EndpointState.Ready)
            ? endpoint with { State = state, Reason = reason }
            : endpoint;
        return said is { State: BackendState.Drain } && judged.State == EndpointState.Ready
            ? judged with { State = EndpointState.Drain, Reason = said.Reason }
            : judged;
    }

    private static SocketEndpoint CheckedAt(ClusterConfig cluster, SocketEndpoint endpoint) =>
        cluster.HealthPort is { } port && endpoint.Address is { } address ? SocketEndpoint.Ip(address, port) : endpoint;
}
