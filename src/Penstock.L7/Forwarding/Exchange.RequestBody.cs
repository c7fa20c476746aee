// SPDX-License-Identifier: Apache-2.0
using System.Buffers;
using System.Runtime.CompilerServices;
using Penstock.L7.Errors;
using Penstock.L7.Grpc;
using Penstock.L7.Http1;
using Penstock.L7.Transport;
using Penstock.L7.Upstream;
using Penstock.Linux.Reactors;

namespace Penstock.L7.Forwarding;

/// <content>The request's body on its way to the endpoint, beside the wait for the response.</content>
internal sealed partial class Exchange
{
    /// <summary>Bytes of a body that are kept until the response begins, to be sent again where the endpoint did not begin on the request: a message of gRPC is mostly shorter.</summary>
    private const int MaxKeptBytes = 16 << 10;

    private byte[] _kept = [];
    private int _keptBytes;
    private bool _resending;
    private bool _stopPump;
    private bool _followsCalls;
    private GrpcMessageBounds _callBounds;
    private ProxyError _pumpError;

    /// <summary>Whether the body is on its way: after a defect this may outlast the request.</summary>
    internal bool IsPumping { get; private set; }

    /// <summary>Whether the length of the body is not told beforehand: the endpoint gets it in chunks, where nothing else frames it.</summary>
    private bool SendsChunked => RequestFraming == BodyFraming.Chunked;

    /// <summary>Whether the client is known to have more of the body to send: it may have no other message of a call yet (gRPC), and may wait to be told to send (Expect: 100-continue).</summary>
    private bool OwesBody => _followsCalls ? !_callBounds.IsBetween : !Request.ExpectContinue || _requestBody.Bytes > 0;

    /// <summary>Whether the client has kept the proxy waiting, too slow for its listener.</summary>
    internal bool IsClientSlow => _error == ProxyError.ResponseNotTaken || (_error == ProxyError.RequestBodyTimeout && OwesBody);

    private void StartPump()
    {
        _followsCalls = IsGrpc && !IsWeb;
        IsPumping = true;
        _stopPump = false;
        _pumpError = ProxyError.None;
        _webText.Start();
        _clientReader.LargeBlocks = true;
        _clientReader.Guard.Between(Listener.BodyMilliseconds, LeastRequestRate);
        _pump = PumpAsync(_upstream!); // Called with a connection.
    }

    /// <summary>Ends the pump if it still runs, as the response is over or failed, and takes its result.</summary>
    [AsyncMethodBuilder(typeof(PooledTaskMethodBuilder))]
    private async ValueTask StopPumpAsync()
    {
        EndPump();
        var pump = _pump;
        _pump = default;
        await pump;
    }

    private void EndPump()
    {
        if (!IsPumping)
            return;
        _stopPump = true;
        if (_clientReader.IsWaiting)
            _clientReader.CancelPendingRead();
        _upstream?.Writer.CancelPendingFlush();
    }

    [AsyncMethodBuilder(typeof(PooledTaskMethodBuilder))]
    private async ValueTask PumpAsync(IEndpointStream upstream)
    {
        try
        {
            await PumpPiecesAsync(upstream);
        }
        catch (Exception e)
        {
            // The catch-all of a pump: whoever awaits the response must hear of a defect here. What was taken of the body may still be buffered, too: nothing there is to be taken for a request.
            _worker.OnDefect(e);
            _pumpError = ProxyError.InternalError;
            _client.ClosesEarly = true;
        }

        await EndPumpAsync(upstream);
    }

    [AsyncMethodBuilder(typeof(PooledTaskMethodBuilder))]
    private async ValueTask PumpPiecesAsync(IEndpointStream upstream)
    {
        var turnEnd = BytesPerTurn;
        if (_keptBytes > 0 && !await ResendAsync(upstream))
            return;
        _outboundBulk.Start(mayPipe: _web == GrpcWebCoding.None && !SendsChunked, isBulk: true);
        while (!_requestBody.IsDone && _pumpError == ProxyError.None && !_stopPump)
        {
            var move = await PassAsync(_requestBody, _clientReader, upstream.Writer, _outboundBulk);
            if (move == SpliceOutcome.Gone)
                break;
            if (move == SpliceOutcome.Moved)
            {
                turnEnd = await TakeTurnsAsync(_requestBody, turnEnd);
                continue;
            }

            if (!_clientReader.TryRead(out var read))
            {
                if ((await upstream.Writer.FlushAsync()).IsCompleted)
                    break;
                if (_stopPump)
                    break;
                _clientReader.Guard.IsOwed = OwesBody;
                read = await ReadBehindAsync(_clientReader, move);
            }

            if (read.IsCanceled)
            {
                // Stopped, interrupted, or too slow: the first two speak for themselves.
                if (!_stopPump && _interrupted == ProxyError.None)
                    _pumpError = ProxyError.RequestBodyTimeout;
                break;
            }

            var input = read.Buffer;
            _outboundBulk.OnRead(input.Length);
            var open = true;
            while (open && !_requestBody.IsDone)
            {
                var status = _requestBody.Read(ref input, out var data);
                if (status == ChunkStatus.NeedMore)
                    break;
                if (status == ChunkStatus.Rejected)
                    _pumpError = RejectBody();
                else if (_requestBody.Bytes > Listener.Config.Limits.BodyBytes)
                    _pumpError = ProxyError.RequestBodyTooLarge;
                if (_pumpError != ProxyError.None)
                    break;
                if (status != ChunkStatus.Data)
                    continue;
                if (_followsCalls)
                    _callBounds.Follow(data);
                if (upstream.IsMultiplexed)
                    Keep(data);
                open = await SendToEndpointAsync(upstream, data);
            }

            // A sequence that was used up points to its end, which is what was examined.
            _clientReader.AdvanceTo(input.Start, _requestBody.IsDone ? input.Start : read.Buffer.End);
            if (!open)
                break;
            turnEnd = await TakeTurnsAsync(_requestBody, turnEnd);

            if (read.IsCompleted && !_requestBody.IsDone && _pumpError == ProxyError.None)
                EndOfClient();
        }
    }

