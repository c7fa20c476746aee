// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using Penstock.Model.Schema;

namespace Penstock.Model.Bgp;

/// <summary>What announcements depend on, besides a daemon that is alive: while less than is asked for is up, they are withdrawn.</summary>
public sealed record BgpTrackConfig
{
    /// <summary>L4 services whose backends must be up.</summary>
    [Example("[{name: web, min_ready: 50%}]")]
    public ImmutableArray<BgpTrackHealth> Services { get; init; } = [];

    /// <summary>L7 clusters whose endpoints must be up.</summary>
    [Example("[{name: mesh-a, min_ready: 25%}]")]
    public ImmutableArray<BgpTrackHealth> Clusters { get; init; } = [];
}
