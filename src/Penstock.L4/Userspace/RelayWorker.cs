// SPDX-License-Identifier: Apache-2.0
using System.Net;
using Microsoft.Extensions.Logging;
using Penstock.Linux;
using Penstock.Linux.Reactors;
using Penstock.Linux.Relays;
using Penstock.Model.L4;
using SocketAddress = Penstock.Linux.SocketAddress;

namespace Penstock.L4.Userspace;

/// <summary>What one reactor relays: its listeners, connections and UDP flows. Used on its reactor's thread only, but where said.</summary>
internal sealed partial class RelayWorker : IDisposable
{
    private const int LargestDatagram = 1 << 16;
    private const long ComplainEveryMilliseconds = 60_000;

    private readonly ILogger _logger;
    private readonly FlowLimit _connections;
    private readonly DescriptorShare _datagrams;
    private readonly Dictionary<RelayListener, TcpAcceptor[]> _acceptors = [];
    private readonly Dictionary<RelayListener, UdpReceiver> _receivers = [];
    private TcpRelay? _relays;
    private HashSet<TcpRelay>? _leaving;
    private volatile bool _hasLeft;
    private readonly UdpFlows _flows = new();
    private long _complainAt;
    private long _complainOfSourceAt;
    private long _pauses;

    /// <summary>A worker whose reactor does not run yet.</summary>
    /// <param name="index">Which it is, from 0.</param>
    /// <param name="connections">How many connections all workers may have.</param>
    /// <param name="datagrams">Where descriptors of all workers' UDP flows come from.</param>
    /// <param name="logger">Log.</param>
    public RelayWorker(int index, FlowLimit connections, DescriptorShare datagrams, ILogger logger)
    {
        (Index, _connections, _datagrams, _logger) = (index, connections, datagrams, logger);
        Pipes = new PipePool(connections.Share);
        Reactor = new Reactor($"l4-reactor-{index}", exception => LogFailure(_logger, Index, exception));
    }

    /// <summary>Which it is, from 0.</summary>
    public int Index { get; }

    /// <summary>Its thread.</summary>
    public Reactor Reactor { get; }

    /// <summary>Its pipes.</summary>
    public PipePool Pipes { get; init; }

    /// <summary>Room for a datagram.</summary>
    public byte[] Datagram { get; } = GC.AllocateUninitializedArray<byte>(LargestDatagram, pinned: true);

    /// <summary>How long flows may stand still.</summary>
    public RelayTimes Times { get; set; }

    /// <summary>UDP flows it may have as configured; the one of least use makes room for another.</summary>
    public int MostFlows { get; set; } = 1;

    /// <summary>Workers that share the descriptors of UDP flows.</summary>
    public int Workers { get; set; } = 1;

    /// <summary>Whether another connection may be accepted.</summary>
    public bool HasRoom => _connections.HasRoom;

    /// <summary>How often connections had to wait because there were too many, or no descriptor was left. Read by any thread.</summary>
    public long Pauses => Volatile.Read(ref _pauses);

    /// <summary>Begins to take flows of a listener.</summary>
    public void Listen(RelayListener listener)
    {
        if (listener.Protocol == TransportProtocol.Tcp)
        {
            TcpAcceptor[] acceptors = [.. listener.SocketsOf(Index).Select(socket => new TcpAcceptor(this, listener, socket))];
            _acceptors.Add(listener, acceptors);
            foreach (var acceptor in acceptors)
                Check(acceptor.Start(), listener);
        }
        else
        {
            var receiver = new UdpReceiver(this, listener);
            _receivers.Add(listener, receiver);
            receiver.Start();
        }
    }

    /// <summary>Takes no more flows of a listener. TCP connections go on, UDP flows end.</summary>
    /// <param name="listener">The listener.</param>
    /// <param name="keepsListening">The sockets stay open: who connects from now on waits for another process.</param>
    public void Unlisten(RelayListener listener, bool keepsListening)
    {
        if (_acceptors.Remove(listener, out var acceptors))
            Array.ForEach(acceptors, acceptor => acceptor.Stop(closes: !keepsListening));
        if (_receivers.Remove(listener, out var receiver))
            receiver.Stop();
        if (!keepsListening)
            listener.CloseSocketsOf(Index);
    }

    /// <summary>Whether all connections of before <see cref="BeginLeaving"/> have ended; read by any thread.</summary>
    public bool HasLeft => _hasLeft;

    /// <summary>Looks at which connections are open now.</summary>
    public void BeginLeaving()
    {
        _leaving = [];
        for (var relay = _relays; relay is not null; relay = relay.Next)
            _leaving.Add(relay);
        _hasLeft = _leaving.Count == 0;
    }

