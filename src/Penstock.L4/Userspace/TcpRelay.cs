// SPDX-License-Identifier: Apache-2.0
using System.Net;
using Penstock.Linux;
using Penstock.Linux.Reactors;
using SocketAddress = Penstock.Linux.SocketAddress;

namespace Penstock.L4.Userspace;

/// <summary>
/// A client's connection and the one to its backend, and what moves between them by splice(2): into an empty pipe from one socket, and all of it on to the other
/// before any more. So a pipe is never full and never to blame when a socket says EAGAIN, and a peer that does not read stops the one that writes.
/// </summary>
internal sealed class TcpRelay
{
    /// <summary>Most moves of what one side has said before the other broke: a fast pair could go on for ever.</summary>
    private const int RoundsAtEnd = 64;

    /// <summary>Moves in one turn, so that others get theirs.</summary>
    private const int MovesPerTurn = 8;

    private readonly RelayWorker _worker;
    private readonly RelayListener _listener;
    private readonly RelayService _service;
    private readonly TcpSide _client;
    private readonly TcpSide _server;
    private readonly IdleTimer _timer;
    private readonly Action _pump;
    private List<RelayBackend>? _failed;
    private bool _lacksSource;
    private bool _isConnected;
    private bool _isClosed;
    private bool _hasYielded;

    /// <summary>A relay that has not begun.</summary>
    /// <param name="worker">Whose it is.</param>
    /// <param name="listener">Where the client came in.</param>
    /// <param name="client">Its socket.</param>
    /// <param name="peer">Its address.</param>
    public TcpRelay(RelayWorker worker, RelayListener listener, int client, in SocketAddress peer)
    {
        (_worker, _listener, _service) = (worker, listener, listener.Service);
        From = new IPEndPoint(new IPAddress(peer.Address), peer.Port);
        (_client, _server) = (new TcpSide(this) { Fd = client }, new TcpSide(this));
        _timer = new IdleTimer(this);
        _pump = GoOn;
    }

    /// <summary>The client.</summary>
    public IPEndPoint From { get; }

    /// <summary>Where it came in.</summary>
    public RelayListener Listener => _listener;

    /// <summary>The backend it has, or is being connected to.</summary>
    public RelayBackend? Backend { get; private set; }

    /// <summary>Neighbour in the worker's list.</summary>
    public TcpRelay? Next { get; set; }

    /// <summary>Neighbour in the worker's list.</summary>
    public TcpRelay? Previous { get; set; }

    private Reactor Reactor => _worker.Reactor;

    /// <summary>Connects to the backend that the table chooses; where that fails, to others: the client has not been answered, so no byte is lost.</summary>
    public void Connect()
    {
        while (!_isClosed)
        {
            Backend = _service.Table.Choose(From, _listener.Endpoint, _failed);
            if (Backend is not { } backend)
            {
                Refuse(_failed is null ? RelayDrop.NoBackend : _lacksSource ? RelayDrop.NoSource : RelayDrop.Unreachable);
                return;
            }

            switch (ConnectTo(backend))
            {
                case Errno.None:
                    OnConnected();
                    return;
                case Errno.EINPROGRESS:
                    Reactor.Timers.Arm(_timer, Reactor.Now + _worker.Times.Connect);
                    return;
                case Errno.EMFILE or Errno.ENFILE or Errno.ENOMEM or Errno.ENOBUFS:
                    Refuse(RelayDrop.NoDescriptor);
                    return;
                case Errno.EADDRNOTAVAIL:
                    _lacksSource = true;
                    _worker.OnNoSource(backend);
                    (_failed ??= []).Add(backend);
                    break;
                default:
                    Exclude(backend);
                    break;
            }
        }
    }

    /// <summary>Takes what epoll reports of a side.</summary>
    public void OnEvents(TcpSide side, EpollEvents events)
    {
        if (_isClosed)
            return;
        if (!_isConnected && !IsConnectedBy(events))
            return;
        const EpollEvents Broken = EpollEvents.HangUp | EpollEvents.Error;
        if ((events & (EpollEvents.In | EpollEvents.Priority | EpollEvents.ReadHangUp | Broken)) != EpollEvents.None)
            side.IsReadable = true;
        side.HasUrgent |= (events & EpollEvents.Priority) != EpollEvents.None;
        if ((events & (EpollEvents.Out | Broken)) != EpollEvents.None)
            side.IsWritable = true;
        Pump();

        // A reset while its bytes wait for the other side: no read comes upon it.
        if ((events & EpollEvents.Error) != EpollEvents.None && !_isClosed && SocketCalls.TakeError(side.Fd) != Errno.None)
            Reset();
    }