    [AsyncMethodBuilder(typeof(PooledTaskMethodBuilder))]
    private async ValueTask EndPumpAsync(IEndpointStream upstream)
    {
        if (_requestBody.IsDone)
            EndText();
        if (_requestBody.IsDone && !_stopPump && _pumpError == ProxyError.None)
        {
            upstream.WriteEnd(SendsChunked, _requestBody.Trailers ?? _client.Trailers);
            await upstream.Writer.FlushAsync();
        }

        IsPumping = false;
        if (_stopPump)
            return;
        if (upstream.Writer.TimedOut)
            _pumpError = ProxyError.ConnectionWriteTimeout;
        if (_pumpError != ProxyError.None)
        {
            upstream.Reader.CancelPendingRead();
        }
        else if (!_relaying)
        {
            // From now on the endpoint owes the response, even if it took only part of the request.
            upstream.Reader.Guard.Until(_worker.Reactor.Now + _route!.Targets[_target].ResponseMilliseconds); // Forwarding routes have targets.
            upstream.Reader.RestartWait();
        }
    }

    /// <summary>Sends what was kept of the body.</summary>
    /// <returns>False when the receiver is gone.</returns>
    [AsyncMethodBuilder(typeof(PooledTaskMethodBuilder<>))]
    private async ValueTask<bool> ResendAsync(IEndpointStream upstream)
    {
        _resending = true;
        var open = await SendToEndpointAsync(upstream, new ReadOnlySequence<byte>(_kept, 0, _keptBytes));
        _resending = false;
        if (_relaying)
            ReleaseKept();
        return open;
    }

    /// <summary>Keeps a piece of the body, as long as all of it is kept and may be wanted again.</summary>
    private void Keep(in ReadOnlySequence<byte> data)
    {
        if (_relaying || _requestBody.Bytes > MaxKeptBytes || _keptBytes + data.Length != _requestBody.Bytes)
        {
            ReleaseKept();
            return;
        }

        if (_kept.Length == 0)
            _kept = ArrayPool<byte>.Shared.Rent(MaxKeptBytes);
        data.CopyTo(_kept.AsSpan(_keptBytes));
        _keptBytes = (int)_requestBody.Bytes;
    }

    /// <summary>Lets go what was kept, unless it is being sent from where it lies.</summary>
    private void ReleaseKept()
    {
        if (_resending)
            return;
        if (_kept.Length > 0)
            ArrayPool<byte>.Shared.Return(_kept);
        _kept = [];
        _keptBytes = 0;
    }

    /// <summary>The client sends no more: the end of a body that is framed so, otherwise too early.</summary>
    private void EndOfClient()
    {
        if (_requestBody.EndsWithConnection && !_client.IsBroken)
            _requestBody.EndWithConnection();
        else
            _pumpError = _client.IsBroken ? ProxyError.ClientClosed : ProxyError.RequestIncomplete; // A read may learn of a reset before epoll reports it.
    }

    private ProxyError RejectBody()
    {
        _rejection = _requestBody.Rejection;
        return ProxyError.RequestRejected;
    }

    /// <summary>Buffers a small piece, sends a large one.</summary>
    /// <returns>False when the receiver is gone.</returns>
    [AsyncMethodBuilder(typeof(PooledTaskMethodBuilder<>))]
    private static async ValueTask<bool> SendPieceAsync(TransportWriter writer, ReadOnlySequence<byte> data, bool chunked)
    {
        if (BodyWriter.IsSmall(data))
        {
            BodyWriter.Append(writer, data, chunked);
            return writer.UnflushedBytes < BufferPool.LargeSize / 2 || !(await writer.FlushAsync()).IsCompleted;
        }

        foreach (var piece in data)
        {
            if ((await BodyWriter.SendAsync(writer, piece, chunked)).IsCompleted)
                return false;
        }

        return true;
    }
}
