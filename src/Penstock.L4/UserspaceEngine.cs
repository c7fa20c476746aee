// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using System.ComponentModel;
using System.Net;
using Microsoft.Extensions.Logging;
using Penstock.L4.Userspace;
using Penstock.Linux;
using Penstock.Linux.Relays;
using Penstock.Model;
using Penstock.Model.L4;

namespace Penstock.L4;

/// <summary>
/// The userspace engine: this process takes the connections and datagrams of services itself and relays them, on a thread for each core, to the backends that engine
/// xdp would choose. It needs no privilege and leaves nothing behind: its flows end with the process.
/// </summary>
public sealed class UserspaceEngine : IL4Engine
{
    /// <summary>An epoll instance, what wakes it, and the pipes that are kept.</summary>
    private const int DescriptorsPerWorker = 2 + (2 * PipePool.MaxKept);

    /// <summary>Sockets that are kept over a restart: a service may have 65,535 ports, and whoever keeps them has a limit, too (FileDescriptorStoreMax= of the unit).</summary>
    private const int MostKept = 1024;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan RetireEvery = TimeSpan.FromSeconds(1);

    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private readonly ListenerStore _store;
    private readonly Func<int, FlowLimit, DescriptorShare, ILogger, RelayWorker> _create;
    private readonly DescriptorShares _process;
    private readonly DescriptorShare _streams;
    private readonly DescriptorShare _datagrams;
    private readonly L4Meter _meter;
    private readonly Lock _gate = new();
    private readonly FlowLimit _connections;
    private Dictionary<(TransportProtocol Protocol, IPEndPoint Endpoint), RelayListener> _listeners = [];
    private Dictionary<string, RelayService> _services = new(StringComparer.Ordinal);
    private ImmutableArray<string> _order = [];
    private RelayWorker[] _workers = [];
    private ITimer? _retirement;
    private bool _isDraining;
    private volatile bool _isDisposed;

    /// <summary>An engine that listens nowhere until it is given a service.</summary>
    /// <param name="loggers">Log.</param>
    /// <param name="time">Clock.</param>
    /// <param name="descriptors">The process's descriptors.</param>
    /// <param name="store">Listening sockets of the process before, and for the one after.</param>
    public UserspaceEngine(ILoggerFactory loggers, TimeProvider time, DescriptorShares descriptors, ListenerStore store)
        : this(loggers, time, descriptors, store, (index, connections, datagrams, logger) => new RelayWorker(index, connections, datagrams, logger))
    {
    }

    /// <summary>The same with workers from elsewhere.</summary>
    internal UserspaceEngine(ILoggerFactory loggers, TimeProvider time, DescriptorShares descriptors, ListenerStore store, Func<int, FlowLimit, DescriptorShare, ILogger, RelayWorker> create)
    {
        (_logger, _time, _store, _create) = (loggers.CreateLogger("Penstock.L4"), time, store, create);
        (_process, _streams, _datagrams) = (descriptors, descriptors.Add(), descriptors.Add());
        _connections = new FlowLimit(_streams);
        _meter = new L4Meter(Status, time);
    }

    /// <summary>Whether nothing of it runs any more.</summary>
    public bool IsDisposed => _isDisposed;

    /// <summary>Whether a connection is open.</summary>
    public bool HasConnections => OpenConnections > 0;

    /// <summary>Connections of services that are open.</summary>
    public int OpenConnections => _connections.Open;

