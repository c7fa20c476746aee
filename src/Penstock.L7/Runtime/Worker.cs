// SPDX-License-Identifier: Apache-2.0
using System.Diagnostics;
using Microsoft.Extensions.Logging;
using Penstock.L7.Admission;
using Penstock.L7.Balancing;
using Penstock.L7.Errors;
using Penstock.L7.Forwarding;
using Penstock.L7.Http1;
using Penstock.L7.Http2;
using Penstock.L7.Metrics;
using Penstock.L7.ProxyProtocol;
using Penstock.L7.Routing;
using Penstock.L7.Tcp;
using Penstock.L7.Upstream;
using Penstock.Linux;
using Penstock.Linux.Reactors;
using Penstock.Linux.Relays;
using Penstock.Model.L7;
using Penstock.Model.Observability;

namespace Penstock.L7.Runtime;

/// <summary>What one reactor needs to proxy: its listeners, connections, exchanges and counters. Used on its reactor's thread only, but where said.</summary>
internal sealed partial class Worker
{
    /// <summary>Exchanges kept for reuse; a busy proxy has about as many as requests in flight.</summary>
    private const int MaxKeptExchanges = 1024;

    private readonly ILogger _logger;
    private readonly Func<CompiledSnapshot> _current;
    private readonly Stack<Exchange> _exchanges = new();
    private readonly Stack<Http2ServerStream> _streams = new();
    private readonly List<ProxyListener> _listeners = [];
    private ClientConnection? _connections;
    private long _open;
    private long _defects;
    private AccessLogRing? _accessLog;
    private long _droppedBefore;
    private long _wallOffset;
    private long _wallComparedAt;
    private FastRandom _random = FastRandom.Seeded();

    internal Worker(int index, Func<CompiledSnapshot> current, DescriptorBudget descriptors, ILogger logger)
    {
        Descriptors = descriptors;
        BodyPipes = new PipePool(descriptors.Share, keepsOnly: true);
        Index = index;
        _current = current;
        _logger = logger;
        Reactor = new Reactor($"reactor-{index}", exception => LogLoopFailure(_logger, Index, exception));
    }

    /// <summary>Which of the engine's workers it is, from 0.</summary>
    internal int Index { get; }

    /// <summary>Its thread.</summary>
    internal Reactor Reactor { get; }

    /// <summary>The process's descriptors; all workers share it.</summary>
    internal DescriptorBudget Descriptors { get; }

    /// <summary>Its counters.</summary>
    internal ReactorCounters Counters { get; } = new();

    /// <summary>Its normaliser of paths.</summary>
    internal PathNormalizer Paths { get; } = new();

    /// <summary>Its texts of errors.</summary>
    internal RejectionTexts RejectionTexts { get; } = new();

    /// <summary>Its clock for Date.</summary>
    internal HttpDate Date { get; } = new(TimeProvider.System);

    /// <summary>Its ring of finished requests; null while there is no access log. Set by the control plane's thread.</summary>
    internal AccessLogRing? AccessLog
    {
        get => _accessLog;
        set
        {
            Volatile.Write(ref _droppedBefore, _droppedBefore + (_accessLog?.Dropped ?? 0));
            Volatile.Write(ref _accessLog, value);
        }
    }

    /// <summary>Records that the present ring and those before it had no room for; read by any thread.</summary>
    internal long AccessLogDropped => Volatile.Read(ref _droppedBefore) + (AccessLog?.Dropped ?? 0);

    /// <summary>Its random numbers.</summary>
    internal ref FastRandom Random => ref _random;

    /// <summary>Client connections open; read by any thread.</summary>
    internal long Open => Volatile.Read(ref _open);

    /// <summary>Exceptions that ended a connection: defects of ours. Read by any thread.</summary>
    internal long Defects => Volatile.Read(ref _defects) + Reactor.LoopFailures;

    /// <summary>The listener as of the newest snapshot.</summary>
    internal CompiledListener ListenerOf(ListenerSlot slot)
    {
        var listeners = _current().Listeners;
        if (slot.Id < listeners.Length && listeners[slot.Id] is { } current && ReferenceEquals(current.Slot, slot))
            return current;
        return slot.Last!; // Set before the slot's socket is listened to.
    }

    /// <summary>This worker's share of a cluster, brought up to the given version.</summary>
    internal ClusterCell CellOf(CompiledCluster cluster)
    {
        var cell = cluster.Cells[Index];
        cell.Update(cluster, Reactor, ref _random);
        return cell;
    }

    /// <summary>Closes a connection to some endpoint that no request uses, so that its descriptor can serve one that is needed.</summary>
    /// <returns>False when there is none.</returns>
    internal bool DropUnusedUpstream()
    {
        foreach (var cluster in _current().Clusters.Values)
        {
            if (CellOf(cluster).DropUnused())
                return true;
        }

        return false;
    }

    /// <summary>Listens at a slot.</summary>
    internal void Listen(ListenerSlot slot)
    {
        foreach (var socket in slot.SocketsOf(Index))
        {
            var listener = new ProxyListener(this, slot, socket);
            var result = listener.Start();
            if (result.IsError)
                LogListenFailure(_logger, slot.BoundTo.ToString(), result.Error);
            _listeners.Add(listener);
        }
    }

