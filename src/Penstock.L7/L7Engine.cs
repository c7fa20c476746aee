// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using System.ComponentModel;
using Microsoft.Extensions.Logging;
using Penstock.L7.Acme;
using Penstock.L7.Admission;
using Penstock.L7.Errors;
using Penstock.L7.Explaining;
using Penstock.L7.Metrics;
using Penstock.L7.Routing;
using Penstock.L7.Runtime;
using Penstock.L7.Tcp;
using Penstock.L7.Tls;
using Penstock.Linux;
using Penstock.Linux.Relays;
using Penstock.Model;
using Penstock.Model.L7;
using Penstock.Model.Observability;

namespace Penstock.L7;

/// <summary>The HTTP proxy tier: reactors, their listeners, and the snapshot they serve. Its methods are called by one thread, the control plane's.</summary>
public sealed class L7Engine : IAsyncDisposable
{
    /// <summary>An epoll instance and what wakes it.</summary>
    private const int DescriptorsPerWorker = 2;

    private readonly ILogger _logger;
    private readonly Func<int, Func<CompiledSnapshot>, DescriptorBudget, ILogger, Worker> _create;
    private readonly DescriptorShares _process;
    private readonly DescriptorShare _share;
    private readonly ListenerStore _store;
    private readonly List<ListenerSlot> _slots = [];
    private Worker[] _workers = [];
    private readonly AcmeChallenges _challenges = new();
    private readonly AcmeKeeper _acme;
    private SnapshotCompiler _compiler;
    private L7Meter? _meter;
    private CertificateWatch? _certificates;
    private DescriptorBudget? _descriptors;
    private CompiledSnapshot _current = CompiledSnapshot.Empty;
    private int? _ringBytes;
    private bool _hasPipes;
    private volatile bool _endsConnections;
    private bool _disposed;

    /// <summary>An engine that serves nothing until <see cref="Apply"/>.</summary>
    /// <param name="loggers">Log.</param>
    /// <param name="descriptors">The process's descriptors.</param>
    /// <param name="store">Listening sockets of the process before, and for the one after; null: there is neither.</param>
    public L7Engine(ILoggerFactory loggers, DescriptorShares descriptors, ListenerStore? store = null)
        : this(loggers, descriptors, store, (index, current, budget, logger) => new Worker(index, current, budget, logger))
    {
    }

    /// <summary>The same with workers from elsewhere.</summary>
    internal L7Engine(ILoggerFactory loggers, DescriptorShares descriptors, ListenerStore? store, Func<int, Func<CompiledSnapshot>, DescriptorBudget, ILogger, Worker> create)
    {
        ArgumentNullException.ThrowIfNull(loggers);
        ArgumentNullException.ThrowIfNull(descriptors);
        (_process, _share, _store, _create) = (descriptors, descriptors.Add(), store ?? ListenerStore.None(), create);
        _logger = loggers.CreateLogger("Penstock.L7");
        _compiler = new SnapshotCompiler(reactors: 0, new SeriesRegistry(reactors: 0), new SeriesRegistry(reactors: 0), _challenges);
        _acme = new AcmeKeeper(_challenges, TimeProvider.System, loggers.CreateLogger("Penstock.L7.Acme"));
    }

    /// <summary>Called when a certificate that this engine asked a CA for has been written, on a thread of its own: it is served from the next <see cref="Apply"/> on.</summary>
    public Func<Task>? CertificateIssued
    {
        get => _acme.Issued;
        set => _acme.Issued = value;
    }

    /// <summary>What CAs ask for while an order of this engine waits.</summary>
    public IReadOnlyList<AcmeChallenge> OpenChallenges() => _challenges.Own;

    /// <summary>Answers CAs for other hosts, from now on for these orders and no others of theirs; for any thread.</summary>
    public void AnswerFor(IEnumerable<AcmeChallenge> others) => _challenges.SetOthers(others);

