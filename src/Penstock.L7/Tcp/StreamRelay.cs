// SPDX-License-Identifier: Apache-2.0
using System.Diagnostics;
using Penstock.L7.Errors;
using Penstock.L7.Forwarding;
using Penstock.L7.ProxyProtocol;
using Penstock.L7.Runtime;
using Penstock.L7.Upstream;
using Penstock.Linux;
using Penstock.Linux.Reactors;
using Penstock.Linux.Relays;
using Penstock.Model.L7;

namespace Penstock.L7.Tcp;

/// <summary>A client's connection of mode tcp and the one to its endpoint. What is said goes both ways as it is; a connect that fails is tried at another endpoint, since nothing is lost by then.</summary>
internal sealed class StreamRelay : SpliceRelay, IHeldConnection
{
    /// <summary>Most endpoints tried (Envoy: 3 connect retries at most by default breakers).</summary>
    private const int MaxConnectAttempts = 4;

    private readonly Worker _worker;
    private readonly StreamClient _client;
    private readonly CompiledRoute _route;
    private readonly int _socket;
    private readonly List<EndpointPool> _tried = [];
    private readonly RelayTimer _timer;
    private EndpointPool? _pool;
    private ProxyError _failure;
    private int _target;
    private int _attempts;
    private long _connectedTicks;
    private long _received;
    private long _sent;

    internal StreamRelay(Worker worker, StreamClient client, CompiledRoute route, int fd)
        : base(worker.Reactor, worker.Pipes, worker.Peeked)
    {
        (_worker, _client, _route, _socket) = (worker, client, route, fd);
        _timer = new RelayTimer(this);
    }

    /// <inheritdoc/>
    public ListenerSlot Slot => _client.Listener.Slot;

    private CompiledCluster Cluster => _route.Targets[_target];

    private bool IsConnected => _connectedTicks != 0;

    /// <summary>Chooses a cluster and connects to one of its endpoints.</summary>
    internal void Begin()
    {
        _worker.Hold(this);
        Client.Fd = _socket;
        _ = SocketCalls.SetUrgentInline(_socket);
        _target = _route.Route.PickTarget(ref _worker.Random);
        if (_target < 0)
            End(ProxyError.NoTarget);
        else
            Connect();
    }

    /// <inheritdoc/>
    public void Drain()
    {
        // It goes on until one side ends it, or the time for stopping is over.
    }

    /// <inheritdoc/>
    public void Cut() => End(ProxyError.ShuttingDown);

    /// <inheritdoc/>
    protected override bool MayMove(EpollEvents events) => IsConnected || IsConnectedBy(events);

    /// <inheritdoc/>
    protected override void OnMoved(RelaySide from, int bytes, bool spliced)
    {
        if (ReferenceEquals(from, Client))
            _received += bytes;
        else
            _sent += bytes;
        if (spliced)
            _worker.Counters.SplicedBytes += bytes;
        _timer.Deadline = Reactor.Now + Cluster.BodyMilliseconds;
    }

    /// <inheritdoc/>
    protected override void OnEnded(RelaySide from) => _timer.Deadline = Reactor.Now + Cluster.BodyMilliseconds;

    /// <inheritdoc/>
    protected override void OnDone() => End(ProxyError.None);

    /// <inheritdoc/>
    protected override void OnBroken() => End(ReferenceEquals(Broken, Server) ? ProxyError.ConnectionTerminated : ProxyError.ClientClosed);

    /// <inheritdoc/>
    protected override void OnDefect() => End(ProxyError.InternalError);

    private void Connect()
    {
        while (!IsClosed)
        {
            var error = _worker.CellOf(Cluster).PickOther(_tried, ref _worker.Random, out var pool);
            if (pool is null || _attempts == MaxConnectAttempts)
            {
                End(_failure == ProxyError.None ? error : _failure);
                return;
            }

            _pool = pool;
            _attempts++;
            if (!pool.MakeRoom())
            {
                Exclude(pool, ProxyError.PoolExhausted);
                continue;
            }

            pool.OnConnectionOpened();
            var outcome = ConnectTo(pool);
            if (outcome == Errno.None)
            {
                OnConnected();
                return;
            }

            if (outcome == Errno.EINPROGRESS)
            {
                Reactor.Timers.Arm(_timer, Reactor.Now + Cluster.ConnectMilliseconds);
                return;
            }

            FailConnect(pool, outcome);
        }
    }

