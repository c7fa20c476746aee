// SPDX-License-Identifier: Apache-2.0
using System.Buffers;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using Penstock.L7.Errors;
using Penstock.L7.Http1;
using Penstock.L7.Http2;
using Penstock.L7.Transport;
using Penstock.L7.Upstream;

namespace Penstock.L7.Forwarding;

/// <content>After 101 (Switching Protocols), and for CONNECT: bytes both ways until both ends are done. Either end is a connection, or a stream of one (RFC 8441).</content>
internal sealed partial class Exchange
{
    private bool _isCut;
    private bool _hasEndpointEnded;
    private bool _isStopped;
    private ProxyError _stopReason;
    private long _lastMove;
    private long _tunnelBytes;

    /// <summary>Whether the request is CONNECT, of either kind: status 2xx tells its client that the tunnel is open.</summary>
    private bool AsksForTunnel => Request.MethodKind == HttpMethodKind.Connect || Request.IsExtendedConnect;

    /// <summary>CONNECT that a route takes: the endpoint sees nothing of HTTP.</summary>
    [AsyncMethodBuilder(typeof(PooledTaskMethodBuilder<>))]
    private async ValueTask<bool> OpenTunnelAsync()
    {
        _error = PickEndpoint();
        if (_error == ProxyError.None)
            _error = await ConnectAsync();
        if (_error == ProxyError.None && _upstream is not UpstreamConnection)
            _error = ProxyError.TunnelNotCarried; // A reload has given the cluster another protocol meanwhile.
        if (_error != ProxyError.None)
        {
            DropUpstream();
            return await AnswerAsync();
        }

        var upstream = _upstream!; // As was just looked at.
        upstream.Begin();
        upstream.Writer.Guard.Between(_route!.Targets[_target].BodyMilliseconds, bytesPerSecond: 0); // Forwarding routes have targets.
        _attempts++;
        _isSent = true;
        upstream.Pool.OnRequest();
        _upstreamTicks = Stopwatch.GetTimestamp();
        await upstream.Writer.FlushAsync(); // Of a PROXY header: the endpoint may be the one that speaks first.
        Response.Reset();
        _ = Response.Take(":status"u8, "200"u8, Listener.HeadLimits);
        Response.End(ended: false, RejectReason.None, HttpMethodKind.Connect);
        return await TunnelAsync();
    }

    [AsyncMethodBuilder(typeof(PooledTaskMethodBuilder<>))]
    private async ValueTask<bool> TunnelAsync()
    {
        var upstream = _upstream!; // Set by ForwardAsync.
        OnResponseHead(TunnelStatus);
        if (_client.IsMultiplexed || _opensWebSocket)
            Response.DropFields("sec-websocket-accept"u8); // It answers a key that the client has not sent, or none.
        WriteResponseHead(chunked: false, keep: true);
        Response.Reset();
        Response.Shrink();
        Request.Shrink(); // It is for the access log, when the tunnel ends.
        _worker.Reactor.Timers.Remove(_timer);
        _ownBytes = 0;
        _isCut = _isStopped = _hasEndpointEnded = false;
        _stopReason = ProxyError.None;
        if (upstream is Http2ClientStream stream)
            stream.BeginTunnel(this);
        _lastMove = _worker.Reactor.Now;
        _clientWriter.Guard.Between(Listener.BodyMilliseconds, bytesPerSecond: 0);
        if ((await _clientWriter.FlushAsync()).IsCompleted)
        {
            CutTunnel(upstream, ClientError());
        }
        else if (TryRelay(upstream) is { } tunnel)
        {
            await tunnel.RunAsync();
            EndRelay(tunnel);
        }
        else
        {
            var outbound = CopyAsync(upstream, toClient: false);
            await CopyAsync(upstream, toClient: true);
            await outbound;
        }

        if (_stopReason != ProxyError.None)
            CutTunnel(upstream, _stopReason);
        if (_isStopped)
            _client.ClosesEarly = true;
        await StopPumpAsync();
        var isLate = _hasEndpointEnded && _error == ProxyError.TunnelReset;
        if (isLate && upstream is UpstreamConnection)
            _error = ProxyError.None; // It has closed, and the client sent on, as with a close_notify of its own: that is no failure. A stream's endpoint says which it is.
        DropUpstream(reset: _isCut);
        Finish();
        if (isLate && !_client.IsMultiplexed)
            _client.ClosesEarly = true; // What the endpoint has sent is to arrive: a reset would take what still waits for a slow client.
        else if (_isCut)
            _client.Abort(); // What was cut off is not to look like a whole at the other end.
        return false;
    }

    /// <summary>The endpoint has reset its connection, though nothing is expected from it any more.</summary>
    internal void OnEndpointGone() => Interrupt(ProxyError.TunnelReset);

