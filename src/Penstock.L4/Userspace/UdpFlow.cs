// SPDX-License-Identifier: Apache-2.0
using System.Net;
using Penstock.Linux;
using Penstock.Linux.Reactors;
using SocketAddress = Penstock.Linux.SocketAddress;

namespace Penstock.L4.Userspace;

/// <summary>A client's datagrams to a UDP service, and a socket of their own towards the backend, by which the answers come. Level-triggered.</summary>
internal sealed class UdpFlow : EpollSource
{
    /// <summary>Answers taken in one turn, so that others get theirs.</summary>
    private const int PerTurn = 32;

    /// <summary>What connect(2) says of a UDP socket for which no port is left.</summary>
    private const Errno NoPort = Errno.EAGAIN;

    private readonly UdpReceiver _receiver;
    private readonly UdpClient _key;
    private readonly IdleTimer _timer;
    private RelayService _service;
    private SocketAddress _client;
    private List<RelayBackend>? _failed;

    /// <summary>A flow without a backend yet.</summary>
    /// <param name="receiver">Where its datagrams come in.</param>
    /// <param name="key">Its client.</param>
    /// <param name="client">The same.</param>
    public UdpFlow(UdpReceiver receiver, in UdpClient key, in SocketAddress client)
    {
        (_receiver, _key, _client, _service) = (receiver, key, client, receiver.Listener.Service);
        _timer = new IdleTimer(this);
    }

    /// <summary>Its backend; null: the next datagram has one chosen.</summary>
    public RelayBackend? Backend { get; private set; }

    /// <summary>What has come of it.</summary>
    public UdpUse Use { get; set; }

    /// <summary>Neighbour among the worker's flows, used longer ago.</summary>
    public UdpFlow? Older { get; set; }

    /// <summary>Neighbour among the worker's flows, used since.</summary>
    public UdpFlow? Newer { get; set; }

    private RelayWorker Worker => _receiver.Worker;

    private Reactor Reactor => Worker.Reactor;

    /// <summary>Carries a datagram of the client's. Where the backend has answered an earlier one with ICMP unreachable, it goes to another.</summary>
    public void Send(ReadOnlySpan<byte> datagram)
    {
        Worker.Touch(this, Use == UdpUse.Asked ? UdpUse.Asked : UdpUse.Established);
        Reactor.Timers.Arm(_timer, Reactor.Now + Worker.Times.Udp);
        var drop = RelayDrop.Unreachable;
        for (var attempt = 0; attempt < 2; attempt++)
        {
            if (Backend is null && !Open())
                return;
            var sent = SocketCalls.Send(Fd, datagram);
            if (!sent.IsError)
            {
                Backend?.CountDatagram(datagram.Length);
                return;
            }

            if (sent.Error is Errno.EAGAIN or Errno.ENOBUFS)
            {
                _service.CountDrop(RelayDrop.NoRoom);
                return;
            }

            // What the kernel tells here is of an earlier datagram; this one has not been sent. Where one was too large for its way, the backend has not failed.
            drop = sent.Error == Errno.EMSGSIZE ? RelayDrop.NoRoom : RelayDrop.Unreachable;
            if (sent.Error != Errno.EMSGSIZE)
                Fail();
        }

        _service.CountDrop(drop);
    }

    /// <inheritdoc/>
    public override void OnEvents(EpollEvents events)
    {
        for (var left = PerTurn; left > 0 && Fd >= 0; left--)
        {
            var received = SocketCalls.Receive(Fd, Worker.Datagram);
            if (received.Error == Errno.EAGAIN)
                return;
            if (received.Error is Errno.EMSGSIZE or Errno.EINTR)
                continue; // News of a smaller MTU on the way there.
            if (received.IsError)
            {
                Fail();
                return;
            }

            Worker.Touch(this, Use == UdpUse.Asked ? UdpUse.Answered : Use);
            Backend?.CountReturned(received.Value);
            _timer.Deadline = Reactor.Now + Worker.Times.Udp;
            if (_receiver.Answer(Worker.Datagram.AsSpan(0, received.Value), ref _client).IsError)
                _service.CountDrop(RelayDrop.NoRoom);
        }
    }

