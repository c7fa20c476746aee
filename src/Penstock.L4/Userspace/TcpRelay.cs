// SPDX-License-Identifier: Apache-2.0
using System.Net;
using Penstock.Linux;
using Penstock.Linux.Reactors;
using Penstock.Linux.Relays;
using SocketAddress = Penstock.Linux.SocketAddress;

namespace Penstock.L4.Userspace;

/// <summary>A client's connection and the one to its backend.</summary>
internal sealed class TcpRelay : SpliceRelay
{
    private readonly RelayWorker _worker;
    private readonly RelayListener _listener;
    private readonly RelayService _service;
    private readonly IdleTimer _timer;
    private List<RelayBackend>? _failed;
    private bool _lacksSource;
    private bool _isConnected;

    /// <summary>A relay that has not begun.</summary>
    /// <param name="worker">Whose it is.</param>
    /// <param name="listener">Where the client came in.</param>
    /// <param name="client">Its socket.</param>
    /// <param name="peer">Its address.</param>
    public TcpRelay(RelayWorker worker, RelayListener listener, int client, in SocketAddress peer)
        : base(worker.Reactor, worker.Pipes, worker.Datagram)
    {
        (_worker, _listener, _service) = (worker, listener, listener.Service);
        From = new IPEndPoint(new IPAddress(peer.Address), peer.Port);
        Client.Fd = client;
        _timer = new IdleTimer(this);
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

    /// <summary>Connects to the backend that the table chooses; where that fails, to others: the client has not been answered, so no byte is lost.</summary>
    public void Connect()
    {
        while (!IsClosed)
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

    /// <summary>Its backend keeps no flows any more: one that is being connected goes to another, one that is open can't, and is reset.</summary>
    public void OnBackendGone()
    {
        if (IsClosed)
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
    public void Reset() => End(SocketCalls.Reset);

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

        var added = Reactor.Add(Server, created.Value, RelaySide.Wanted);
        if (added.IsError)
            SocketCalls.Close(created.Value);
        return added.IsError ? added.Error : connected.Error;
    }

    // The outcome of a connect is an event of the server's socket; the client's is not listened to before.
    private bool IsConnectedBy(EpollEvents events)
    {
        var error = SocketCalls.TakeError(Server.Fd);
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
        var fd = Client.Fd;
        if (!Reactor.Add(Client, fd, RelaySide.Wanted).IsError)
            return true;
        Client.Fd = fd;
        Reset();
        return false;
    }

    /// <inheritdoc/>
    protected override bool MayMove(EpollEvents events) => _isConnected || IsConnectedBy(events);

    /// <inheritdoc/>
    protected override void OnMoved(RelaySide from, int bytes, bool spliced)
    {
        if (ReferenceEquals(from, Client))
            Backend?.CountSent(bytes);
        else
            Backend?.CountReturned(bytes);
        _timer.Deadline = Reactor.Now + (Client.HasEnded || Server.HasEnded ? _worker.Times.Closing : _worker.Times.Tcp);
    }

    /// <inheritdoc/>
    protected override void OnEnded(RelaySide from) => Reactor.Timers.Arm(_timer, Reactor.Now + _worker.Times.Closing);

    /// <inheritdoc/>
    protected override void OnDone() => End(SocketCalls.Close);

    /// <inheritdoc/>
    protected override void OnBroken() => Reset();

    /// <inheritdoc/>
    protected override void OnDefect() => Reset();

    private void Refuse(RelayDrop reason)
    {
        _service.CountDrop(reason);
        Reset();
    }

    private void CloseServer()
    {
        Reactor.Timers.Remove(_timer);
        if (Server.Fd < 0)
            return;
        var fd = Server.Fd;
        Reactor.Forget(Server);
        SocketCalls.Close(fd);
    }

    private void End(Action<int> end)
    {
        if (!Close(end))
            return;
        Reactor.Timers.Remove(_timer);
        _worker.Remove(this);
    }

    private void OnExpired()
    {
        if (_isConnected)
            Reset();
        else
            FailConnect();
    }

    private sealed class IdleTimer(TcpRelay relay) : TimerNode
    {
        public override void OnExpired() => relay.OnExpired();
    }
}
