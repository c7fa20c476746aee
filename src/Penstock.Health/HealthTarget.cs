// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using Penstock.Model;
using Penstock.Model.L7;

namespace Penstock.Health;

/// <summary>Endpoints to check.</summary>
/// <param name="Cluster">Name of the cluster.</param>
/// <param name="Check">How each of them is checked.</param>
/// <param name="Endpoints">Addresses.</param>
public sealed record HealthTarget(string Cluster, HealthCheckConfig Check, ImmutableArray<SocketEndpoint> Endpoints)
{
    /// <summary>The version of the PROXY header that checks begin with; null: none.</summary>
    public ProxyProtocolVersion? ProxyProtocol { get; init; }

    /// <summary>What the endpoints are spoken to in, by checks of type http, too. Default HTTP/1.1.</summary>
    public UpstreamProtocol Protocol { get; init; } = UpstreamProtocol.H1;

    /// <summary>Packet marks of checks, by endpoint: such a check passes only by answers that have its mark, too. Default none.</summary>
    public ImmutableDictionary<SocketEndpoint, uint> Marks { get; init; } = ImmutableDictionary<SocketEndpoint, uint>.Empty;

    /// <summary>TLS of checks; null: none. Another object means that files are to be read again.</summary>
    public ClusterTlsConfig? Tls { get; init; }
}
