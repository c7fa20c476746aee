// SPDX-License-Identifier: Apache-2.0
using System.Buffers;
using System.Buffers.Text;
using System.Runtime.CompilerServices;
using Penstock.L7.Errors;
using Penstock.L7.Grpc;
using Penstock.L7.Http1;
using Penstock.L7.Transport;
using Penstock.L7.Upstream;
using Penstock.Model.L7;

namespace Penstock.L7.Forwarding;

/// <content>Calls of gRPC-Web, which are calls of gRPC to endpoints that speak HTTP/2: types, base64, and trailers, which go behind the content as a frame of it.</content>
internal sealed partial class Exchange
{
    private readonly GrpcWebText _webText = new();
    private GrpcWebCoding _web;
    private GrpcWebCoding _webAnswer;
    private bool _isWebResponse;
    private TrailerSection? _webStatus;
    private GrpcMessageBounds _webBounds;
    private byte[] _webType = [];

    /// <summary>Whether the request is translated.</summary>
    private bool IsWeb => _web != GrpcWebCoding.None;

    /// <summary>How the body is framed for the endpoint: base64 does not tell the length of what it codes.</summary>
    private BodyFraming RequestFraming => _web == GrpcWebCoding.Text && Request.Framing == BodyFraming.Length ? BodyFraming.Chunked : Request.Framing;

    private void BeginWeb()
    {
        _web = _webAnswer = GrpcWebCoding.None;
        _isWebResponse = false;
        _webStatus = null;
    }

    /// <summary>The head is there: finds out whether it is a call of gRPC-Web.</summary>
    private void FindWeb()
    {
        if (!Listener.Config.GrpcWeb)
            return;
        _web = GrpcWeb.CodingOf(Request);
        _webAnswer = GrpcWeb.AnswerCodingOf(Request, _web);
    }

    /// <summary>The cluster is known: to endpoints of HTTP/1.1, which may speak gRPC-Web themselves, the call goes as it came.</summary>
    private void SettleWeb()
    {
        if (_route!.Targets[_target].Config.Protocol != UpstreamProtocol.H2) // Called with a target.
            _web = GrpcWebCoding.None;
    }

    /// <summary>Content-Type for the endpoint; empty: as it came.</summary>
    private ReadOnlySpan<byte> WebRequestType() => IsWeb ? WebType(GrpcFields.ContentType, GrpcWeb.MessagesOf(Request)) : default;

    /// <summary>Content-Type for the client of a call that is translated.</summary>
    private ReadOnlySpan<byte> WebResponseType()
    {
        var messages = _isWebResponse ? GrpcWeb.MessagesOf(Response) : default;
        return WebType(_webAnswer == GrpcWebCoding.Text ? GrpcWeb.TextContentType : GrpcWeb.ContentType, messages.IsEmpty ? GrpcWeb.MessagesOf(Request) : messages);
    }

    private ReadOnlySpan<byte> WebType(ReadOnlySpan<byte> type, ReadOnlySpan<byte> messages)
    {
        var length = type.Length + messages.Length;
        if (_webType.Length < length)
            _webType = new byte[length];
        type.CopyTo(_webType);
        messages.CopyTo(_webType.AsSpan(type.Length));
        return _webType.AsSpan(0, length);
    }

    /// <summary>The content of a response of the proxy's own: a status, and nothing before it.</summary>
    private ReadOnlySpan<byte> WebError(GrpcStatus status)
    {
        var trailers = GrpcFields.Trailers(status, GrpcMessage());
        var frame = new byte[Base64.GetMaxEncodedToUtf8Length(GrpcWeb.MaxLength(trailers))];
        return frame.AsSpan(0, WriteWebTrailers(frame, trailers));
    }

    /// <summary>Sends a piece of the request's body.</summary>
    /// <returns>False when the receiver is gone, or the piece is none.</returns>
    private ValueTask<bool> SendToEndpointAsync(IEndpointStream upstream, in ReadOnlySequence<byte> data) =>
        _web == GrpcWebCoding.Text ? SendDecodedAsync(upstream, data) : SendPieceAsync(upstream.Writer, data, SendsChunked && !upstream.IsMultiplexed);

