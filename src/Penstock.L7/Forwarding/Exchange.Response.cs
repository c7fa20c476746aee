// SPDX-License-Identifier: Apache-2.0
using System.Runtime.CompilerServices;
using Penstock.L7.Errors;
using Penstock.L7.Http1;
using Penstock.L7.Transport;
using Penstock.L7.Upstream;

namespace Penstock.L7.Forwarding;

/// <content>The endpoint's response on its way to the client.</content>
internal sealed partial class Exchange
{
    /// <summary>Bytes relayed in one turn of the reactor before other connections have theirs.</summary>
    private const long BytesPerTurn = 128 << 10;

    private bool _relaying;

    /// <summary>Whether the head that the client gets does not tell the length of the body.</summary>
    private bool IsLengthUntold => _isWebResponse || Response.Framing is BodyFraming.Chunked or BodyFraming.UntilClose;

    [AsyncMethodBuilder(typeof(PooledTaskMethodBuilder<>))]
    private async ValueTask<bool> RelayResponseAsync()
    {
        var upstream = _upstream!; // Set by ForwardAsync.
        OnResponseHead(Response.Status);
        BeginWebResponse();
        var keep = MayKeepClient();
        _responseBody.Start(upstream.FramingOf(Response), Response.ContentLength, _route!.Targets[_target].HeadLimits); // As there.
        var chunked = IsLengthUntold;
        if (chunked && Request.Version != 11)
        {
            chunked = false;
            keep = _client.IsMultiplexed;
        }

        WriteResponseHead(chunked, keep);
        _clientWriter.Guard.Between(Listener.BodyMilliseconds, LeastResponseRate);
        _relaying = true;
        ReleaseKept();
        if (!_responseBody.IsDone)
            await RelayBodyAsync(upstream, chunked);
        if (_error == ProxyError.None)
        {
            var trailers = _responseBody.Trailers ?? upstream.Trailers;
            WriteResponseEnd(chunked, trailers);
            if ((await _clientWriter.FlushAsync()).IsCompleted)
                _error = ClientError();
            else
                NoteStatus(trailers);
        }

        _relaying = false;
        return await SettleAsync(keep);
    }

    [AsyncMethodBuilder(typeof(PooledTaskMethodBuilder))]
    private async ValueTask RelayBodyAsync(IEndpointStream upstream, bool chunked)
    {
        upstream.Reader.Guard.Between(_route!.Targets[_target].BodyMilliseconds, bytesPerSecond: 0); // As above.
        var turnEnd = _responseBody.Bytes + BytesPerTurn;
        _inboundBulk.Start(mayPipe: !_isWebResponse && !chunked, isBulk: true);
        while (!_responseBody.IsDone && _error == ProxyError.None)
        {
            var move = await PassAsync(_responseBody, upstream.Reader, _clientWriter, _inboundBulk);
            if (move == SpliceOutcome.Gone)
            {
                _error = ClientError();
                return;
            }

            if (move == SpliceOutcome.Moved)
            {
                turnEnd = await TakeTurnsAsync(_responseBody, turnEnd);
                continue;
            }

            if (!upstream.Reader.TryRead(out var read))
            {
                if ((await _clientWriter.FlushAsync()).IsCompleted)
                {
                    _error = ClientError();
                    return;
                }

                read = await ReadBehindAsync(upstream.Reader, move);
            }

            if (read.IsCanceled)
            {
                _error = Cancelled(ProxyError.ConnectionReadTimeout);
                return;
            }

            var input = read.Buffer;
            _inboundBulk.OnRead(input.Length);
            while (_error == ProxyError.None && !_responseBody.IsDone)
            {
                var status = _responseBody.Read(ref input, out var data);
                if (status == ChunkStatus.NeedMore)
                    break;
                if (status == ChunkStatus.Rejected)
                    _error = RejectResponseBody();
                else if (status == ChunkStatus.Data && !await SendToClientAsync(data, chunked))
                    _error = ClientError();
            }

            upstream.Reader.AdvanceTo(input.Start, _responseBody.IsDone ? input.Start : read.Buffer.End);
            if (read.IsCompleted && !_responseBody.IsDone && _error == ProxyError.None)
                EndOfUpstream(upstream);
            turnEnd = await TakeTurnsAsync(_responseBody, turnEnd);
        }
    }

    /// <summary>The endpoint has closed: the end of a body that is framed so, unless it was a reset; otherwise too early.</summary>
    private void EndOfUpstream(IEndpointStream upstream)
    {
        if (_responseBody.EndsWithConnection && !upstream.IsBroken)
            _responseBody.EndWithConnection();
        else
            _error = upstream.Failure == ProxyError.ResponseRejected ? RejectResponse(upstream.Rejection) : ProxyError.ResponseIncomplete;
    }

    /// <summary>The response is over, well or not: decides what becomes of both connections.</summary>
    [AsyncMethodBuilder(typeof(PooledTaskMethodBuilder<>))]
    private async ValueTask<bool> SettleAsync(bool keep)
    {
        if (!_requestBody.IsDone || IsPumping || _pumpError == ProxyError.InternalError)
        {
            // The answer came before the request's end, or there was a defect: both connections are in the middle of something.
            keep = false;
            _client.ClosesEarly = true;
        }

        await StopPumpAsync();

        if (_error == ProxyError.None)
        {
            if (_opensWebSocket)
                await EndRefusedAsync();
            SettleUpstream();
        }
        else
        {
            keep = false;
            DropUpstream();
            if (_clientWriter.TotalSent == _responseStart && _clientWriter.TryDiscard())
                return await AnswerAsync();
            BreakOff();
            if (IsGrpc)
                await EndGrpcAsync();
        }

        Finish();
        return keep;
    }

    /// <summary>Part of the response is out and the rest will not come: the client must see that, not a short response.</summary>
    private void BreakOff()
    {
        // An end of the connection is how an HTTP/1.0 response without a length ends well: there, only a reset tells.
        if (!_responseBody.IsDone && IsLengthUntold && Request.Version < 11)
            _client.Abort();
    }

    private bool MayKeepClient() =>
        Request.KeepAlive && !_connection.EndsAfter(Listener);

    private ProxyError ClientError()
    {
        if (_interrupted != ProxyError.None)
            return _interrupted;
        return _clientWriter.TimedOut ? ProxyError.ResponseNotTaken : ProxyError.ClientClosed;
    }

    private ProxyError RejectResponseBody()
    {
        _rejection = _responseBody.Rejection;
        return ProxyError.ResponseRejected;
    }

    [AsyncMethodBuilder(typeof(PooledTaskMethodBuilder<>))]
    private async ValueTask<bool> RelayInterimAsync()
    {
        // HTTP/1.0 has no interim responses (RFC 9110 section 15.2).
        if (Request.Version < 11)
        {
            Response.Reset();
            return true;
        }

        _client.WriteInterim(Response, new ResponseForwarding { ClientVersion = Request.Version, ViaName = Listener.ViaName });
        Response.Reset();
        _clientWriter.Guard.Between(Listener.BodyMilliseconds, LeastResponseRate);
        return !(await _clientWriter.FlushAsync()).IsCompleted;
    }
}
