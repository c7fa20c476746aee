// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using Penstock.Model.Schema;

namespace Penstock.Model.L7;

/// <summary>Where TLS connections go that ask for a name (RFC 6066 section 3), or for none. Exactly one of <see cref="Name"/> and <see cref="WithoutName"/> is given.</summary>
public sealed record SniRule
{
    /// <summary><c>shop.example.com</c> (exact), or <c>*.example.com</c> (any name below it). An exact name goes before a suffix, a longer suffix before a shorter one.</summary>
    [Text(TextForm.HostPattern)]
    [Example("\"*.example.com\"")]
    public string? Name { get; init; }

    /// <summary>Connections that ask for no name. Default no.</summary>
    public bool WithoutName { get; init; }

    /// <summary>Clusters that they go to, chosen by weight.</summary>
    [Example("[{cluster: mesh-a, weight: 90}, {cluster: mesh-b, weight: 10}]")]
    public ImmutableArray<WeightedCluster> To { get; init; } = [];
}