    [AsyncMethodBuilder(typeof(PooledTaskMethodBuilder<>))]
    private async ValueTask<bool> SendDecodedAsync(IEndpointStream upstream, ReadOnlySequence<byte> data)
    {
        var room = ArrayPool<byte>.Shared.Rent(GrpcWebText.MaxDecodedLength(data.Length));
        var length = _webText.Decode(data, room);
        if (length < 0)
            _pumpError = RejectText();
        var open = length == 0
            || (length > 0 && await SendPieceAsync(upstream.Writer, new ReadOnlySequence<byte>(room, 0, length), SendsChunked && !upstream.IsMultiplexed));
        ArrayPool<byte>.Shared.Return(room);
        return open;
    }

    /// <summary>The request's body is over: base64 must be, too.</summary>
    private void EndText()
    {
        if (_web == GrpcWebCoding.Text && !_webText.IsWhole && !_stopPump && _pumpError == ProxyError.None)
            _pumpError = RejectText();
    }

    private ProxyError RejectText()
    {
        _rejection = RejectReason.GrpcWebTextMalformed;
        return ProxyError.RequestRejected;
    }

    /// <summary>The head of the endpoint's response is there: finds out whether it is the answer to a call.</summary>
    private void BeginWebResponse()
    {
        _isWebResponse = IsWeb && Response.Status == 200 && GrpcFields.IsCall(Response);
        if (!_isWebResponse)
            return;
        _webStatus = GrpcWeb.TakeStatus(Response);
        _webBounds = default;
    }

    /// <summary>Sends a piece of the response's body.</summary>
    /// <returns>False when the receiver is gone.</returns>
    private ValueTask<bool> SendToClientAsync(in ReadOnlySequence<byte> data, bool chunked)
    {
        if (!_isWebResponse)
            return SendPieceAsync(_clientWriter, data, chunked);
        _webBounds.Follow(data);
        return _webAnswer == GrpcWebCoding.Text ? SendEncodedAsync(data, chunked) : SendPieceAsync(_clientWriter, data, chunked);
    }

    [AsyncMethodBuilder(typeof(PooledTaskMethodBuilder<>))]
    private async ValueTask<bool> SendEncodedAsync(ReadOnlySequence<byte> data, bool chunked)
    {
        var room = ArrayPool<byte>.Shared.Rent(GrpcWebText.MaxEncodedLength(data));
        var length = GrpcWebText.Encode(data, room);
        var open = await SendPieceAsync(_clientWriter, new ReadOnlySequence<byte>(room, 0, length), chunked);
        ArrayPool<byte>.Shared.Return(room);
        return open;
    }

    /// <summary>Writes what ends the response; trailers of a call that is translated become the last frame of its content, and are told in no other way.</summary>
    private void WriteResponseEnd(bool chunked, TrailerSection? trailers)
    {
        if (_isWebResponse)
        {
            trailers ??= _webStatus;
            var room = ArrayPool<byte>.Shared.Rent(Base64.GetMaxEncodedToUtf8Length(GrpcWeb.MaxLength(trailers)));
            BodyWriter.Append(_clientWriter, new ReadOnlySequence<byte>(room, 0, WriteWebTrailers(room, trailers)), chunked);
            ArrayPool<byte>.Shared.Return(room);
        }

        _client.WriteEnd(chunked, IsWeb ? null : trailers);
    }

    /// <summary>Writes the frame of trailers in the client's coding.</summary>
    private int WriteWebTrailers(Span<byte> to, TrailerSection? trailers)
    {
        var length = GrpcWeb.WriteTrailers(to, trailers);
        if (_webAnswer == GrpcWebCoding.Text)
            Base64.EncodeToUtf8InPlace(to, length, out length);
        return length;
    }
}
