// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;

namespace Penstock.Model.L7;

/// <summary>One rule of a route table: what it matches and what happens then. Exactly one of <see cref="To"/>, <see cref="Redirect"/>, <see cref="Respond"/> is set.</summary>
public sealed record RouteConfig
{
    /// <summary>Name in metrics and logs. Default: the match as text, such as <c>shop.example.com/api</c>.</summary>
    public required string Name { get; init; }

    /// <summary>What it matches; the default matches everything.</summary>
    public RouteMatch Match { get; init; } = new();

    /// <summary>Clusters to forward to, chosen by weight; empty when the route redirects or responds.</summary>
    public ImmutableArray<WeightedCluster> To { get; init; } = [];

    /// <summary>Answer with a redirect.</summary>
    public RedirectAction? Redirect { get; init; }

    /// <summary>Answer with a fixed response.</summary>
    public RespondAction? Respond { get; init; }

    /// <summary>Replaces the matched path prefix (needs <see cref="RouteMatch.PathPrefix"/>) before forwarding; null: the path stays.</summary>
    public string? RewritePrefix { get; init; }

    /// <summary>The whole request, retries included; null: the cluster's response timeout alone holds.</summary>
    public TimeSpan? Timeout { get; init; }
}