    /// <summary>The endpoint, which has ended its side of its stream in order, takes no more: what has come of it still goes to the client.</summary>
    /// <param name="reason">What that is; <see cref="ProxyError.None"/>: the end of the tunnel in order.</param>
    internal void OnEndpointStopped(ProxyError reason)
    {
        (_isStopped, _stopReason) = (true, reason);
        if (_clientReader.IsWaiting)
            _clientReader.CancelPendingRead();
        else
            _upstream?.Writer.CancelPendingFlush();
    }

    /// <summary>Whether one direction is over, whatever else comes.</summary>
    private bool IsOver(bool toClient) => _isCut || (_isStopped && !toClient);

    [AsyncMethodBuilder(typeof(PooledTaskMethodBuilder))]
    private async ValueTask CopyAsync(IEndpointStream upstream, bool toClient)
    {
        var from = toClient ? upstream.Reader : _clientReader;
        var to = toClient ? _clientWriter : upstream.Writer;
        var idle = _route!.Targets[_target].BodyMilliseconds; // A forwarding route has targets.
        from.Guard.Between(idle, bytesPerSecond: 0);
        var turnBytes = 0L;
        while (!IsOver(toClient))
        {
            if (_interrupted != ProxyError.None)
            {
                CutTunnel(upstream, _interrupted); // While it waited for its turn.
                return;
            }

            var read = await from.ReadAsync();
            if (_isStopped && !toClient && _interrupted == ProxyError.None)
                return; // What else the client sends is for nobody.
            if (read.IsCanceled)
            {
                // The other direction may have been busy: the tunnel is idle when both are.
                if (_interrupted == ProxyError.None && from.TimedOut && _worker.Reactor.Now - _lastMove < idle)
                {
                    from.AdvanceTo(read.Buffer.Start, read.Buffer.End);
                    continue;
                }

                CutTunnel(upstream, ProxyError.StreamIdle);
                return;
            }

            _lastMove = _worker.Reactor.Now;
            var moved = read.Buffer.Length;
            var gone = await CopyAsync(read.Buffer, to);
            from.AdvanceTo(read.Buffer.End);
            turnBytes += moved;
            if (toClient)
                _ownBytes += moved;
            else
                _tunnelBytes += moved;
            if (_isStopped && !toClient)
                return; // As above.
            if (gone || (toClient ? upstream.IsBroken : _client.IsBroken))
            {
                var isClient = gone == toClient; // It was written to, or is read from.
                CutTunnel(upstream, isClient ? ClientError() : EndpointError(upstream));
                return;
            }

            if (read.IsCompleted)
            {
                await EndSendingAsync(upstream, toClient);
                return;
            }

            if (turnBytes >= BytesPerTurn)
            {
                await _worker.Reactor.YieldTurn();
                turnBytes = 0;
            }
        }
    }

    /// <summary>Sends what one side has said to the other.</summary>
    /// <returns>Whether that one is gone.</returns>
    [AsyncMethodBuilder(typeof(PooledTaskMethodBuilder<>))]
    private static async ValueTask<bool> CopyAsync(ReadOnlySequence<byte> bytes, TransportWriter to)
    {
        foreach (var piece in bytes)
        {
            if ((await to.WriteAsync(piece)).IsCompleted)
                return true;
        }

        return false;
    }

    /// <summary>One side has ended what it sends, in order: so does this one to the other, which may go on.</summary>
    [AsyncMethodBuilder(typeof(PooledTaskMethodBuilder))]
    private async ValueTask EndSendingAsync(IEndpointStream upstream, bool toClient)
    {
        if (!toClient)
        {
            upstream.EndSending();
            if (upstream.IsMultiplexed && (await upstream.Writer.FlushAsync()).IsCompleted && !_isStopped)
                CutTunnel(upstream, EndpointError(upstream));
            return;
        }

        _hasEndpointEnded = true;
        if (upstream is UpstreamConnection connection)
            connection.Tunnel = this; // Nobody reads there any more.
        if (!_client.IsMultiplexed)
        {
            _connection.EndSending();
            return;
        }

        _client.WriteEnd(chunked: false, trailers: null);
        if ((await _clientWriter.FlushAsync()).IsCompleted)
            CutTunnel(upstream, ClientError());
    }

    private static ProxyError EndpointError(IEndpointStream upstream) => upstream.Writer.TimedOut ? ProxyError.ConnectionWriteTimeout : ProxyError.TunnelReset;

    /// <summary>The tunnel ends otherwise than by both sides in order: what waits in it goes on, to its end.</summary>
    /// <param name="upstream">The endpoint's side.</param>
    /// <param name="reason">Why, unless the exchange was interrupted; the first one holds.</param>
    private void CutTunnel(IEndpointStream upstream, ProxyError reason)
    {
        if (!_isCut)
            _error = _interrupted != ProxyError.None ? _interrupted : reason;
        _isCut = true;
        _clientReader.CancelPendingRead();
        upstream.Reader.CancelPendingRead();
        _clientWriter.CancelPendingFlush();
        upstream.Writer.CancelPendingFlush();
    }
}