    /// <summary>How long a connection between requests may wait for its next, where another process takes over.</summary>
    internal TimeSpan ForIdle { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>One ring for each reactor, present while the access log is configured.</summary>
    public IReadOnlyList<AccessLogRing> AccessLogRings { get; private set; } = [];

    /// <summary>
    /// Serves a snapshot. Listeners that stay keep their sockets, new ones are bound first, removed ones stop accepting;
    /// requests in flight finish on the snapshot they began with.
    /// </summary>
    /// <exception cref="L7ApplyException">A listener could not be bound; what ran before runs on, unchanged.</exception>
    public void Apply(Snapshot snapshot)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        Start(snapshot.Config.L7);
        var tls = _compiler.ReadTls(snapshot);
        var clusters = _compiler.Clusters(snapshot, _current, tls);
        var tables = _compiler.Tables(snapshot);
        var rings = RingsFor(snapshot.Config.L7.AccessLog);
        var added = OpenNew(snapshot.Config);

        // From here on nothing fails.
        _compiler.Adopt(tls);
        _share.SetActive(!snapshot.Config.L7.Listeners.IsEmpty);
        _slots.AddRange(added);
        Keep(added);
        var proxyStatus = new ProxyStatusField(snapshot.Config.Node);
        var listeners = new CompiledListener?[_slots.Select(slot => slot.Id + 1).DefaultIfEmpty().Max()];
        foreach (var config in snapshot.Config.L7.Listeners)
        {
            var slot = _slots.Find(slot => slot.Bind == config.Bind)!; // It was there, or has just been opened.
            listeners[slot.Id] = slot.Last = _compiler.Listener(slot, config, config.Routes is { } routes ? tables[routes] : RouteTable.Compile(TcpRoutes.Of(config)), clusters, tls, proxyStatus, snapshot.Config.Node);
            slot.Limiter.Limits = config.Limits;
        }

        SetPipesAside(snapshot.Config.L7);
        Adopt(rings, snapshot.Config.L7.AccessLog?.BufferBytes);
        var compiled = new CompiledSnapshot(snapshot.Generation, listeners, clusters);
        _certificates?.TellOfLosses(_current, compiled);
        Volatile.Write(ref _current, compiled);
        Publish(added, RemoveUnused(listeners), clusters);
        _compiler.ForgetUnused(Environment.TickCount64);
        _acme.Serve(snapshot.Config);
    }

    /// <summary>Where a configuration listens, as the kernel has it.</summary>
    public static IEnumerable<SocketAddress> Addresses(L7Config config)
    {
        ArgumentNullException.ThrowIfNull(config);
        return config.Listeners.Select(listener => ListenerBinder.AddressOf(listener.Bind));
    }

    /// <summary>What runs, for <c>penstock status</c>.</summary>
    public L7Status Status()
    {
        var status = StatusReport.Of(Volatile.Read(ref _current), _workers.Length, _descriptors);
        return status with { Warnings = [.. status.Warnings, .. _acme.Warnings()] };
    }

    /// <summary>What would become of a request, by what is served now.</summary>
    /// <exception cref="FormatException">It is no request.</exception>
    public RequestExplanation Explain(RequestQuestion question)
    {
        ArgumentNullException.ThrowIfNull(question);
        return RequestExplainer.Explain(Volatile.Read(ref _current), question);
    }

    /// <summary>Whether every reactor goes round its loop within the given time; wakes those that wait.</summary>
    /// <param name="within">At least a few hundred milliseconds: less says more about the host than about a reactor.</param>
    public async Task<bool> IsAliveAsync(TimeSpan within)
    {
        var turns = Array.ConvertAll(_workers, worker =>
        {
            var turned = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            worker.Reactor.Post(turned.SetResult);
            return turned.Task;
        });
        var all = Task.WhenAll(turns);
        return await Task.WhenAny(all, Task.Delay(within)) == all;
    }

    /// <summary>Has connections end with their present request (<c>Connection: close</c>), or stay as their clients ask. New ones are taken, those between requests wait for the next as ever.</summary>
    public void EndConnections(bool ends)
    {
        _endsConnections = ends;
        foreach (var worker in _workers)
            worker.EndsConnections = ends;
    }

