// SPDX-License-Identifier: Apache-2.0
using System.Runtime.CompilerServices;
using Penstock.L7.Forwarding;
using Penstock.L7.Transport;

namespace Penstock.L7.Tls;

/// <summary>The begin of a client's connection to a listener with TLS.</summary>
internal static class TlsHandshake
{
    /// <summary>To a client that sent HTTP without TLS; what it asked for was not read.</summary>
    private static ReadOnlySpan<byte> PlainHttpAnswer =>
        "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 54\r\nConnection: close\r\n\r\nplain_http: This port speaks TLS: ask for it by https\n"u8;

    /// <summary>Agrees with the client, within the time that the connection's reader has left.</summary>
    /// <returns>How it ended; where they do not agree, the client has been told why as far as that can be.</returns>
    [AsyncMethodBuilder(typeof(PooledTaskMethodBuilder<>))]
    internal static async ValueTask<HandshakeResult> RunAsync(ClientConnection connection, TlsListener listener)
    {
        connection.Writer.Guard = connection.Reader.Guard;
        var tls = connection.Secure(listener.Context);
        var result = await tls.HandshakeAsync();
        if (result == HandshakeResult.PlainHttp)
            await tls.Writer.SendPlainAsync(PlainHttpAnswer);
        return result;
    }

    /// <summary>What ALPN has settled.</summary>
    internal static ApplicationProtocol ProtocolOf(TlsTransport tls) =>
        tls.Session.Protocol.SequenceEqual("h2"u8) ? ApplicationProtocol.Http2
        : tls.Session.Protocol.SequenceEqual("acme-tls/1"u8) ? ApplicationProtocol.AcmeTls
        : tls.Session.Protocol.IsEmpty ? ApplicationProtocol.Unsettled
        : ApplicationProtocol.Http11;
}
