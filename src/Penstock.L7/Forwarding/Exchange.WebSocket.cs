// SPDX-License-Identifier: Apache-2.0
using System.Buffers.Text;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text;
using Penstock.L7.Errors;
using Penstock.L7.Http1;
using Penstock.L7.Transport;

namespace Penstock.L7.Forwarding;

/// <content>
/// WebSockets of which one side has a stream of HTTP/2, or both have (RFC 8441). A handshake of keys is HTTP/1.1's alone: endpoints of it have theirs with the proxy where the client has a stream, and
/// clients of it where the endpoint has.
/// </content>
internal sealed partial class Exchange
{
    private const int WebSocketNonceBytes = 16;
    private const int WebSocketKeyLength = 24;
    private const int WebSocketAcceptLength = 28; // Of 20 bytes.

    private byte[] _webSocketKey = [];
    private bool _opensWebSocket;

    /// <summary>What follows the key in what is hashed (RFC 6455 section 1.3).</summary>
    private static ReadOnlySpan<byte> WebSocketId => "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"u8;

    private bool IsWebSocket => Ascii.EqualsIgnoreCase(Request.Upgrade, "websocket"u8);

    /// <summary>Whether the request asks for what can be opened on a stream: of a client of HTTP/1.1, with a key, which is answered here.</summary>
    private bool AsksForWebSocket => IsWebSocket
        && (Request.IsExtendedConnect || (Request.MethodKind == HttpMethodKind.Get && _requestBody.IsDone && Request.TryFind("sec-websocket-key"u8, out var key) && key.Length == WebSocketKeyLength));

    /// <summary>Whether the endpoint's response begins a tunnel: by 101, or on a stream by success.</summary>
    private bool BeginsTunnel => Response.Status == 101 || (_opensWebSocket && Response.Status < 300);

    /// <summary>What the client is told of a tunnel that begins, in its own version.</summary>
    private int TunnelStatus => (Response.Status, _client.IsMultiplexed) switch
    {
        (101, true) => 200,
        (_, false) when _opensWebSocket => 101,
        var (status, _) => status,
    };

    /// <summary>A fresh key for the endpoint; empty: the client speaks HTTP/1.1, or the endpoint HTTP/2, or the client asks for something else.</summary>
    private ReadOnlySpan<byte> WebSocketKey()
    {
        if (!Request.IsExtendedConnect || _opensWebSocket)
            return default;
        if (_webSocketKey.Length == 0)
            _webSocketKey = new byte[WebSocketKeyLength];
        Span<byte> nonce = stackalloc byte[WebSocketNonceBytes];
        RandomNumberGenerator.Fill(nonce);
        Base64.EncodeToUtf8(nonce, _webSocketKey, out _, out _);
        Request.DropFields("sec-websocket-key"u8);
        return _webSocketKey;
    }

    /// <summary>Whether the endpoint's response is one that the client may get: success would mean that the WebSocket is open.</summary>
    private ProxyError CheckWebSocket()
    {
        if (Response.Status == 101)
            return IsUpgradeAskedFor() && IsKeyAccepted() ? ProxyError.None : ProxyError.UpgradeFailed;
        return Response.Status < 300 ? ProxyError.UpgradeFailed : ProxyError.None;
    }

    /// <summary>The endpoint has answered, and opened none: the stream, which was left open for it, ends in order.</summary>
    [AsyncMethodBuilder(typeof(PooledTaskMethodBuilder))]
    private async ValueTask EndRefusedAsync()
    {
        var upstream = _upstream!; // Its response has just been relayed.
        upstream.EndSending();
        await upstream.Writer.FlushAsync();
    }

    private bool IsKeyAccepted()
    {
        Span<byte> expected = stackalloc byte[WebSocketAcceptLength];
        WriteAccept(_webSocketKey, expected);
        return Response.TryFind("sec-websocket-accept"u8, out var accepted) && accepted.SequenceEqual(expected);
    }

    /// <summary>Answers the key of a client of HTTP/1.1 whose WebSocket an endpoint has opened on a stream.</summary>
    /// <returns>Bytes written; 0: there is nothing to answer.</returns>
    private int AnswerKey(Span<byte> accept)
    {
        if (!_opensWebSocket || _client.IsMultiplexed || !BeginsTunnel || !Request.TryFind("sec-websocket-key"u8, out var key))
            return 0;
        WriteAccept(key, accept);
        return WebSocketAcceptLength;
    }

    private static void WriteAccept(ReadOnlySpan<byte> key, Span<byte> accept)
    {
        Span<byte> text = stackalloc byte[WebSocketKeyLength + WebSocketId.Length];
        key.CopyTo(text);
        WebSocketId.CopyTo(text[WebSocketKeyLength..]);
        Span<byte> hash = stackalloc byte[SHA1.HashSizeInBytes];
        SHA1.HashData(text, hash); // RFC 6455 section 4.2.2: it proves no more than that who answers means WebSockets.
        Base64.EncodeToUtf8(hash, accept, out _, out _);
    }
}