    /// <summary>Cuts connections that are open, requests in flight too; new ones are taken as ever. It returns before they have ended.</summary>
    public void CutConnections()
    {
        foreach (var worker in _workers)
            worker.Reactor.Post(worker.Cut);
    }

    /// <summary>Connections of clients that are open.</summary>
    public long OpenConnections() => _workers.Sum(worker => worker.Open);

    /// <summary>
    /// Another process is to take over: connections end with their present request or their next, and those without one after <see cref="ForIdle"/>; new ones are served, and end likewise.
    /// Returns when those of the beginning have ended, or the time is over.
    /// </summary>
    /// <remarks>An idle connection that is closed while its client sends loses a request: those that are in use end with an answer before.</remarks>
    public async Task MakeWayAsync(TimeSpan limit)
    {
        var forIdle = limit < ForIdle ? limit : ForIdle;
        foreach (var worker in _workers)
            worker.Reactor.Post(worker.BeginLeaving);
        if (await UntilAsync(() => Array.TrueForAll(_workers, worker => worker.HasLeft), forIdle))
            return;
        foreach (var worker in _workers)
            worker.Reactor.Post(worker.EndLeaving);
        await UntilAsync(() => Array.TrueForAll(_workers, worker => worker.HasLeft), limit - forIdle);
    }

    /// <summary>Stops accepting, lets requests in flight finish, closes idle connections; returns when none is open or the time is over (then the rest is closed).</summary>
    /// <param name="timeout">How long requests may take.</param>
    /// <param name="keepsListening">
    /// Another process takes the sockets over, of which the store keeps descriptors: who connects from now on waits in the kernel's queue for the other process.
    /// </param>
    /// <returns>Connections that had to be cut.</returns>
    public async Task<int> DrainAsync(TimeSpan timeout, bool keepsListening = false)
    {
        foreach (var worker in _workers)
            worker.Reactor.Post(() => worker.Drain(keepsListening));
        await UntilClosedAsync(timeout);
        var cut = (int)OpenConnections();
        if (cut == 0)
            return 0;
        CutConnections();
        await UntilClosedAsync(TimeSpan.FromSeconds(1));
        return cut;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_disposed)
            return;
        _disposed = true;
        await _acme.DisposeAsync();
        _meter?.Dispose();
        _certificates?.Dispose();
        foreach (var worker in _workers)
        {
            worker.Reactor.Dispose();
            worker.ClosePipes();
        }