    /// <summary>After a reload: where its backend keeps no flows any more, or its address is another service's now, the next datagram has another chosen.</summary>
    public void OnReload()
    {
        var service = _receiver.Listener.Service;
        if (ReferenceEquals(_service, service) && Backend is not { KeepsFlows: false })
            return;
        _service = service;
        _failed = null;
        LeaveBackend();
    }

    /// <summary>Ends it to make room for another.</summary>
    public void Evict()
    {
        _service.CountEvictedFlow();
        Close();
    }

    /// <summary>Ends it.</summary>
    public void Close()
    {
        LeaveBackend();
        Reactor.Timers.Remove(_timer);
        _receiver.Remove(_key);
        Worker.Remove(this);
    }

    private bool Open()
    {
        var (from, to) = (new IPEndPoint(new IPAddress(_client.Address), _client.Port), _receiver.Listener.Endpoint);
        for (var (isAgain, lacksSource) = (false, false); ;)
        {
            if (_service.Table.Choose(from, to, _failed) is not { } backend)
            {
                if (_failed is null || isAgain || lacksSource)
                {
                    _service.CountDrop(lacksSource ? RelayDrop.NoSource : _failed is null ? RelayDrop.NoBackend : RelayDrop.Unreachable);
                    if (lacksSource)
                        _failed = null;
                    return false;
                }

                (_failed, isAgain) = (null, true); // All have failed it: one may be back.
                continue;
            }

            switch (OpenTo(backend))
            {
                case Errno.None:
                    Backend = backend;
                    backend.CountFlow();
                    return true;
                case Errno.EMFILE or Errno.ENFILE or Errno.ENOMEM or Errno.ENOBUFS:
                    _service.CountDrop(RelayDrop.NoDescriptor);
                    return false;
                case Errno.EADDRNOTAVAIL or NoPort:
                    lacksSource = true;
                    Worker.OnNoSource(backend);
                    (_failed ??= []).Add(backend);
                    break;
                default:
                    Exclude(backend);
                    break;
            }
        }
    }

    private Errno OpenTo(RelayBackend backend)
    {
        var error = TryOpen(backend);
        return error is Errno.EMFILE or NoPort && Worker.ForgetOne(except: this) ? TryOpen(backend) : error;
    }

    private Errno TryOpen(RelayBackend backend)
    {
        var to = backend.EndpointFor(_receiver.Listener.Endpoint.Port);
        var address = SocketAddress.Ip(to.Address, to.Port);
        var created = SocketCalls.CreateDatagramUnreserved(address);
        if (created.IsError)
            return created.Error;
        var connected = SocketCalls.Connect(created.Value, ref address);
        if (!connected.IsError && SocketCalls.IsItsOwnPeer(created.Value, address))
        {
            SocketCalls.Close(created.Value);
            return Errno.ECONNREFUSED; // Nothing listens there.
        }

        if (!connected.IsError)
            connected = Reactor.Add(this, created.Value, EpollEvents.In);
        if (connected.IsError)
            SocketCalls.Close(created.Value);
        return connected.Error;
    }

    private void Exclude(RelayBackend backend)
    {
        backend.CountFailure();
        (_failed ??= []).Add(backend);
    }

    private void Fail()
    {
        if (Backend is { } backend)
            Exclude(backend);
        LeaveBackend();
    }

    private void LeaveBackend()
    {
        Backend = null;
        if (Fd < 0)
            return;
        var fd = Fd;
        Reactor.Forget(this);
        SocketCalls.Close(fd);
    }

    private sealed class IdleTimer(UdpFlow flow) : TimerNode
    {
        public override void OnExpired() => flow.Close();
    }
}
