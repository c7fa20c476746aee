// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using Penstock.L7.Admission;
using Penstock.L7.Tls;

namespace Penstock.L7.Runtime;

/// <summary>Sums what the reactors count into an <see cref="L7Status"/>.</summary>
internal static class StatusReport
{
    /// <summary>The state of an engine.</summary>
    internal static L7Status Of(CompiledSnapshot snapshot, int reactors, DescriptorBudget? descriptors)
    {
        var listeners = snapshot.Listeners.OfType<CompiledListener>().Select(Of).ToImmutableArray();
        var endpoints = snapshot.Clusters.Values.OrderBy(cluster => cluster.Config.Name, StringComparer.Ordinal).SelectMany(Of).ToImmutableArray();
        return new L7Status(snapshot.Generation, reactors, listeners, endpoints, [.. descriptors?.Warnings() ?? [], .. CertificateWatch.Warnings(snapshot, TimeProvider.System.GetUtcNow())]);
    }

    private static ListenerStatus Of(CompiledListener listener)
    {
        long open = 0;
        long requests = 0;
        foreach (var counters in listener.Slot.Counters)
        {
            open += counters.Open;
            requests += counters.Requests;
        }

        return new ListenerStatus(listener.Config.Name, listener.Slot.BoundTo.ToString(), open, requests);
    }

    private static IEnumerable<EndpointStatus> Of(CompiledCluster cluster)
    {
        // By address, and not by place: a reactor may be at another version of the cluster.
        var loads = new Dictionary<string, EndpointStatus>(StringComparer.Ordinal);
        foreach (var cell in cluster.Cells)
        {
            foreach (var pool in cell.Pools)
            {
                if (pool is null)
                    continue;
                var sum = loads.GetValueOrDefault(pool.Name) ?? Idle(cluster, pool.Name);
                loads[pool.Name] = sum with
                {
                    Active = sum.Active + pool.Active,
                    Connections = sum.Connections + pool.Connections,
                    Requests = sum.Requests + pool.Requests,
                    Failures = sum.Failures + pool.Failures,
                };
            }
        }

        foreach (var endpoint in cluster.Endpoints.Endpoints)
        {
            var address = endpoint.Address.ToString();
            yield return loads.GetValueOrDefault(address) ?? Idle(cluster, address);
        }
    }

    private static EndpointStatus Idle(CompiledCluster cluster, string address) =>
        new(cluster.Config.Name, address, Active: 0, Connections: 0, Requests: 0, Failures: 0);
}
