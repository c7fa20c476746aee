// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;

namespace Penstock.L7.Explaining;

/// <summary>What would become of a request.</summary>
/// <param name="Listener">The listener that takes it; empty: none.</param>
/// <param name="Host">The host by which routes are chosen.</param>
/// <param name="Path">The path by which routes are chosen: decoded, without dot segments.</param>
/// <param name="Route">The route that takes it; empty: none.</param>
/// <param name="Answer">What the client gets, or that it is forwarded, in a line.</param>
/// <param name="Listeners">All listeners, and why not the others.</param>
/// <param name="Routes">Routes of the listener, the one that takes it first, and why not the others: those that come nearest.</param>
/// <param name="MoreRoutes">Number of further routes.</param>
/// <param name="Clusters">Clusters that the route forwards to.</param>
public sealed record RequestExplanation(
    string Listener,
    string Host,
    string Path,
    string Route,
    string Answer,
    ImmutableArray<ListenerChoice> Listeners,
    ImmutableArray<RouteChoice> Routes,
    int MoreRoutes,
    ImmutableArray<ClusterChoice> Clusters);
