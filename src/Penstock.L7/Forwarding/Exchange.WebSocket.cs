// SPDX-License-Identifier: Apache-2.0
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Penstock.L7.Errors;

namespace Penstock.L7.Forwarding;

/// <content>WebSockets that clients open on streams of HTTP/2 (RFC 8441): endpoints get an upgrade of HTTP/1.1, whose handshake is between them and the proxy.</content>
internal sealed partial class Exchange
{
    private const int WebSocketNonceBytes = 16;
    private const int WebSocketKeyLength = 24;

    private byte[] _webSocketKey = [];

    /// <summary>What follows the key in what is hashed (RFC 6455 section 1.3).</summary>
    private static ReadOnlySpan<byte> WebSocketId => "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"u8;

    private bool IsWebSocket => Ascii.EqualsIgnoreCase(Request.Upgrade, "websocket"u8);

    /// <summary>A fresh key for the endpoint; empty: the client speaks HTTP/1.1, or asks for something else.</summary>
    private ReadOnlySpan<byte> WebSocketKey()
    {
        if (!Request.IsExtendedConnect)
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

    private bool IsKeyAccepted()
    {
        Span<byte> text = stackalloc byte[WebSocketKeyLength + WebSocketId.Length];
        _webSocketKey.CopyTo(text);
        WebSocketId.CopyTo(text[WebSocketKeyLength..]);
        Span<byte> hash = stackalloc byte[SHA1.HashSizeInBytes];
        SHA1.HashData(text, hash); // RFC 6455 section 4.2.2: it proves no more than that the endpoint means WebSockets.
        Span<byte> expected = stackalloc byte[28]; // Of 20 bytes.
        Base64.EncodeToUtf8(hash, expected, out _, out _);
        return Response.TryFind("sec-websocket-accept"u8, out var accepted) && accepted.SequenceEqual(expected);
    }
}
