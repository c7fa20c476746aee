// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using Penstock.Model.Schema;

namespace Penstock.Model.L7;

/// <summary>One rule of a route table: what it matches and what happens then. Exactly one of <see cref="To"/>, <see cref="Redirect"/>, <see cref="Respond"/> is set.</summary>
public sealed record RouteConfig
{
    /// <summary>Name in metrics and logs. Default: the match as text, such as <c>shop.example.com/api</c>.</summary>
    [FilledIn("the match as text")]
    [Text(TextForm.Label)]
    [Example("api")]
    public required string Name { get; init; }

    /// <summary>What it matches; the default matches everything.</summary>
    [Example("{host: shop.example.com, path_prefix: /api}")]
    public RouteMatch Match { get; init; } = new();

    /// <summary>Clusters to forward to, chosen by weight; empty when the route redirects or responds.</summary>
    [Example("[{cluster: mesh-a, weight: 90}, {cluster: mesh-b, weight: 10}]")]
    public ImmutableArray<WeightedCluster> To { get; init; } = [];

    /// <summary>Answer with a redirect.</summary>
    [Example("{scheme: https, status: 301}")]
    public RedirectAction? Redirect { get; init; }

    /// <summary>Answer with a fixed response.</summary>
    [Example("{status: 404}")]
    public RespondAction? Respond { get; init; }

    /// <summary>Replaces the matched path prefix (needs <see cref="RouteMatch.PathPrefix"/>) before forwarding; null: the path stays.</summary>
    [Text(TextForm.UrlPath)]
    [Example("/v2")]
    public string? RewritePrefix { get; init; }

    /// <summary>
    /// Whether it takes CONNECT, and nothing else: a client gets a tunnel to an endpoint of <see cref="To"/>, whatever port it has asked for; it matches by host alone. Default false: CONNECT is
    /// refused.
    /// </summary>
    public bool Connect { get; init; }

    /// <summary>The whole request, retries included; null: the cluster's response timeout alone holds.</summary>
    [Range("1ms", "24h")]
    [Example("30s")]
    public TimeSpan? Timeout { get; init; }
}