    /// <summary>Ends, or moves, flows of backends that keep none.</summary>
    public void Sweep()
    {
        for (var relay = _relays; relay is not null;)
        {
            var next = relay.Next;
            if (relay.Backend is { KeepsFlows: false })
                relay.OnBackendGone();
            relay = next;
        }

        _flows.ForEach(flow => flow.OnReload());
    }

    /// <summary>Relays an accepted connection.</summary>
    public void Relay(RelayListener listener, int fd, in SocketAddress peer)
    {
        var relay = new TcpRelay(this, listener, fd, peer) { Next = _relays };
        if (_relays is { } first)
            first.Previous = relay;
        _relays = relay;
        _connections.Enter();
        relay.Connect();
    }

    /// <summary>A connection is closed.</summary>
    public void Remove(TcpRelay relay)
    {
        if (relay.Next is { } next)
            next.Previous = relay.Previous;
        if (relay.Previous is { } previous)
            previous.Next = relay.Next;
        else
            _relays = relay.Next;
        _connections.Leave();
        if (_leaving is { } leaving && leaving.Remove(relay))
            _hasLeft = leaving.Count == 0;
    }

    /// <summary>Takes a new flow into its list.</summary>
    public void Add(UdpFlow flow)
    {
        if (_flows.Count >= Math.Min(MostFlows, _datagrams.Most / Workers))
            ForgetOne(except: flow);
        _datagrams.Take(1);
        _flows.Add(flow);
    }

    /// <summary>A flow is used.</summary>
    public void Touch(UdpFlow flow, UdpUse use) => _flows.Touch(flow, use);

    /// <summary>A flow is closed.</summary>
    public void Remove(UdpFlow flow)
    {
        _flows.Remove(flow);
        _datagrams.Give(1);
    }

    /// <summary>Closes the flow of least use.</summary>
    /// <param name="except">Not this one.</param>
    /// <returns>Whether there was one.</returns>
    public bool ForgetOne(UdpFlow except)
    {
        if (_flows.Least(except) is not { } flow)
            return false;
        flow.Evict();
        return true;
    }

    /// <summary>The backend of a client's flow; null: it has none here.</summary>
    public RelayBackend? Find(RelayListener listener, IPEndPoint client)
    {
        if (_receivers.TryGetValue(listener, out var receiver))
            return receiver.Find(client)?.Backend;
        for (var relay = _relays; relay is not null; relay = relay.Next)
        {
            if (ReferenceEquals(relay.Listener, listener) && relay.From.Equals(client))
                return relay.Backend;
        }

        return null;
    }

    /// <summary>Connections have to wait.</summary>
    public void OnExhausted()
    {
        Volatile.Write(ref _pauses, _pauses + 1);
        if (Reactor.Now < _complainAt)
            return;
        _complainAt = Reactor.Now + ComplainEveryMilliseconds;
        LogExhausted(_logger, _connections.Open, _connections.Most);
    }

    /// <summary>A backend can't be connected to: every port of this host's is in use towards it, or no address is of its family.</summary>
    public void OnNoSource(RelayBackend backend)
    {
        if (Reactor.Now < _complainOfSourceAt)
            return;
        _complainOfSourceAt = Reactor.Now + ComplainEveryMilliseconds;
        LogNoSource(_logger, backend.ToString());
    }

    /// <summary>Logs that a listener can't be listened to.</summary>
    public void Check(IoResult result, RelayListener listener)
    {
        if (result.IsError)
            LogListenFailure(_logger, listener.Endpoint.ToString(), result.Error);
    }

    /// <summary>Resets every connection.</summary>
    public void ResetConnections()
    {
        while (_relays is { } relay)
            relay.Reset();
    }

    /// <summary>Ends the thread and every flow.</summary>
    public void Dispose()
    {
        Reactor.Dispose();
        ResetConnections();
        while (_flows.First is { } flow)
            flow.Close();
        Pipes.Dispose();
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "l4 reactor {Index}: a flow failed in a way that is a bug of ours")]
    private static partial void LogFailure(ILogger logger, int index, Exception exception);

    [LoggerMessage(Level = LogLevel.Error, Message = "cannot listen at {Address}: {Error}")]
    private static partial void LogListenFailure(ILogger logger, string address, Errno error);

    [LoggerMessage(Level = LogLevel.Warning, Message = "l4: connections have to wait: {Open} of at most {Most} are open, or no descriptor is left (l4.nat.flows, RLIMIT_NOFILE)")]
    private static partial void LogExhausted(ILogger logger, int open, int most);

    [LoggerMessage(Level = LogLevel.Warning, Message = "l4: this host has no port left to connect to {Backend} from (net.ipv4.ip_local_port_range), or no address of its family")]
    private static partial void LogNoSource(ILogger logger, string backend);
}
