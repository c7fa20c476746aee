// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using Penstock.Model.Schema;

namespace Penstock.Model.Vrrp;

/// <summary>What a VRRP instance depends on, besides its own interface and a daemon that is alive.</summary>
public sealed record VrrpTrackConfig
{
    /// <summary>Interfaces that must be up.</summary>
    [PerHost]
    [Example("[eth1, {name: eth2, weight: 20}]")]
    public ImmutableArray<VrrpTrackInterface> Interfaces { get; init; } = [];

    /// <summary>L4 services whose backends must be up.</summary>
    [Example("[{name: web, min_ready: 50%}]")]
    public ImmutableArray<VrrpTrackHealth> Services { get; init; } = [];

    /// <summary>L7 clusters whose endpoints must be up.</summary>
    [Example("[{name: mesh-a, min_ready: 25%, weight: 50}]")]
    public ImmutableArray<VrrpTrackHealth> Clusters { get; init; } = [];
}