        _slots.ForEach(slot => slot.Release());
    }

    private void Start(L7Config config)
    {
        if (_workers.Length > 0)
            return;
        var count = config.Reactors > 0 ? config.Reactors : Environment.ProcessorCount;
        var descriptors = new DescriptorBudget(DescriptorReserve.Limit, _share, TimeProvider.System, _logger);
        var workers = StartWorkers(count, descriptors);

        // From here on nothing fails.
        var (requests, streams) = (new SeriesRegistry(count), new SeriesRegistry(count));
        _compiler = new SnapshotCompiler(count, requests, streams, _challenges);
        _process.Fix(count * (DescriptorsPerWorker + config.Listeners.Length));
        _share.SetActive(!config.Listeners.IsEmpty);
        (_workers, _descriptors) = (workers, descriptors);
        EndConnections(_endsConnections);
        descriptors.Announce();
        _meter = new L7Meter(_workers, requests, streams, () => Volatile.Read(ref _current));
        _certificates = new CertificateWatch(() => Volatile.Read(ref _current), TimeProvider.System, _logger);
    }

    private void SetPipesAside(L7Config config)
    {
        if (_hasPipes || config.Listeners.All(listener => listener.Mode != ListenerMode.Tcp))
            return;
        _hasPipes = true;
        _process.Fix(_workers.Length * PipePool.MaxKept * PipePool.DescriptorsEach);
    }

    private Worker[] StartWorkers(int count, DescriptorBudget descriptors)
    {
        var workers = new List<Worker>();
        try
        {
            while (workers.Count < count)
            {
                workers.Add(_create(workers.Count, () => Volatile.Read(ref _current), descriptors, _logger));
                workers[^1].Reactor.Start();
            }

            return [.. workers];
        }
        catch (Exception exception) when (exception is Win32Exception or OutOfMemoryException)
        {
            workers.ForEach(worker => worker.Reactor.Dispose());
            throw new L7ApplyException($"l7: can't start a thread for each of {count} reactors: {exception.Message}", exception);
        }
    }

    private List<ListenerSlot> OpenNew(ApplianceConfig appliance)
    {
        var virtuals = appliance.VrrpAddresses().ToHashSet();
        var opened = new List<ListenerSlot>();
        try
        {
            foreach (var config in appliance.L7.Listeners)
            {
                if (!_slots.Exists(slot => slot.Bind == config.Bind))
                    opened.Add(ListenerBinder.Open(FreeId(opened), config.Bind, _workers.Length, _store, isVirtual: config.Bind.Address is { } address && virtuals.Contains(address)));
            }

            return opened;
        }
        catch
        {
            opened.ForEach(slot => slot.TakeBack(_store));
            throw;
        }
    }

    private void Keep(List<ListenerSlot> added)
    {
        foreach (var slot in added)
        {
            _store.Keep(slot.Opened);
            slot.IsKept = _store.Keeps;
        }
    }

    private int FreeId(List<ListenerSlot> opened)
    {
        var used = _slots.Concat(opened).Select(slot => slot.Id).ToHashSet();
        var id = 0;
        while (used.Contains(id))
            id++;
        return id;
    }

    private List<ListenerSlot> RemoveUnused(CompiledListener?[] listeners)
    {
        var removed = _slots.FindAll(slot => listeners[slot.Id] is null);
        foreach (var slot in removed)
        {
            slot.IsRemoved = true;
            _slots.Remove(slot);
        }

        return removed;
    }

    private void Publish(List<ListenerSlot> added, List<ListenerSlot> removed, ImmutableDictionary<string, CompiledCluster> clusters)
    {
        var retired = _compiler.Retire(clusters);
        foreach (var worker in _workers)
        {
            worker.Reactor.Post(() =>
            {
                added.ForEach(worker.Listen);
                removed.ForEach(worker.Unlisten);
                retired.ForEach(cells => cells[worker.Index].Retire());
                foreach (var cluster in clusters.Values)
                    worker.CellOf(cluster);
            });
        }
    }

    /// <summary>Rings of the size that is configured; those there are when they have it.</summary>
    private IReadOnlyList<AccessLogRing> RingsFor(AccessLogConfig? config)
    {
        // Not compared with their capacity, which is rounded up.
        if (config?.BufferBytes == _ringBytes)
            return AccessLogRings;
        try
        {
            return config is null ? [] : Array.ConvertAll(_workers, _ => new AccessLogRing(config.BufferBytes));
        }
        catch (OutOfMemoryException exception)
        {
            throw new L7ApplyException($"there is no memory for the access log's buffers: {_workers.Length} of {config!.BufferBytes} bytes", exception); // Null takes none.
        }
    }

    private void Adopt(IReadOnlyList<AccessLogRing> rings, int? bytes)
    {
        if (ReferenceEquals(rings, AccessLogRings))
            return;
        for (var i = 0; i < _workers.Length; i++)
            _workers[i].AccessLog = rings.Count == 0 ? null : rings[i];
        _ringBytes = bytes;
        AccessLogRings = rings;
    }

    private Task UntilClosedAsync(TimeSpan timeout) => UntilAsync(() => OpenConnections() == 0, timeout);

    private static async Task<bool> UntilAsync(Func<bool> isOver, TimeSpan timeout)
    {
        var begun = TimeProvider.System.GetTimestamp();
        do
        {
            await Task.Delay(10);
        }
        while (!isOver() && TimeProvider.System.GetElapsedTime(begun) < timeout);

        return isOver();
    }
}
