// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Model.L7;

/// <summary>Upper bounds on what one client may send or hold.</summary>
public sealed record ListenerLimits
{
    /// <summary>Bytes of a request line. Default 8 KiB (RFC 9112 section 3 asks for at least 8000).</summary>
    public int RequestLineBytes { get; init; } = 8 << 10;

    /// <summary>Bytes of the whole head, request line included. Default 32 KiB (Kestrel: MaxRequestHeadersTotalSize).</summary>
    public int HeaderBytes { get; init; } = 32 << 10;

    /// <summary>Number of header fields. Default 100 (Kestrel: MaxRequestHeaderCount).</summary>
    public int HeaderCount { get; init; } = 100;

    /// <summary>Bytes of a request body; null, the default: no limit (haproxy).</summary>
    public long? BodyBytes { get; init; }

    /// <summary>Open connections on this listener over all reactors. Default 100,000.</summary>
    public int Connections { get; init; } = 100_000;

    /// <summary>Open connections of one client address on this listener; 0, the default: no limit.</summary>
    public int ConnectionsPerClient { get; init; }

    /// <summary>Requests on one connection, after which it is closed; 0, the default: no limit.</summary>
    public int RequestsPerConnection { get; init; }
}
