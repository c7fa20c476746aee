// SPDX-License-Identifier: Apache-2.0
using Penstock.Model.Schema;

namespace Penstock.Model.L7;

/// <summary>Upper bounds on what one client may send or hold.</summary>
public sealed record ListenerLimits
{
    /// <summary>Bytes of a request line. Default 8 KiB (RFC 9112 section 3 asks for at least 8000).</summary>
    [Key("request_line")]
    [Unit(Unit.Bytes)]
    [Range("64B", "1MiB")]
    public int RequestLineBytes { get; init; } = 8 << 10;

    /// <summary>Bytes of the whole head, request line included. Default 32 KiB (Kestrel: MaxRequestHeadersTotalSize).</summary>
    [Key("headers")]
    [Unit(Unit.Bytes)]
    [Range("128B", "16MiB")]
    public int HeaderBytes { get; init; } = 32 << 10;

    /// <summary>Number of header fields. Default 100 (Kestrel: MaxRequestHeaderCount).</summary>
    [Range("1", "10000")]
    public int HeaderCount { get; init; } = 100;

    /// <summary>Bytes of a request body; null, the default: no limit (haproxy).</summary>
    [Key("body")]
    [Unit(Unit.Bytes)]
    [Range("0B", "1024TiB")]
    [Example("10MiB")]
    public long? BodyBytes { get; init; }

    /// <summary>Open connections on this listener over all reactors. Default 100,000: where they lie idle, 1 KiB each, some 100 MB (perf/l7).</summary>
    [Range("1", "10000000")]
    public int Connections { get; init; } = 100_000;

    /// <summary>Open connections of one client address on this listener; 0, the default: no limit (nginx has none without limit_conn).</summary>
    [Range("0", "10000000")]
    public int ConnectionsPerClient { get; init; }

    /// <summary>Requests on one connection, after which it is closed; 0, the default: no limit (haproxy has none; nginx: keepalive_requests, 1000).</summary>
    [Range("0", "1000000000")]
    public int RequestsPerConnection { get; init; }
}
