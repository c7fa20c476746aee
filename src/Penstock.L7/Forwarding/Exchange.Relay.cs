// SPDX-License-Identifier: Apache-2.0
using System.Threading.Tasks.Sources;
using Penstock.L7.Errors;
using Penstock.L7.Transport;
using Penstock.L7.Upstream;
using Penstock.Linux;
using Penstock.Linux.Reactors;
using Penstock.Linux.Relays;

namespace Penstock.L7.Forwarding;

/// <content>Tunnels between two sockets with nothing between them and what is said: a relay moves it, as with mode tcp, and costs a message less than two readers and two writers.</content>
internal sealed partial class Exchange
{
    private SocketTunnel? _tunnel;

    /// <summary>Has a relay take both sockets, with what their readers hold already.</summary>
    /// <returns>Null: there is TLS, or a stream, or more is held than a relay takes.</returns>
    private SocketTunnel? TryRelay(IEndpointStream upstream)
    {
        if (upstream is not UpstreamConnection connection || _client.IsMultiplexed || !IsPlain(_clientReader, connection.Writer) || !IsPlain(connection.Reader, _clientWriter))
            return null;
        if (_interrupted != ProxyError.None || !IsHeldShort(_clientReader) || !IsHeldShort(connection.Reader))
            return null;
        _tunnel = new SocketTunnel(this, connection);
        return _tunnel;
    }

    private void EndRelay(SocketTunnel tunnel)
    {
        _tunnel = null;
        if (tunnel.Failure == ProxyError.None)
            return;
        _error = tunnel.Failure;
        _isCut = true;
    }

    private static bool IsHeldShort(TransportReader reader) => reader.Held <= BufferPool.LargeSize;

    /// <summary>A relay of one tunnel, which is waited for. Its sockets stay their connections', which close them.</summary>
    private sealed class SocketTunnel : SpliceRelay, IValueTaskSource
    {
        private readonly Exchange _exchange;
        private readonly UpstreamConnection _upstream;
        private readonly IdleTimer _timer;
        private readonly int _idle;
        private readonly int _clientIdle;
        private readonly long _ahead;
        private PendingWait _wait;

        internal SocketTunnel(Exchange exchange, UpstreamConnection upstream)
            : base(exchange._worker.Reactor, exchange._worker.BodyPipes, exchange._worker.Peeked)
        {
            (_exchange, _upstream) = (exchange, upstream);
            _timer = new IdleTimer(this);
            _idle = exchange._route!.Targets[exchange._target].BodyMilliseconds; // A forwarding route has targets.
            _clientIdle = exchange.Listener.BodyMilliseconds;
            _ahead = exchange._clientReader.Held; // Which it has counted already.
            Client.Moved = Server.Moved = Reactor.Now;
            Take(Client, exchange._connection);
            Take(Server, upstream);
        }

        /// <summary>Why it has ended otherwise than by both sides in order.</summary>
        internal ProxyError Failure { get; private set; }

        /// <inheritdoc/>
        protected override bool CarriesUrgent => false;

        /// <summary>Moves what comes until both sides have ended, one has broken or nothing has moved for too long.</summary>
        internal ValueTask RunAsync()
        {
            var token = _wait.Begin();
            Reactor.Timers.Arm(_timer, Reactor.Now + _idle);
            Pump();
            return new ValueTask(this, token);
        }

        /// <summary>Ends it at once: the exchange was interrupted.</summary>
        internal void Stop() => End(_exchange._interrupted);

        void IValueTaskSource.GetResult(short token) => _wait.End();

        ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => _wait.Status;

        void IValueTaskSource.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
            _wait.OnCompleted(continuation, state);

        /// <inheritdoc/>
        protected override bool MayMove(EpollEvents events) => true;

        /// <inheritdoc/>
        protected override void OnMoved(RelaySide from, int bytes, bool spliced)
        {
            if (ReferenceEquals(from, Server))
                _exchange._ownBytes += bytes;
            else
                _exchange._tunnelBytes += bytes;
            if (spliced)
                _exchange._worker.Counters.SplicedBytes += bytes;
        }

        /// <inheritdoc/>
        protected override void OnEnded(RelaySide from) => _exchange._hasEndpointEnded |= ReferenceEquals(from, Server);

        /// <inheritdoc/>
        protected override void OnDone() => End(ProxyError.None);

        /// <inheritdoc/>
        protected override void OnBroken() => End(ReferenceEquals(Broken, Client) ? ProxyError.ClientClosed : ProxyError.TunnelReset);

        /// <inheritdoc/>
        protected override void OnDefect() => End(ProxyError.InternalError);

        private void Take(RelaySide side, SocketConnection connection)
        {
            if (connection.Reader.Held > 0 && connection.Reader.TryRead(out var read))
            {
                Hold(side, read.Buffer);
                connection.Reader.AdvanceTo(read.Buffer.End);
            }

            connection.BeginRelay(side);
        }

        private void End(ProxyError failure)
        {
            if (!Leave())
                return;
            Failure = failure;
            Reactor.Timers.Remove(_timer);
            _exchange._connection.EndRelay(ReferenceEquals(Broken, Client), received: Math.Max(_exchange._tunnelBytes - _ahead, 0), sent: _exchange._ownBytes ?? 0);
            _upstream.EndRelay(ReferenceEquals(Broken, Server));
            if (_wait.TrySignal())
                _wait.Resume();
        }

        /// <inheritdoc/>
        protected override void OnHeld(RelaySide from)
        {
            var end = EndOf(from);
            if (end < _timer.Deadline)
                Reactor.Timers.Arm(_timer, end);
        }

        /// <summary>It is idle when neither side has said anything for so long; one that takes nothing of what the other has said has its own time, however much it says.</summary>
        private void OnExpired()
        {
            var idle = Math.Max(Client.Moved, Server.Moved) + _idle;
            if (EndOf(Server) <= Reactor.Now)
                End(ProxyError.ResponseNotTaken);
            else if (EndOf(Client) <= Reactor.Now)
                End(ProxyError.ConnectionWriteTimeout);
            else if (idle <= Reactor.Now)
                End(ProxyError.StreamIdle);
            else
                Reactor.Timers.Arm(_timer, Math.Min(idle, Math.Min(EndOf(Server), EndOf(Client))));
        }

        /// <summary>When what is held of a side has to have moved on.</summary>
        private long EndOf(RelaySide from) => from.Held == 0 ? TimerNode.Never : from.Moved + (ReferenceEquals(from, Server) ? _clientIdle : _idle);

        private sealed class IdleTimer(SocketTunnel tunnel) : TimerNode
        {
            public override void OnExpired() => tunnel.OnExpired();
        }
    }
}
