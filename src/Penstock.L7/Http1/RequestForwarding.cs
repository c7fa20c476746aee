// SPDX-License-Identifier: Apache-2.0
using System.Runtime.InteropServices;

namespace Penstock.L7.Http1;

/// <summary>What the proxy decides about a request it forwards; the rest comes from the request's head.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly ref struct RequestForwarding
{
    /// <summary>A path in place of the one received, without query; empty: the one received.</summary>
    public ReadOnlySpan<byte> Path { get; init; }

    /// <summary>The Host to send; empty: the one asked for.</summary>
    public ReadOnlySpan<byte> Host { get; init; }

    /// <summary>The peer's address as text, for X-Forwarded-For; empty (a Unix socket): the field is only passed on.</summary>
    public ReadOnlySpan<byte> ClientAddress { get; init; }

    /// <summary><c>http</c> or <c>https</c>, for X-Forwarded-Proto.</summary>
    public ReadOnlySpan<byte> Proto { get; init; }

    /// <summary>The client's certificate, for X-Forwarded-Client-Cert; empty: the field is only passed on, from a trusted peer.</summary>
    public ReadOnlySpan<byte> ClientCertificate { get; init; }

    /// <summary>The host the client asked for, for X-Forwarded-Host; empty: the field is not added.</summary>
    public ReadOnlySpan<byte> OriginalHost { get; init; }

    /// <summary>Whether the peer's X-Forwarded-* and Forwarded are believed: For is appended to, the others are kept. If not, all are replaced or removed.</summary>
    public bool PeerTrusted { get; init; }

    /// <summary>The X-Request-Id to send, in place of any received; empty: none.</summary>
    public ReadOnlySpan<byte> RequestId { get; init; }

    /// <summary>The proxy's name in Via.</summary>
    public ReadOnlySpan<byte> ViaName { get; init; }

    /// <summary>The Content-Type to send, in place of any received, of a call of gRPC, which takes trailers; empty: what was received is passed on.</summary>
    public ReadOnlySpan<byte> ContentType { get; init; }

    /// <summary>How the body is sent on.</summary>
    public BodyFraming Framing { get; init; }

    /// <summary>Bytes of the body, when <see cref="Framing"/> says so.</summary>
    public long ContentLength { get; init; }

    /// <summary>Whether the connection to the endpoint is to be kept.</summary>
    public bool KeepAlive { get; init; }

    /// <summary>Whether <c>Expect: 100-continue</c> is sent on, as RFC 9110 section 10.1.1 asks of a proxy that does not answer it itself.</summary>
    public bool ExpectContinue { get; init; }

    /// <summary>The protocols of Upgrade; empty: none.</summary>
    public ReadOnlySpan<byte> Upgrade { get; init; }

    /// <summary>Whether it opens a WebSocket on a stream of HTTP/2 (RFC 8441 section 5): it is sent as extended CONNECT, and what follows it is no content.</summary>
    public bool OpensWebSocket { get; init; }

    /// <summary>Sec-WebSocket-Key, for an endpoint of HTTP/1.1 whose client has none (RFC 8441); empty: what was received is passed on.</summary>
    public ReadOnlySpan<byte> WebSocketKey { get; init; }
}
