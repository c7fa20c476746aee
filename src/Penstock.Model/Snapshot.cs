// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using Penstock.Model.L4;
using Penstock.Model.Vrrp;

namespace Penstock.Model;

/// <summary>What the engines are to run: configuration, and the endpoints that discovery and health have found. Immutable; published by one reference swap.</summary>
/// <param name="Generation">Grows by one with each snapshot of this process.</param>
/// <param name="Config">The configuration.</param>
/// <param name="Endpoints">Endpoints of every cluster, by cluster name.</param>
public sealed record Snapshot(long Generation, ApplianceConfig Config, ImmutableDictionary<string, ClusterEndpoints> Endpoints)
{
    /// <summary>Backends of every L4 service, by service name; the same instance from snapshot to snapshot while nothing in it changes.</summary>
    public ImmutableDictionary<string, ImmutableArray<BackendStatus>> Services { get; init; } =
        ImmutableDictionary.Create<string, ImmutableArray<BackendStatus>>(StringComparer.Ordinal);

    /// <summary>What this host is to each VRRP instance, by name, as far as it is known; the same object while nothing in it changes.</summary>
    public ImmutableDictionary<string, VrrpRole> Roles { get; init; } = ImmutableDictionary.Create<string, VrrpRole>(StringComparer.Ordinal);
}