    /// <summary>Its backend keeps no flows any more: one that is being connected goes to another, one that is open can't, and is reset.</summary>
    public void OnBackendGone()
    {
        if (_isClosed)
            return;
        if (_isConnected)
        {
            _service.CountDrop(RelayDrop.BackendDown);
            Reset();
            return;
        }

        CloseServer();
        Connect();
    }

    /// <summary>Ends it with resets to both sides.</summary>
    public void Reset() => Close(SocketCalls.Reset);

    private Errno ConnectTo(RelayBackend backend)
    {
        var to = backend.EndpointFor(_listener.Endpoint.Port);
        var address = SocketAddress.Ip(to.Address, to.Port);
        var created = SocketCalls.CreateUnreserved(address);
        if (created.IsError)
            return created.Error;
        _ = SocketCalls.SetNoDelay(created.Value);
        _ = SocketCalls.SetUrgentInline(created.Value);
        _ = SocketCalls.SetUnsentLimit(created.Value, RelayBinder.UnsentLimit);
        var connected = SocketCalls.Connect(created.Value, ref address);
        if (connected.IsError && connected.Error != Errno.EINPROGRESS)
        {
            SocketCalls.Close(created.Value);
            return connected.Error;
        }

        if (SocketCalls.IsItsOwnPeer(created.Value, address))
        {
            SocketCalls.Reset(created.Value);
            return Errno.ECONNREFUSED; // Nothing listens there.
        }

        var added = Reactor.Add(_server, created.Value, TcpSide.Wanted);
        if (added.IsError)
            SocketCalls.Close(created.Value);
        return added.IsError ? added.Error : connected.Error;
    }

    // The outcome of a connect is an event of the server's socket; the client's is not listened to before.
    private bool IsConnectedBy(EpollEvents events)
    {
        var error = SocketCalls.TakeError(_server.Fd);
        if (error == Errno.None && (events & (EpollEvents.Out | EpollEvents.HangUp)) == EpollEvents.Out)
            return OnConnected();
        FailConnect();
        return false;
    }

    private void FailConnect()
    {
        CloseServer();
        if (Backend is { } backend)
            Exclude(backend);
        Connect();
    }

    private void Exclude(RelayBackend backend)
    {
        backend.CountFailure();
        (_failed ??= []).Add(backend);
    }

    private bool OnConnected()
    {
        _isConnected = true;
        Backend?.CountFlow();
        Reactor.Timers.Arm(_timer, Reactor.Now + _worker.Times.Tcp);
        var fd = _client.Fd;
        if (!Reactor.Add(_client, fd, TcpSide.Wanted).IsError)
            return true;
        _client.Fd = fd;
        Reset();
        return false;
    }

    private void Pump()
    {
        if (_isClosed)
            return;
        var up = Move(_client, _server);
        var down = Move(_server, _client);
        if (up == MoveOutcome.Failed || down == MoveOutcome.Failed)
        {
            // What the other side has said before goes to its peer, as far as that takes it.
            for (var rounds = RoundsAtEnd; rounds > 0 && up == MoveOutcome.Goes; rounds--)
                up = Move(_client, _server);
            for (var rounds = RoundsAtEnd; rounds > 0 && down == MoveOutcome.Goes; rounds--)
                down = Move(_server, _client);
            Reset();
        }
        else if (_client.IsDone && _server.IsDone)
        {
            Close(SocketCalls.Close);
        }
        else if (up == MoveOutcome.Goes || down == MoveOutcome.Goes)
        {
            if (!_hasYielded)
                Reactor.Yield(_pump);
            _hasYielded = true;
        }
    }

    private void GoOn()
    {
        _hasYielded = false;
        Pump();
    }

    private MoveOutcome Move(TcpSide from, TcpSide to)
    {
        for (var left = MovesPerTurn; left > 0; left--)
        {
            if (from.Held == 0 && Fill(from, to) is { } outcome)
            {
                if (outcome == MoveOutcome.Goes)
                    continue;
                return outcome;
            }

            if (!to.IsWritable)
                return MoveOutcome.Waits;
            var sent = from.Drain(to);
            if (sent.IsError && sent.Error != Errno.EINTR)
            {
                to.IsWritable = sent.Error != Errno.EAGAIN;
                return sent.Error == Errno.EAGAIN ? MoveOutcome.Waits : MoveOutcome.Failed;
            }

            if (!sent.IsError)
                Count(from, sent.Value);
        }

        return MoveOutcome.Goes;
    }

