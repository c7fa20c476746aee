// SPDX-License-Identifier: Apache-2.0
using Penstock.Model.Schema;

namespace Penstock.Model.L7;

/// <summary>HTTP/2 at a listener.</summary>
public sealed record Http2Config
{
    /// <summary>Whether clients may speak it: by ALPN over TLS, and without TLS by beginning with its preface (RFC 9113 section 3.3), as haproxy and Envoy take it. Default true.</summary>
    public bool Enabled { get; init; } = true;

    /// <summary>Streams a client may have open at once on a connection; more are refused. Default 100 (RFC 9113 section 6.5.2 recommends no less; Envoy's edge: 100).</summary>
    [Range("1", "10000")]
    public int ConcurrentStreams { get; init; } = 100;

    /// <summary>Bytes of a request body that a client may send before they are forwarded; no less than it may send before it knows of this. Default 64 KiB (nginx: http2_body_preread_size; Envoy's edge: initial_stream_window_size).</summary>
    [Key("stream_window")]
    [Unit(Unit.Bytes)]
    [Range("64KiB", "16MiB")]
    public int StreamWindowBytes { get; init; } = 64 << 10;

    /// <summary>The same for all streams of a connection together, which bounds its memory. Default 1 MiB (Kestrel: InitialConnectionWindowSize; Envoy's edge: initial_connection_window_size).</summary>
    [Key("connection_window")]
    [Unit(Unit.Bytes)]
    [Range("64KiB", "1GiB")]
    public int ConnectionWindowBytes { get; init; } = 1 << 20;

    /// <summary>Whether clients may open WebSockets on streams (extended CONNECT, RFC 8441), which endpoints of HTTP/1.1 get as upgrades. Default false: it is not announced, and refused (Envoy: allow_connect).</summary>
    public bool ExtendedConnect { get; init; }
}
