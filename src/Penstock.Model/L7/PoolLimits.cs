// SPDX-License-Identifier: Apache-2.0
using Penstock.Model.Schema;

namespace Penstock.Model.L7;

/// <summary>Bounds on connections to one cluster's endpoints.</summary>
public sealed record PoolLimits
{
    /// <summary>Unused connections kept to one endpoint by one reactor, until <c>timeouts.idle</c>. Default 4096, all there may be (Envoy keeps all too).</summary>
    [Range("0", "1000000")]
    public int MaxIdle { get; init; } = 4096;

    /// <summary>Connections to one endpoint by one reactor; beyond, requests are answered 503. Default 4096 (four times what Envoy lets a whole cluster have: max_connections, 1024).</summary>
    [Range("1", "1000000")]
    public int MaxConnections { get; init; } = 4096;

    /// <summary>Requests over one connection before it is closed; 0, the default: no limit (Envoy: max_requests_per_connection).</summary>
    [Range("0", "1000000000")]
    public int MaxRequests { get; init; }

    /// <summary>HTTP/2: requests at once over one connection, or fewer where the endpoint says so; then another one is opened. Default 100 (haproxy: tune.h2.be.max-concurrent-streams).</summary>
    [Range("1", "10000")]
    public int MaxStreams { get; init; } = 100;

    /// <summary>HTTP/2: bytes of a response that an endpoint may send before the client takes them. Default 64 KiB (haproxy: tune.h2.be.initial-window-size).</summary>
    [Key("stream_window")]
    [Unit(Unit.Bytes)]
    [Range("64KiB", "16MiB")]
    public int StreamWindowBytes { get; init; } = 64 << 10;

    /// <summary>Bytes of a response head. Default 64 KiB (.NET: SocketsHttpHandler.MaxResponseHeadersLength).</summary>
    [Key("response_headers")]
    [Unit(Unit.Bytes)]
    [Range("128B", "16MiB")]
    public int ResponseHeaderBytes { get; init; } = 64 << 10;

    /// <summary>Number of response header fields. Default 200 (twice Envoy's max_headers_count).</summary>
    [Range("1", "10000")]
    public int ResponseHeaderCount { get; init; } = 200;
}