    // Null: bytes are held now.
    private MoveOutcome? Fill(TcpSide from, TcpSide to)
    {
        if (!from.IsReadable || from.IsDone)
            return GiveBack(from, MoveOutcome.Waits);
        from.Pipe ??= _worker.Pipes.Rent();
        if (from.Pipe is not { } pipe)
            return from.TakeUrgent() ? null : Copy(from, to);
        var read = pipe.Fill(from.Fd, PipePool.Bytes);
        var hasStopped = read.Error == Errno.EAGAIN ? from.HasUrgent : read.Value == 0;
        if (hasStopped && from.TakeUrgent())
            return null;
        if (read.Value <= 0)
            return Stop(from, to, read);
        from.Held = read.Value;
        return null;
    }

    // Where no pipe is to be had: what the other side has taken goes off the queue only then, so that nothing has to be held.
    private MoveOutcome Copy(TcpSide from, TcpSide to)
    {
        var read = SocketCalls.Peek(from.Fd, to.IsWritable ? _worker.Datagram : _worker.Datagram.AsSpan(0, 1)); // the end and errors show in one byte
        if (read.Value <= 0 || !to.IsWritable)
            return read.Value <= 0 ? Stop(from, to, read) : MoveOutcome.Waits;
        var sent = SocketCalls.Send(to.Fd, _worker.Datagram.AsSpan(0, read.Value));
        to.IsWritable = sent.Error != Errno.EAGAIN;
        if (sent.IsError)
            return sent.Error switch { Errno.EAGAIN => MoveOutcome.Waits, Errno.EINTR => MoveOutcome.Goes, _ => MoveOutcome.Failed };
        Count(from, sent.Value);
        return SocketCalls.Receive(from.Fd, _worker.Datagram.AsSpan(0, sent.Value)).Value == sent.Value ? MoveOutcome.Goes : MoveOutcome.Failed;
    }

    // Nothing came: for now, for good, or because the socket is broken.
    private MoveOutcome Stop(TcpSide from, TcpSide to, IoResult read)
    {
        if (read.Error == Errno.EAGAIN)
        {
            from.IsReadable = false;
            return GiveBack(from, MoveOutcome.Waits);
        }

        if (read.IsError)
            return read.Error == Errno.EINTR ? MoveOutcome.Goes : GiveBack(from, MoveOutcome.Failed);
        SocketCalls.ShutdownWrite(to.Fd);
        from.HasEnded = from.IsDone = true;
        Reactor.Timers.Arm(_timer, Reactor.Now + _worker.Times.Closing);
        return GiveBack(from, MoveOutcome.Waits);
    }

    private MoveOutcome GiveBack(TcpSide side, MoveOutcome outcome)
    {
        if (side is { Pipe: { } pipe, Held: 0 })
        {
            _worker.Pipes.Return(pipe);
            side.Pipe = null;
        }

        return outcome;
    }

    private void Count(TcpSide from, int bytes)
    {
        if (ReferenceEquals(from, _client))
            Backend?.CountSent(bytes);
        else
            Backend?.CountReturned(bytes);
        _timer.Deadline = Reactor.Now + (_client.HasEnded || _server.HasEnded ? _worker.Times.Closing : _worker.Times.Tcp);
    }

    private void Refuse(RelayDrop reason)
    {
        _service.CountDrop(reason);
        Reset();
    }

    private void CloseServer()
    {
        Reactor.Timers.Remove(_timer);
        if (_server.Fd < 0)
            return;
        var fd = _server.Fd;
        Reactor.Forget(_server);
        SocketCalls.Close(fd);
    }

    private void Close(Action<int> end)
    {
        if (_isClosed)
            return;
        _isClosed = true;
        Reactor.Timers.Remove(_timer);
        foreach (var side in (ReadOnlySpan<TcpSide>)[_client, _server])
        {
            var fd = side.Fd;
            if (side.EpollSlot >= 0)
                Reactor.Forget(side);

            // One that has been told of the end already gets what is on its way there: a reset would take that with it.
            var hasHeardAll = (ReferenceEquals(side, _client) ? _server : _client).IsDone;
            if (fd >= 0)
                (hasHeardAll ? SocketCalls.Close : end)(fd);
            if (side is { Pipe: { } pipe, Held: > 0 })
                _worker.Pipes.Discard(pipe);
            else
                GiveBack(side, MoveOutcome.Waits);
        }

        _worker.Remove(this);
    }

    private void OnExpired()
    {
        if (_isConnected)
            Reset();
        else
            FailConnect();
    }

    private enum MoveOutcome
    {
        /// <summary>Until a socket has bytes, or room for them.</summary>
        Waits,

        /// <summary>There may be more to move at once.</summary>
        Goes,

        /// <summary>A socket is broken.</summary>
        Failed,
    }

    private sealed class IdleTimer(TcpRelay relay) : TimerNode
    {
        public override void OnExpired() => relay.OnExpired();
    }
}
