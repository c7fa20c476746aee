// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using Penstock.Model.Schema;

namespace Penstock.Model.L7;

/// <summary>A set of endpoints that answer alike. Exactly one of <see cref="Endpoints"/> and <see cref="Discovery"/> is given.</summary>
public sealed record ClusterConfig
{
    /// <summary>Its key under <c>clusters</c>.</summary>
    [FromKey]
    public required string Name { get; init; }

    /// <summary>Endpoints written in the file.</summary>
    [Example("[\"10.0.0.11:80\", {address: \"10.0.0.12:80\", weight: 2}]")]
    public ImmutableArray<EndpointConfig> Endpoints { get; init; } = [];

    /// <summary>Where the endpoints come from otherwise.</summary>
    [Example("{dns: {name: mesh-b.internal, port: 8080}}")]
    public DiscoveryConfig? Discovery { get; init; }

    /// <summary>How an endpoint is chosen. Default round_robin.</summary>
    public Balancing Balancing { get; init; } = Balancing.RoundRobin;

    /// <summary>Active health checks; null: every endpoint counts as up.</summary>
    [Example("{type: http, path: /healthz, interval: 2s}")]
    public HealthCheckConfig? Health { get; init; }

    /// <summary>
    /// Port that health checks connect to, such as that of a gateway's own state; they go without <c>tls</c> and <c>proxy_protocol</c> then. Null, the default: the endpoint's own, with both.
    /// </summary>
    [Range("1", "65535")]
    [Example("15021")]
    public int? HealthPort { get; init; }

    /// <summary>TLS towards the endpoints, health checks included; null, the default: none.</summary>
    [Example("{ca: /etc/penstock/tls/mesh-ca.crt, server_name: shop.internal}")]
    public ClusterTlsConfig? Tls { get; init; }

    /// <summary>What the endpoints are spoken to in, by health checks of type http, too. Default h1.</summary>
    public UpstreamProtocol Protocol { get; init; } = UpstreamProtocol.H1;

    /// <summary>Towards the endpoints.</summary>
    [Example("{connect: 1s, response: 30s}")]
    public ClusterTimeouts Timeouts { get; init; } = new();

    /// <summary>Connections kept towards the endpoints.</summary>
    [Example("{max_connections: 1024}")]
    public PoolLimits Pool { get; init; } = new();

    /// <summary>
    /// The version of the PROXY header that connections to endpoints begin with, health checks included; null, the default: none. Such a connection carries
    /// requests of one client connection only.
    /// </summary>
    [Example("v2")]
    public ProxyProtocolVersion? ProxyProtocol { get; init; }

    /// <summary>Which Host an endpoint sees. Default preserve: the client's.</summary>
    public UpstreamHost Host { get; init; } = UpstreamHost.Preserve;

    /// <summary>
    /// Host that endpoints see in place of the client's, in HTTP/2 as <c>:authority</c>, such as a name by which a mesh gateway routes; the client's is in <c>X-Forwarded-Host</c>. Health checks have a host of their own.
    /// Null, the default: as <c>host</c> says.
    /// </summary>
    [Text(TextForm.HostAndPort)]
    [Example("shop.internal")]
    public string? RewriteHost { get; init; }
}
