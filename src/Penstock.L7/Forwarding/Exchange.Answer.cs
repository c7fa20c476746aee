// SPDX-License-Identifier: Apache-2.0
using System.Runtime.CompilerServices;
using Penstock.L7.Errors;
using Penstock.L7.Grpc;
using Penstock.L7.Http1;
using Penstock.L7.Routing;
using Penstock.L7.Transport;

namespace Penstock.L7.Forwarding;

/// <content>Responses of the proxy's own.</content>
internal sealed partial class Exchange
{
    /// <summary>A request body up to here is read and thrown away after a local answer, to keep the connection. Bytes.</summary>
    private const long DiscardBytes = 256 << 10;

    private static readonly byte[] PlainText = "text/plain; charset=utf-8"u8.ToArray();

    /// <summary>Answers with what the route says, or with an error; closes where there is nobody to answer.</summary>
    /// <returns>Whether the client's connection takes another request.</returns>
    [AsyncMethodBuilder(typeof(PooledTaskMethodBuilder<>))]
    internal async ValueTask<bool> AnswerAsync()
    {
        var status = StatusOf(_error);
        if (status == 0 || _client.IsBroken)
        {
            if (_error == ProxyError.None)
                _error = ProxyError.ClientClosed;
            Finish();
            _client.Abort();
            return false;
        }

        if (_error != ProxyError.None && IsGrpc)
        {
            _grpcStatus = GrpcStatuses.Of(_error, status);
            status = 200;
        }

        if (Request.MethodKind == HttpMethodKind.Connect)
            _client.ClosesEarly = true; // What follows was meant for the tunnel: whoever wrote it must not have it taken for requests.
        var keep = MayKeepClient() && MayKeepAfter(_error) && !_client.ClosesEarly;
        OnResponseHead(status);
        _clientWriter.Guard.Between(Listener.BodyMilliseconds, LeastResponseRate);
        if (!_requestBody.IsDone)
        {
            // What the client waits for before it sends the body is this answer, so the body will not come. One for which there is no time left is not read either.
            keep &= _interrupted == ProxyError.None && !Request.ExpectContinue && !_client.IsMultiplexed && !(_requestBody.Remaining > DiscardBytes);
            _client.ClosesEarly = !keep;
        }

        WriteAnswer(status, keep);
        var flushed = await _clientWriter.FlushAsync();
        if (flushed.IsCompleted && _error == ProxyError.None)
            _error = ClientError();
        if (flushed.IsCompleted)
        {
            keep = false;
            _grpcStatus = null; // Nobody was told.
        }

        if (keep && !_requestBody.IsDone)
            keep = await DiscardBodyAsync();
        Finish();
        return keep;
    }

    private int StatusOf(ProxyError error)
    {
        if (error == ProxyError.None)
            return _route!.Route.Redirect?.Status ?? _route.Route.Respond!.Status; // A route without clusters has one of the two.
        return IsMalformed ? 0 : error == ProxyError.RequestRejected ? _rejection.Status() : ProxyErrors.Of(error).Status;
    }

    /// <summary>Whether the connection's bytes are still understood after an error.</summary>
    private static bool MayKeepAfter(ProxyError error) =>
        error is ProxyError.None || (ProxyErrors.Of(error).Fault != Fault.Client && error != ProxyError.ShuttingDown)
        || error is ProxyError.NoRoute or ProxyError.MethodNotAllowed or ProxyError.BadPath;

    private void WriteAnswer(int status, bool keep)
    {
        var route = _error == ProxyError.None ? _route?.Route : null;
        Span<byte> allow = stackalloc byte[256];
        var allowLength = _error == ProxyError.MethodNotAllowed && _worker.Paths.TryNormalize(Request.Path, out var path)
            ? Listener.WriteAllowed(Request.Host, path.Match, allow) : 0;
        var body = route?.Respond is { } respond ? respond.Body.Span : route is null ? OwnContent() : default;
        var headOnly = Request.MethodKind == HttpMethodKind.Head;
        _ownBytes = headOnly ? 0 : body.Length;
        _client.WriteAnswer(new LocalAnswer
        {
            Status = status,
            ContentType = route?.Respond is { } fixedResponse ? fixedResponse.ContentType.Span : _grpcStatus is null ? PlainText : IsWeb ? WebResponseType() : GrpcFields.ContentType,
            Body = body,
            HeadOnly = headOnly,
            ClientVersion = Request.Version,
            KeepAlive = keep,
            Date = _worker.Date.Now(),
            ProxyStatus = _error == ProxyError.None ? default : ProxyStatusOf(_error),
            Location = route?.Redirect is { } redirect ? Location(redirect) : default,
            Allow = allow[..allowLength],
            RequestId = _headTicks == 0 ? default : RequestId(),
            GrpcStatus = _grpcStatus is { } ended && !IsWeb ? ended.Number() : default,
            GrpcMessage = _grpcStatus is null || IsWeb ? default : GrpcMessage(),
        });
    }

    /// <summary>What an error's response has for content: a line of text, or what calls get, which is none but for gRPC-Web.</summary>
    private ReadOnlySpan<byte> OwnContent()
    {
        if (_grpcStatus is not { } status)
            return ErrorText();
        return IsWeb ? WebError(status) : default;
    }

    private ReadOnlySpan<byte> Location(RedirectTarget redirect)
    {
        var path = ForwardPath();
        var authority = Request.Authority.IsEmpty && redirect.NeedsHost ? _connection.LocalHost() : Request.Authority;
        var needed = redirect.MaxLength(authority.Length + path.Length + Request.Query.Length);
        if (_location.Length < needed)
            _location = new byte[needed];
        return _location.AsSpan(0, redirect.Write(_connection.Scheme, authority, path, Request.Query, _location));
    }

    private ReadOnlySpan<byte> ProxyStatusOf(ProxyError error) =>
        error is ProxyError.RequestRejected or ProxyError.ResponseRejected
            ? _worker.RejectionTexts.FieldOf(Listener.ProxyStatus, error, _rejection)
            : Listener.ProxyStatus.Value(error);

    /// <summary>One line that says what happened.</summary>
    private byte[] ErrorText() => _worker.RejectionTexts.BodyOf(_error, _rejection);

    [AsyncMethodBuilder(typeof(PooledTaskMethodBuilder<>))]
    private async ValueTask<bool> DiscardBodyAsync()
    {
        _clientReader.Guard.Between(Listener.BodyMilliseconds, LeastRequestRate);
        while (!_requestBody.IsDone)
        {
            var read = await _clientReader.ReadAsync();
            if (read.IsCanceled)
            {
                _client.ClosesEarly = true;
                return false;
            }

            var input = read.Buffer;
            var status = ChunkStatus.Data;
            while (status == ChunkStatus.Data && !_requestBody.IsDone)
                status = _requestBody.Read(ref input, out _);
            _clientReader.AdvanceTo(input.Start, _requestBody.IsDone ? input.Start : read.Buffer.End);
            if (status == ChunkStatus.Rejected || _requestBody.Bytes > DiscardBytes || (read.IsCompleted && !_requestBody.IsDone))
            {
                _client.ClosesEarly = true;
                return false;
            }
        }

        return true;
    }
}
