// SPDX-License-Identifier: Apache-2.0
using Penstock.L7.Metrics;
using Penstock.L7.Routing;

namespace Penstock.L7.Runtime;

/// <summary>A route of one listener, with its clusters and counters.</summary>
/// <param name="Route">The rule.</param>
/// <param name="Targets">Clusters in the order of the rule's; empty when the proxy answers itself.</param>
/// <param name="Series">Counters, one for each target; one when there is no target.</param>
/// <param name="TimeoutMilliseconds">For the whole request: the lesser of the route's and the listener's; null: none.</param>
internal sealed record CompiledRoute(Route Route, CompiledCluster[] Targets, RequestSeries[] Series, long? TimeoutMilliseconds)
{
    /// <summary>Whether requests go to a cluster.</summary>
    internal bool IsForwarding => Targets.Length > 0;
}