    /// <summary>Puts a snapshot's services in place: new addresses are bound before old ones are let go, and addresses that stay keep their sockets.</summary>
    /// <exception cref="L4ApplyException">An address can't be listened at; what ran before runs on.</exception>
    public void Apply(Snapshot snapshot)
    {
        lock (_gate)
        {
            var config = snapshot.Config.L4;
            if (config.Services.IsEmpty && _workers.Length == 0)
                return;
            Start(snapshot.Config);
            var tables = RelayPlanner.Tables(snapshot, _services).ToArray();
            var services = tables.ToDictionary(table => table.Config.Name, table => _services.GetValueOrDefault(table.Config.Name) ?? new RelayService(table), StringComparer.Ordinal);
            var endpoints = RelayPlanner.Endpoints(config.Services);
            foreach (var closed in endpoints.Keys.Where(at => _isDraining && !_listeners.ContainsKey(at)).ToList())
                endpoints.Remove(closed);
            var added = Open(endpoints, services);

            // From here on nothing fails.
            var gone = tables.SelectMany(table => _services.GetValueOrDefault(table.Config.Name)?.Table.Backends ?? []).ToHashSet();
            Adopt(tables, services);
            var removed = Listen(endpoints, added);
            Keep(added.Values);
            gone.ExceptWith(tables.SelectMany(Keeping));
            foreach (var backend in gone)
                backend.KeepsFlows = false;
            _order = [.. config.Services.Select(service => service.Name)];
            Publish(config, added, removed);
        }
    }

    /// <inheritdoc/>
    public L4Status Status()
    {
        lock (_gate)
        {
            if (_order.IsEmpty)
                return L4Status.Empty with { Engine = L4Engine.Userspace };
            var services = _order.Select(name => _services[name].Read()).ToImmutableArray();
            var drops = services.SelectMany(service => service.Drops).GroupBy(drop => drop.Key, StringComparer.Ordinal)
                .ToImmutableSortedDictionary(drop => drop.Key, drop => drop.Sum(one => one.Value), StringComparer.Ordinal);
            return L4Status.Empty with
            {
                Engine = L4Engine.Userspace,
                Services = services,
                Drops = drops,
                Warnings = [.. Warnings()],
                AcceptPauses = _workers.Sum(worker => worker.Pauses),
            };
        }
    }

    /// <inheritdoc/>
    public PacketExplanation? Explain(IPEndPoint from, IPEndPoint to, TransportProtocol protocol)
    {
        RelayListener? listener;
        RelayBackend? known = null;
        lock (_gate)
        {
            if (_order.IsEmpty)
                return null;
            listener = _listeners.GetValueOrDefault((protocol, to));
            if (listener is not null)
                known = Array.Find(OnEach(worker => worker.Find(listener, from)), backend => backend is not null);
        }

        if (listener is null)
            return new PacketExplanation("", "", $"no service listens at {protocol.ToString().ToLowerInvariant()}://{to}", "", "taken by this host's stack");
        var table = listener.Service.Table;
        if (known is not null)
            return Answer(table, known, to, "its flow is open");
        if (table.Choose(from, to) is not { } backend)
            return new PacketExplanation(table.Config.Name, "", "no backend is ready", "", protocol == TransportProtocol.Tcp ? "answered with a reset" : "dropped: no_backend");
        var by = table.Config.Hash == HashOn.Client ? "the client's address" : "the flow";
        return Answer(table, backend, to, $"slot {table.SlotOf(from, to)} of {table.Size} of its Maglev table, by {by}; no flow is open");
    }

    /// <inheritdoc/>
    public async Task MakeWayAsync(TimeSpan limit)
    {
        lock (_gate)
        {
            if (_isDisposed)
                return;
            OnEach(worker =>
            {
                worker.BeginLeaving();
                return true;
            });
        }

        var begun = _time.GetTimestamp();
        while (_workers.Any(worker => !worker.HasLeft) && _time.GetElapsedTime(begun) < limit)
            await Task.Delay(LookEvery, _time);
    }

