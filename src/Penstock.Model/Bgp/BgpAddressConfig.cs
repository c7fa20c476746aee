// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using System.Net;
using Penstock.Model.Schema;

namespace Penstock.Model.Bgp;

/// <summary>One announced address.</summary>
[Shorthand("address")]
public sealed record BgpAddressConfig
{
    /// <summary>The address.</summary>
    [Example("203.0.113.10")]
    public required IPAddress Address { get; init; }

    /// <summary>Communities that it carries besides those of all.</summary>
    [Text(TextForm.Label)]
    [Example("[\"65010:200\"]")]
    public ImmutableArray<string> Communities { get; init; } = [];

    /// <summary>Metric in place of that of all; null: that of all.</summary>
    [PerHost]
    [Range("0", "4294967295")]
    [Example("200")]
    public uint? Med { get; init; }

    /// <summary>What it depends on besides what all depend on: where less is up, it alone is withdrawn.</summary>
    [Example("{services: [{name: web, min_ready: 50%}]}")]
    public BgpTrackConfig Track { get; init; } = new();
}
