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
    public AccessLogConfig? AccessLog { get; init; }

    /// <summary>Listeners, in file order; names are unique.</summary>
    public ImmutableArray<ListenerConfig> Listeners { get; init; } = [];

    /// <summary>Route tables by name.</summary>
    public ImmutableSortedDictionary<string, ImmutableArray<RouteConfig>> Routes { get; init; } =
        ImmutableSortedDictionary.Create<string, ImmutableArray<RouteConfig>>(StringComparer.Ordinal);

    /// <summary>Clusters by name.</summary>
    public ImmutableSortedDictionary<string, ClusterConfig> Clusters { get; init; } =
        ImmutableSortedDictionary.Create<string, ClusterConfig>(StringComparer.Ordinal);
}
