// SPDX-License-Identifier: Apache-2.0
using Penstock.L7.Http1;
using Penstock.L7.Upstream;

namespace Penstock.L7.Forwarding;

/// <content>The heads it writes, to either side.</content>
internal sealed partial class Exchange
{
    private bool TryWriteRequestHead(IEndpointStream upstream)
    {
        var listener = Listener;
        return upstream.TryWriteHead(Request, new RequestForwarding
        {
            Path = _path.AsSpan(0, _pathLength),
            Host = upstream.Pool.HostField,
            ClientAddress = _connection.PeerAddressText,
            Proto = _connection.Scheme,
            ClientCertificate = _connection.Certificate,
            OriginalHost = Request.Authority,
            PeerTrusted = _trusted,
            RequestId = RequestId(),
            ViaName = listener.ViaName,
            ContentType = WebRequestType(),
            Framing = RequestFraming,
            ContentLength = Request.ContentLength,
            KeepAlive = !upstream.IsLast,
            ExpectContinue = Request.ExpectContinue,
            Upgrade = Request.Upgrade,
            OpensWebSocket = _opensWebSocket,
            WebSocketKey = WebSocketKey(),
        });
    }

    private void WriteResponseHead(bool chunked, bool keep)
    {
        Span<byte> accept = stackalloc byte[WebSocketAcceptLength];
        var acceptLength = AnswerKey(accept);
        var framing = chunked ? BodyFraming.Chunked : IsLengthUntold ? BodyFraming.UntilClose : Response.Framing;
        _client.WriteHead(Response, new ResponseForwarding
        {
            ClientVersion = Request.Version,
            Framing = framing,
            ContentLength = _isWebResponse ? -1 : Response.EndsWithHead && !_client.IsMultiplexed ? 0 : Response.ContentLength,
            ContentType = _isWebResponse ? WebResponseType() : default,
            KeepAlive = keep,
            ViaName = Request.MethodKind == HttpMethodKind.Connect ? default : Listener.ViaName, // The answer to that is the proxy's own.
            Upgrade = acceptLength > 0 ? "websocket"u8 : Response.Status == 101 ? Response.Upgrade : default,
            WebSocketAccept = accept[..acceptLength],
            Date = _worker.Date.Now(),
            RequestId = RequestId(),
        });
    }

    /// <summary>A trusted peer's id if it sent one, else ours.</summary>
    private ReadOnlySpan<byte> RequestId() =>
        _trusted && Request.TryGet(KnownHeader.XRequestId, out var received) && !received.IsEmpty ? received : _requestId;
}
