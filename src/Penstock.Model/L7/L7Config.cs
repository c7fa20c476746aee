// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using Penstock.Model.Schema;

namespace Penstock.Model.L7;

/// <summary>The HTTP proxy tier: listeners, route tables, clusters.</summary>
public sealed record L7Config
{
    /// <summary>Number of reactors (threads with an epoll instance of their own); 0, the default: one a processor. Fixed at start.</summary>
    [PerHost]
    [Range("0", "1024")]
    public int Reactors { get; init; }

    /// <summary>The access log; null: none.</summary>
    [PerHost]
    [Example("{path: /var/log/penstock/access.log, format: json}")]
    public AccessLogConfig? AccessLog { get; init; }

    /// <summary>Listeners, in file order; names are unique.</summary>
    [Example("[{name: http, bind: \":80\", routes: shop}]")]
    public ImmutableArray<ListenerConfig> Listeners { get; init; } = [];

    /// <summary>Route tables by name.</summary>
    [Example("{shop: [{match: {host: shop.example.com}, to: mesh-a}, {respond: {status: 404}}]}")]
    public ImmutableSortedDictionary<string, ImmutableArray<RouteConfig>> Routes { get; init; } =
        ImmutableSortedDictionary.Create<string, ImmutableArray<RouteConfig>>(StringComparer.Ordinal);

    /// <summary>Clusters by name.</summary>
    [Example("{mesh-a: {endpoints: [\"10.0.0.11:8080\", \"10.0.0.12:8080\"], health: {type: http, path: /healthz}}}")]
    public ImmutableSortedDictionary<string, ClusterConfig> Clusters { get; init; } =
        ImmutableSortedDictionary.Create<string, ClusterConfig>(StringComparer.Ordinal);
}
