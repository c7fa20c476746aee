// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;

namespace Penstock.L7.Runtime;

/// <summary>Sums what the reactors count into an <see cref="L7Status"/>.</summary>
internal static class StatusReport
{
    /// <summary>The state of an engine.</summary>
    internal static L7Status Of(CompiledSnapshot snapshot, int reactors)
    {
        var listeners = snapshot.Listeners.OfType<CompiledListener>().Select(Of).ToImmutableArray();
        var endpoints = snapshot.Clusters.Values.OrderBy(cluster => cluster.Config.Name, StringComparer.Ordinal).SelectMany(Of).ToImmutableArray();
        return new L7Status(snapshot.Generation, reactors, listeners, endpoints);
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
        foreach (var endpoint in cluster.Endpoints.Endpoints)
        {
            var address = endpoint.Address.ToString();
            long active = 0;
            long connections = 0;
            long requests = 0;
            long failures = 0;
            foreach (var cell in cluster.Cells)
            {
                foreach (var pool in cell.Pools)
                {
                    if (!string.Equals(pool.Name, address, StringComparison.Ordinal))
                        continue;
                    active += pool.Active;
                    connections += pool.Connections;
                    requests += pool.Requests;
                    failures += pool.Failures;
                }
            }

            yield return new EndpointStatus(cluster.Config.Name, address, active, connections, requests, failures);
        }
    }
}