    /// <inheritdoc/>
    /// <remarks>UDP has no connections to wait for: its services go on until the end.</remarks>
    public async Task<int> DrainAsync(TimeSpan timeout, bool keepsListening = false)
    {
        lock (_gate)
        {
            if (_isDisposed)
                return 0;
            _isDraining = true;
            var closing = _listeners.Values.Where(listener => listener.Protocol == TransportProtocol.Tcp).ToList();
            _listeners = _listeners.Where(one => one.Key.Protocol != TransportProtocol.Tcp).ToDictionary();
            _process.Fix(-closing.Count * _workers.Length);
            OnEach(worker =>
            {
                closing.ForEach(listener => worker.Unlisten(listener, keepsListening && listener.IsKept));
                return true;
            });
        }

        var begun = _time.GetTimestamp();
        while (_connections.Open > 0 && _time.GetElapsedTime(begun) < timeout)
            await Task.Delay(LookEvery, _time);
        return _connections.Open;
    }

    /// <summary>Resets connections that are open; new ones are taken as ever. It returns before they have ended.</summary>
    public void ResetConnections()
    {
        lock (_gate)
        {
            if (_isDisposed)
                return;
            foreach (var worker in _workers)
                worker.Reactor.Post(worker.ResetConnections);
        }
    }

    /// <summary>Lets go when the last connection has ended; the services are gone already.</summary>
    public void Retire()
    {
        lock (_gate)
        {
            _meter.Dispose();
            _retirement = _time.CreateTimer(_ => RetireIfIdle(), state: null, TimeSpan.Zero, Timeout.InfiniteTimeSpan);
        }
    }

