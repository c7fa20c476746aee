// SPDX-License-Identifier: Apache-2.0
using System.Runtime.InteropServices;

namespace Penstock.L7.Http1;

/// <summary>What the proxy decides about a response it forwards; the rest comes from the response's head.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly ref struct ResponseForwarding
{
    /// <summary>Version of the client's request, 10 or 11.</summary>
    public int ClientVersion { get; init; }

    /// <summary>How the body is sent on; never chunked to an HTTP/1.0 client.</summary>
    public BodyFraming Framing { get; init; }

    /// <summary>The Content-Length to send, with <see cref="BodyFraming.Length"/>, and with <see cref="BodyFraming.None"/> for HEAD and 304; -1: none.</summary>
    public long ContentLength { get; init; }

    /// <summary>Whether the client's connection is to be kept; said with <c>close</c>, or with <c>keep-alive</c> to HTTP/1.0.</summary>
    public bool KeepAlive { get; init; }

    /// <summary>The proxy's name in Via; empty: the response is its own, which has none.</summary>
    public ReadOnlySpan<byte> ViaName { get; init; }

    /// <summary>The protocol switched to, with 101; empty: none.</summary>
    public ReadOnlySpan<byte> Upgrade { get; init; }

    /// <summary>Sec-WebSocket-Accept, where an endpoint has opened a WebSocket on a stream for a client of HTTP/1.1: the status sent is 101, whatever was received. Empty: what was received is passed on.</summary>
    public ReadOnlySpan<byte> WebSocketAccept { get; init; }

    /// <summary>The time, for a response that has no Date (RFC 9110 section 6.6.1); see <see cref="HttpDate"/>.</summary>
    public ReadOnlySpan<byte> Date { get; init; }

    /// <summary>The Content-Type to send, in place of any received; trailers are part of the content then. Empty: what was received is passed on.</summary>
    public ReadOnlySpan<byte> ContentType { get; init; }

    /// <summary>The X-Request-Id to send, in place of any received; empty: what was received is passed on.</summary>
    public ReadOnlySpan<byte> RequestId { get; init; }
}
