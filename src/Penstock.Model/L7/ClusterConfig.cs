// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;

namespace Penstock.Model.L7;

/// <summary>A set of endpoints that answer alike. Exactly one of <see cref="Endpoints"/> and <see cref="Dns"/> is given.</summary>
public sealed record ClusterConfig
{
    /// <summary>Its key under <c>clusters</c>.</summary>
    public required string Name { get; init; }

    /// <summary>Endpoints written in the file.</summary>
    public ImmutableArray<EndpointConfig> Endpoints { get; init; } = [];

    /// <summary>Endpoints from a name in DNS: every A and AAAA address, for as long as its TTL says.</summary>
    public DnsDiscoveryConfig? Dns { get; init; }

    /// <summary>How an endpoint is chosen. Default round_robin.</summary>
    public Balancing Balancing { get; init; } = Balancing.RoundRobin;

    /// <summary>Active health checks; null: every endpoint counts as up.</summary>
    public HealthCheckConfig? Health { get; init; }

    /// <summary>Towards the endpoints.</summary>
    public ClusterTimeouts Timeouts { get; init; } = new();

    /// <summary>Connections kept towards the endpoints.</summary>
    public PoolLimits Pool { get; init; } = new();

    /// <summary>What Host an endpoint sees: true: the client's (default), false: the endpoint's address.</summary>
    public bool PreserveHost { get; init; } = true;
}