    /// <summary>Closes listeners and resets connections.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            if (_isDisposed)
                return;
            _isDisposed = true;
            _retirement?.Dispose();
            _meter.Dispose();
            foreach (var worker in _workers)
                worker.Dispose();
            foreach (var listener in _listeners.Values)
                listener.Close();
            _streams.SetActive(active: false);
            _datagrams.SetActive(active: false);
            _process.Fix(-_workers.Length * (DescriptorsPerWorker + _listeners.Count));
            _order = [];
        }
    }

    private static PacketExplanation Answer(RelayTable table, RelayBackend backend, IPEndPoint to, string why) => new(
        table.Config.Name, backend.ToString(), why, "", $"relayed by this process to {backend.EndpointFor(to.Port)}");

    private static IEnumerable<RelayBackend> Keeping(RelayTable table) => table.Backends.Where((_, i) => table.States[i].State is EndpointState.Ready or EndpointState.Drain);

    private void Start(ApplianceConfig config)
    {
        if (_workers.Length > 0)
            return;
        var count = config.L7.Reactors > 0 ? config.L7.Reactors : Environment.ProcessorCount;
        var workers = new List<RelayWorker>();
        try
        {
            while (workers.Count < count)
            {
                workers.Add(_create(workers.Count, _connections, _datagrams, _logger));
                workers[^1].Reactor.Start();
            }
        }
        catch (Exception exception) when (exception is Win32Exception or OutOfMemoryException)
        {
            workers.ForEach(worker => worker.Dispose());
            throw new L4ApplyException($"l4: engine userspace can't start a thread for each of {count} cores: {exception.Message}", exception);
        }

        _workers = [.. workers];
        _process.Fix(count * DescriptorsPerWorker);
    }

    private Dictionary<(TransportProtocol Protocol, IPEndPoint Endpoint), RelayListener> Open(
        Dictionary<(TransportProtocol Protocol, IPEndPoint Endpoint), string> endpoints, Dictionary<string, RelayService> services)
    {
        var opened = new Dictionary<(TransportProtocol Protocol, IPEndPoint Endpoint), RelayListener>();
        try
        {
            foreach (var (at, name) in endpoints)
            {
                if (!_listeners.ContainsKey(at))
                    opened.Add(at, RelayBinder.Open(at.Protocol, at.Endpoint, _workers.Length, services[name], _store));
            }

            return opened;
        }
        catch
        {
            foreach (var listener in opened.Values)
                listener.TakeBack(_store);
            throw;
        }
    }

    private void Keep(IEnumerable<RelayListener> added)
    {
        var kept = _listeners.Values.Where(listener => listener.IsKept).Sum(listener => listener.Sockets.Count);
        foreach (var listener in added.Where(listener => _store.Keeps && listener is { Protocol: TransportProtocol.Tcp, IsKept: false }))
        {
            if ((kept += listener.Sockets.Count) > MostKept)
                return;
            _store.Keep(listener.Sockets);
            listener.IsKept = true;
        }
    }

    // What takes flows from now on keeps them from now on: first, so that none of its new flows is swept away.
    private void Adopt(RelayTable[] tables, Dictionary<string, RelayService> services)
    {
        foreach (var table in tables)
        {
            foreach (var backend in Keeping(table))
                backend.KeepsFlows = true;
            services[table.Config.Name].Table = table;
        }

        _services = services;
    }

    private List<RelayListener> Listen(Dictionary<(TransportProtocol Protocol, IPEndPoint Endpoint), string> endpoints, Dictionary<(TransportProtocol Protocol, IPEndPoint Endpoint), RelayListener> added)
    {
        var removed = _listeners.Where(one => !endpoints.ContainsKey(one.Key)).Select(one => one.Value).ToList();
        _listeners = _listeners.Concat(added).Where(one => endpoints.ContainsKey(one.Key)).ToDictionary();
        foreach (var (at, listener) in _listeners)
            listener.Service = _services[endpoints[at]];
        return removed;
    }

    private void Publish(L4Config config, Dictionary<(TransportProtocol Protocol, IPEndPoint Endpoint), RelayListener> added, List<RelayListener> removed)
    {
        var times = RelayTimes.Of(config);
        _connections.Configured = config.Nat.Flows;
        _streams.SetActive(config.Services.Any(service => service.Listen.Protocol == TransportProtocol.Tcp));
        _datagrams.SetActive(config.Services.Any(service => service.Listen.Protocol == TransportProtocol.Udp));
        _process.Fix((added.Count - removed.Count) * _workers.Length);
        var flows = Math.Max(1, config.Nat.Flows / _workers.Length);
        OnEach(worker =>
        {
            if (!config.Services.IsEmpty)
                (worker.Times, worker.MostFlows, worker.Workers) = (times, flows, _workers.Length); // Without services it runs out as it ran.
            foreach (var listener in added.Values)
                worker.Listen(listener);
            removed.ForEach(listener => worker.Unlisten(listener, keepsListening: false));
            worker.Sweep();
            return true;
        });
        if (added.Count + removed.Count > 0)
            _logger.LogInformation("{Services} services relayed by this process; {Added} addresses are new, {Removed} are gone", config.Services.Length, added.Count, removed.Count);
    }

    // Waited for, so that an address that is let go can be bound again; a worker that does not come round in time does it later.
    private T?[] OnEach<T>(Func<RelayWorker, T> work)
    {
        var results = Array.ConvertAll(_workers, worker =>
        {
            var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
            worker.Reactor.Post(() => done.TrySetResult(work(worker)));
            return done.Task;
        });
        _ = Task.WaitAll(results, Patience);
        return Array.ConvertAll(results, result => result.IsCompletedSuccessfully ? result.Result : default);
    }

    private IEnumerable<string> Warnings()
    {
        if (_isDraining)
            yield return $"stopping: no new connections of services are taken, {_connections.Open} are still open";
        else if (!_connections.HasRoom)
            yield return $"{_connections.Open} connections of services are open, as many as there may be: others wait (l4.nat.flows, or their part of the limit of open files)";
        var failures = _workers.Sum(worker => worker.Reactor.LoopFailures);
        if (failures > 0)
            yield return $"{failures} flows of services failed in a way that is a bug of penstock: see the log";
    }

    private void RetireIfIdle()
    {
        lock (_gate)
        {
            if (_isDisposed)
                return;
            if (_connections.Open > 0)
                _retirement?.Change(RetireEvery, Timeout.InfiniteTimeSpan);
            else
                Dispose();
        }
    }
}
