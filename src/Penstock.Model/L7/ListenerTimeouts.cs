// SPDX-License-Identifier: Apache-2.0
using Penstock.Model.Schema;

namespace Penstock.Model.L7;

/// <summary>How long a client may take.</summary>
public sealed record ListenerTimeouts
{
    /// <summary>From the first byte of a head (or the accept) to its end. Default 60 s (nginx: client_header_timeout).</summary>
    [Range("1ms", "24h")]
    public TimeSpan Header { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Between two reads of a request body or two writes of a response. Default 60 s (nginx: client_body_timeout, send_timeout).</summary>
    [Range("1ms", "24h")]
    public TimeSpan Body { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Between two requests on one connection. Default 75 s (nginx: keepalive_timeout).</summary>
    [Range("1ms", "24h")]
    public TimeSpan Idle { get; init; } = TimeSpan.FromSeconds(75);

    /// <summary>The whole of one request, from its head to the last byte of its response; null, the default: no limit (nginx and haproxy have none).</summary>
    [Range("1ms", "24h")]
    [Example("5m")]
    public TimeSpan? Request { get; init; }

    /// <summary>Least mean rate of a request body after a grace of 5 s, bytes per second. Default 240 (Kestrel: MinRequestBodyDataRate). Streams of HTTP/2 whose client is waited for at once share the time; calls of gRPC between two messages are not asked.</summary>
    [Key("min_request_rate")]
    [Unit(Unit.BytesPerSecond)]
    [Range("0B/s", "1GiB/s")]
    public int MinRequestBytesPerSecond { get; init; } = 240;

    /// <summary>Least mean rate at which a client takes a response after a grace of 5 s, bytes per second. Default 240 (Kestrel: MinResponseDataRate). A stream of HTTP/2 is asked while its own window is shut, a connection of it while its window is, or while it is not read.</summary>
    [Key("min_response_rate")]
    [Unit(Unit.BytesPerSecond)]
    [Range("0B/s", "1GiB/s")]
    public int MinResponseBytesPerSecond { get; init; } = 240;
}