    /// <summary>Serves an accepted connection, once its PROXY header has come where its peer has to send one.</summary>
    internal void Serve(ListenerSlot slot, int fd, in SocketAddress peer)
    {
        var listener = ListenerOf(slot);
        if (listener.AwaitsProxyHeader(peer))
            new ProxyHeaderWait(this, slot, peer).Begin(fd, listener.Config.ProxyProtocol!.Timeout); // It awaits one.
        else
            Serve(listener, fd, peer, announced: null);
    }

    /// <summary>Serves a connection, if the listener's limits admit it.</summary>
    /// <param name="listener">Where it was accepted.</param>
    /// <param name="fd">Its socket.</param>
    /// <param name="client">The client's address.</param>
    /// <param name="announced">What its PROXY header says of it; null: there is none, or it says nothing.</param>
    internal void Serve(CompiledListener listener, int fd, in SocketAddress client, ClientIdentity? announced)
    {
        var slot = listener.Slot;
        var admission = slot.Limiter.Enter(ClientAddress.FromBytes(client.Address));
        if (admission is AdmissionVerdict.ListenerFull or AdmissionVerdict.ClientFull)
        {
            SocketCalls.Close(fd);
            return;
        }

        if (listener.Config.Mode == ListenerMode.Tcp)
        {
            Relay(new StreamClient(this, listener, ClientAddress.FromBytes(client.Address), client.Port, announced, admission), fd);
            return;
        }

        var connection = new ClientConnection(this, slot, client, announced, admission);
        if (connection.Attach(fd).IsError)
        {
            slot.Limiter.Leave(connection.Peer, admission);
            return;
        }

        Descriptors.Enter();
        slot.CountersOf(Index).OnAccepted();
        Volatile.Write(ref _open, _open + 1);
        connection.NextConnection = _connections;
        if (_connections is { } first)
            first.PreviousConnection = connection;
        _connections = connection;
        _ = connection.ServeAsync(); // It never fails: it catches all.
        if (IsDraining || slot.IsRemoved)
            connection.EndSoon(); // Its PROXY header came late; its request is likely to be behind it.
    }

    /// <summary>A connection is closed.</summary>
    internal void OnClosed(ClientConnection connection)
    {
        if (connection.NextConnection is { } next)
            next.PreviousConnection = connection.PreviousConnection;
        if (connection.PreviousConnection is { } previous)
            previous.NextConnection = connection.NextConnection;
        else
            _connections = connection.NextConnection;
        Descriptors.Leave();
        Volatile.Write(ref _open, _open - 1);
        OnLeft(connection);
        connection.Slot.CountersOf(Index).OnClosed(connection.Reader.TotalReceived, connection.Writer.TotalSent);
        connection.Slot.Limiter.Leave(connection.Peer, connection.Admission);
    }

    /// <summary>An exchange for a client's next request.</summary>
    internal Exchange RentExchange(IClientStream client)
    {
        if (!_exchanges.TryPop(out var exchange))
            exchange = new Exchange(this);
        exchange.Begin(client);
        exchange.Begun = Reactor.BeginRequest();
        return exchange;
    }

    /// <summary>Takes an exchange back.</summary>
    internal void ReturnExchange(Exchange exchange)
    {
        Reactor.EndRequest(exchange.Begun);
        if (exchange.IsPumping)
            return; // After a defect: what still runs of it must not find another request.
        exchange.Reset();
        if (_exchanges.Count < MaxKeptExchanges)
            _exchanges.Push(exchange);
    }

    /// <summary>A stream for an HTTP/2 client's next request.</summary>
    internal Http2ServerStream RentStream() => _streams.TryPop(out var stream) ? stream : new Http2ServerStream(Reactor);

    /// <summary>Takes a stream back.</summary>
    internal void ReturnStream(Http2ServerStream stream)
    {
        if (_streams.Count < MaxKeptExchanges)
            _streams.Push(stream);
    }

    /// <summary>An exception ended a connection.</summary>
    internal void OnDefect(Exception exception)
    {
        Volatile.Write(ref _defects, _defects + 1);
        LogDefect(_logger, exception);
    }

    /// <summary>Wall-clock time of a timestamp, microseconds since the Unix epoch; the two clocks are compared once a second.</summary>
    internal long WallMicroseconds(long timestamp)
    {
        if (Reactor.Now - _wallComparedAt >= 1000 || _wallOffset == 0)
        {
            _wallComparedAt = Reactor.Now;
            _wallOffset = ((DateTime.UtcNow.Ticks - DateTime.UnixEpoch.Ticks) / TimeSpan.TicksPerMicrosecond) - Microseconds(0, Stopwatch.GetTimestamp());
        }

        return _wallOffset + Microseconds(0, timestamp);
    }

    /// <summary>Microseconds between two timestamps.</summary>
    internal static long Microseconds(long from, long to) => (to - from) / (Stopwatch.Frequency / 1_000_000);

    [LoggerMessage(Level = LogLevel.Error, Message = "cannot listen at {Address}: {Error}")]
    private static partial void LogListenFailure(ILogger logger, string address, Errno error);

    [LoggerMessage(Level = LogLevel.Error, Message = "reactor {Index}: a connection failed in a way that is a bug of ours")]
    private static partial void LogLoopFailure(ILogger logger, int index, Exception exception);

    [LoggerMessage(Level = LogLevel.Error, Message = "a connection ended by a defect of the proxy")]
    private static partial void LogDefect(ILogger logger, Exception exception);
}