    private Errno ConnectTo(EndpointPool pool)
    {
        var address = pool.Address;
        var created = SocketCalls.CreateUnreserved(address);
        if (created.Error == Errno.EMFILE && _worker.DropUnusedUpstream())
            created = SocketCalls.CreateUnreserved(address); // With the descriptor that is free now.
        if (created.IsError)
            return created.Error;
        var fd = created.Value;
        _ = SocketCalls.SetUrgentInline(fd);
        if (!address.IsUnix)
        {
            _ = SocketCalls.SetNoDelay(fd);
            _ = SocketCalls.SetUnsentLimit(fd, ListenerBinder.UnsentLimit);
        }

        var connected = SocketCalls.Connect(fd, ref address);
        if (connected.IsError && connected.Error != Errno.EINPROGRESS)
        {
            SocketCalls.Close(fd);
            return connected.Error;
        }

        if (!address.IsUnix && SocketCalls.IsItsOwnPeer(fd, address))
        {
            SocketCalls.Reset(fd);
            return Errno.ECONNREFUSED; // Nothing listens there.
        }

        var added = Reactor.Add(Server, fd, RelaySide.Wanted);
        if (added.IsError)
            SocketCalls.Close(fd);
        return added.IsError ? added.Error : connected.Error;
    }

    // The outcome of a connect is an event of the server's socket; the client's is not listened to before.
    private bool IsConnectedBy(EpollEvents events)
    {
        var error = SocketCalls.TakeError(Server.Fd);
        if (error == Errno.None && (events & (EpollEvents.Out | EpollEvents.HangUp)) == EpollEvents.Out)
            return OnConnected();
        FailConnect(_pool!, error == Errno.None ? Errno.ECONNREFUSED : error); // One is being connected to.
        Connect();
        return false;
    }

    private void FailConnect(EndpointPool pool, Errno outcome)
    {
        Reactor.Timers.Remove(_timer);
        if (Server.Fd >= 0)
        {
            var fd = Server.Fd;
            Reactor.Forget(Server);
            SocketCalls.Close(fd);
        }

        pool.OnConnectionClosed();
        var error = Exchange.ErrorOf(outcome);
        if (ProxyErrors.Of(error).Fault == Fault.Ours)
            _worker.Descriptors.OnConnectRefused(outcome);
        else
            pool.OnFailure();
        Exclude(pool, error);
    }

    private void Exclude(EndpointPool pool, ProxyError error)
    {
        _tried.Add(pool);
        _failure = error;
    }

    private bool OnConnected()
    {
        var pool = _pool!; // The one that is connected to.
        if (pool.Config.ProxyProtocol is { } version && !SendHeader(version))
        {
            FailConnect(pool, Errno.ECONNABORTED);
            Connect();
            return false;
        }

        _connectedTicks = Stopwatch.GetTimestamp();
        pool.OnRequest();
        _worker.Counters.ConnectionsOpened++;
        Reactor.Timers.Arm(_timer, Reactor.Now + Cluster.BodyMilliseconds);
        if (!Reactor.Add(Client, _socket, RelaySide.Wanted).IsError)
            return true;
        Client.Fd = _socket;
        End(ProxyError.InternalError);
        return false;
    }

    // A socket that has just been connected takes it whole.
    private bool SendHeader(ProxyProtocolVersion version)
    {
        Span<byte> header = stackalloc byte[ProxyHeaderWriter.MaxLength];
        header = header[..ProxyHeaderWriter.Write(header, version, _client.IdentityOf(_socket))];
        return SocketCalls.Send(Server.Fd, header).Value == header.Length;
    }

    private void OnExpired()
    {
        if (IsConnected)
        {
            End(ProxyError.StreamIdle);
            return;
        }

        FailConnect(_pool!, Errno.ETIMEDOUT); // One is being connected to.
        Connect();
    }

    private void End(ProxyError error)
    {
        var wasConnecting = !IsConnected && Server.Fd >= 0;
        if (!Close(error == ProxyError.None ? SocketCalls.Close : SocketCalls.Reset))
            return;
        Reactor.Timers.Remove(_timer);
        if (IsConnected)
            _pool!.OnRequestEnded(failed: ProxyErrors.Of(error).Fault == Fault.Upstream); // The one that is connected to.
        if (IsConnected || wasConnecting)
            _pool!.OnConnectionClosed(); // As above.
        _worker.Release(this);
        _client.Finish(StreamEnd.By(error) with
        {
            Route = _route,
            Target = _target,
            Endpoint = _pool?.Name ?? "",
            ConnectedTicks = _connectedTicks,
            Attempts = _attempts,
            ReceivedBytes = _received,
            SentBytes = _sent,
        });
    }

    private sealed class RelayTimer(StreamRelay relay) : TimerNode
    {
        public override void OnExpired() => relay.OnExpired();
    }
}
