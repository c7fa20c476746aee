// SPDX-License-Identifier: Apache-2.0
using System.Runtime.CompilerServices;
using Penstock.L7.Errors;
using Penstock.L7.Transport;
using Penstock.L7.Upstream;

namespace Penstock.L7.Forwarding;

/// <content>After 101 (Switching Protocols): bytes both ways until both ends are done.</content>
internal sealed partial class Exchange
{
    private long _lastMove;
    private long _tunnelBytes;

    [AsyncMethodBuilder(typeof(PooledTaskMethodBuilder<>))]
    private async ValueTask<bool> TunnelAsync()
    {
        var upstream = (UpstreamConnection)_upstream!; // Set by ForwardAsync; streams have no 101.
        OnResponseHead(Response.Status);
        WriteResponseHead(chunked: false, keep: true);
        _worker.Reactor.Timers.Remove(_timer);
        _ownBytes = 0;
        _lastMove = _worker.Reactor.Now;
        _clientWriter.Guard.Between(Listener.BodyMilliseconds, bytesPerSecond: 0);
        if (!(await _clientWriter.FlushAsync()).IsCompleted)
        {
            var outbound = CopyAsync(_connection, upstream);
            await CopyAsync(upstream, _connection);
            await outbound;
        }

        await StopPumpAsync();
        if (_interrupted != ProxyError.None)
            _error = _interrupted;
        if (upstream.IsBroken || _interrupted != ProxyError.None)
            _connection.Tls?.Writer.LeaveOpenEnded(); // What the endpoint did not end is not to look as if it had.
        DropUpstream();
        Finish();
        return false;
    }

    [AsyncMethodBuilder(typeof(PooledTaskMethodBuilder))]
    private async ValueTask CopyAsync(SocketConnection from, SocketConnection to)
    {
        var idle = _route!.Targets[_target].BodyMilliseconds; // A forwarding route has targets.
        from.Reader.Guard.Between(idle, bytesPerSecond: 0);
        var turnBytes = 0L;
        while (true)
        {
            var read = await from.Reader.ReadAsync();
            if (read.IsCanceled)
            {
                // The other direction may have been busy: the tunnel is idle when both are.
                if (_interrupted == ProxyError.None && from.Reader.TimedOut && _worker.Reactor.Now - _lastMove < idle)
                {
                    from.Reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
                    continue;
                }

                EndBoth(from, to);
                return;
            }

            _lastMove = _worker.Reactor.Now;
            turnBytes += read.Buffer.Length;
            if (ReferenceEquals(to, _connection))
                _ownBytes += read.Buffer.Length;
            else
                _tunnelBytes += read.Buffer.Length;
            var gone = false;
            foreach (var piece in read.Buffer)
            {
                if (!gone)
                    gone = (await to.Writer.WriteAsync(piece)).IsCompleted;
            }

            from.Reader.AdvanceTo(read.Buffer.End);
            if (gone || from.IsBroken)
            {
                EndBoth(from, to);
                return;
            }

            if (read.IsCompleted)
            {
                // Half-closed: the other direction may go on.
                to.EndSending();
                return;
            }

            if (turnBytes >= BytesPerTurn)
            {
                await _worker.Reactor.YieldTurn();
                turnBytes = 0;
            }
        }
    }

    private static void EndBoth(SocketConnection from, SocketConnection to)
    {
        from.Reader.CancelPendingRead();
        to.Reader.CancelPendingRead();
        from.Writer.CancelPendingFlush();
        to.Writer.CancelPendingFlush();
    }
}
