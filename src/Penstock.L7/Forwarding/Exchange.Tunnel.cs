// SPDX-License-Identifier: Apache-2.0
using System.Diagnostics;
using System.Runtime.CompilerServices;
using Penstock.L7.Errors;
using Penstock.L7.Http1;
using Penstock.L7.Transport;
using Penstock.L7.Upstream;

namespace Penstock.L7.Forwarding;

/// <content>After 101 (Switching Protocols), and for CONNECT: bytes both ways until both ends are done. The client's end is its connection, or a stream of it (RFC 8441).</content>
internal sealed partial class Exchange
{
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
        var upstream = (UpstreamConnection)_upstream!; // Set by ForwardAsync; streams have no 101.
        OnResponseHead(_client.IsMultiplexed ? 200 : Response.Status);
        if (_client.IsMultiplexed)
            Response.DropFields("sec-websocket-accept"u8); // It answers a key that the client has not sent.
        WriteResponseHead(chunked: false, keep: true);
        _worker.Reactor.Timers.Remove(_timer);
        _ownBytes = 0;
        _lastMove = _worker.Reactor.Now;
        _clientWriter.Guard.Between(Listener.BodyMilliseconds, bytesPerSecond: 0);
        if (!(await _clientWriter.FlushAsync()).IsCompleted)
        {
            var outbound = CopyAsync(upstream, toClient: false);
            await CopyAsync(upstream, toClient: true);
            await outbound;
        }

        await StopPumpAsync();
        if (_interrupted != ProxyError.None)
            _error = _interrupted;
        if (!_client.IsMultiplexed && (upstream.IsBroken || _interrupted != ProxyError.None))
            _connection.Tls?.Writer.LeaveOpenEnded(); // What the endpoint did not end is not to look as if it had.
        DropUpstream();
        Finish();
        return false;
    }

    [AsyncMethodBuilder(typeof(PooledTaskMethodBuilder))]
    private async ValueTask CopyAsync(UpstreamConnection upstream, bool toClient)
    {
        var from = toClient ? upstream.Reader : _clientReader;
        var to = toClient ? _clientWriter : upstream.Writer;
        var idle = _route!.Targets[_target].BodyMilliseconds; // A forwarding route has targets.
        from.Guard.Between(idle, bytesPerSecond: 0);
        var turnBytes = 0L;
        while (true)
        {
            var read = await from.ReadAsync();
            if (read.IsCanceled)
            {
                // The other direction may have been busy: the tunnel is idle when both are.
                if (_interrupted == ProxyError.None && from.TimedOut && _worker.Reactor.Now - _lastMove < idle)
                {
                    from.AdvanceTo(read.Buffer.Start, read.Buffer.End);
                    continue;
                }

                EndBoth(upstream);
                return;
            }

            _lastMove = _worker.Reactor.Now;
            turnBytes += read.Buffer.Length;
            if (toClient)
                _ownBytes += read.Buffer.Length;
            else
                _tunnelBytes += read.Buffer.Length;
            var gone = false;
            foreach (var piece in read.Buffer)
            {
                if (!gone)
                    gone = (await to.WriteAsync(piece)).IsCompleted;
            }

            from.AdvanceTo(read.Buffer.End);
            if (gone || (toClient ? upstream.IsBroken : _client.IsBroken))
            {
                EndBoth(upstream);
                return;
            }

            if (read.IsCompleted)
            {
                // Half-closed: the other direction may go on.
                if (!toClient)
                    upstream.EndSending();
                else if (!_client.IsMultiplexed)
                    _connection.EndSending();
                else
                    await EndStreamAsync();
                return;
            }

            if (turnBytes >= BytesPerTurn)
            {
                await _worker.Reactor.YieldTurn();
                turnBytes = 0;
            }
        }
    }

    [AsyncMethodBuilder(typeof(PooledTaskMethodBuilder))]
    private async ValueTask EndStreamAsync()
    {
        _client.WriteEnd(chunked: false, trailers: null);
        await _clientWriter.FlushAsync();
    }

    private void EndBoth(UpstreamConnection upstream)
    {
        _clientReader.CancelPendingRead();
        upstream.Reader.CancelPendingRead();
        _clientWriter.CancelPendingFlush();
        upstream.Writer.CancelPendingFlush();
    }
}
