// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using Penstock.L7.Balancing;
using Penstock.L7.Http1;
using Penstock.L7.Tls;
using Penstock.L7.Upstream;
using Penstock.Linux.Tls;
using Penstock.Model;
using Penstock.Model.L7;

namespace Penstock.L7.Runtime;

/// <summary>A cluster as of one snapshot; its cells hold what lives on from snapshot to snapshot.</summary>
internal sealed class CompiledCluster
{
    /// <summary>A cluster of a snapshot.</summary>
    /// <param name="config">As configured.</param>
    /// <param name="endpoints">Its endpoints.</param>
    /// <param name="cells">Its cells, one for each reactor.</param>
    /// <param name="version">Greater than that of every one before.</param>
    /// <param name="before">It in the snapshot before; null: it is new.</param>
    internal CompiledCluster(ClusterConfig config, ClusterEndpoints endpoints, ClusterCell[] cells, long version, CompiledCluster? before = null)
    {
        Config = config;
        Endpoints = endpoints;
        Cells = cells;
        Version = version;
        Set = EndpointSet.Compile(endpoints, config.Balancing, before?.Set);
        HeadLimits = new HeadLimits(config.Pool.ResponseHeaderBytes, config.Pool.ResponseHeaderBytes, config.Pool.ResponseHeaderCount);
        ConnectMilliseconds = (int)config.Timeouts.Connect.TotalMilliseconds;
        ResponseMilliseconds = (long)config.Timeouts.Response.TotalMilliseconds;
        BodyMilliseconds = (int)config.Timeouts.Body.TotalMilliseconds;
    }

    /// <summary>As configured.</summary>
    internal ClusterConfig Config { get; }

    /// <summary>TLS towards its endpoints; null: none.</summary>
    internal TlsClient? Tls { get; init; }

    /// <summary>Certificates of that whose end matters.</summary>
    internal ImmutableArray<WatchedCertificate> Certificates { get; init; } = [];

    /// <summary>Its endpoints and their states.</summary>
    internal ClusterEndpoints Endpoints { get; }

    /// <summary>The endpoints as the balancer sees them.</summary>
    internal EndpointSet Set { get; }

    /// <summary>One for each reactor.</summary>
    internal ClusterCell[] Cells { get; }

    /// <summary>Grows with each change; a cell takes a newer one over an older one only.</summary>
    internal long Version { get; }

    /// <summary>Limits of a response's head and trailers.</summary>
    internal HeadLimits HeadLimits { get; }

    /// <summary>Time for a connect.</summary>
    internal int ConnectMilliseconds { get; }

    /// <summary>Time from the end of the request to the head of the response.</summary>
    internal long ResponseMilliseconds { get; }

    /// <summary>Time between two moves of a body, either way.</summary>
    internal int BodyMilliseconds { get; }
}
