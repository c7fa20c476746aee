// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Penstock.Model;
using Penstock.Model.L7;

namespace Penstock.Discovery.Kubernetes;

/// <summary>
/// Endpoints of a Service in one Kubernetes cluster or several. An API server that can't be reached takes nothing away: what it said last stays, over restarts too, since it is kept in a file.
/// </summary>
internal sealed class KubernetesSource : IDiscoverySource, IMeasuredSource
{
    private readonly ApiCluster[] _parts;
    private readonly EndpointStore _store;
    private readonly Action<ClusterEndpointsFound> _found;
    private readonly KubernetesLimits _limits;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly DiscoveryMetrics _metrics;
    private readonly ITimer _restore;
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _gate = new();
    private ImmutableArray<Endpoint> _reported;
    private Task _saves = Task.CompletedTask;
    private bool _mayRestore, _isDirty, _isStopped;
    private long _saved;
    private string? _saveTrouble;

    /// <summary>A source at rest.</summary>
    /// <param name="cluster">Name of the cluster.</param>
    /// <param name="sources">What it is made of.</param>
    /// <param name="state">Folder of what the daemon keeps over restarts.</param>
    /// <param name="read">Reads what an API server is reached by; throws <see cref="InvalidDataException"/> when that can't be used.</param>
    /// <param name="found">Told of each new list.</param>
    /// <param name="limits">Bounds.</param>
    /// <param name="time">Clock.</param>
    /// <param name="logger">Log.</param>
    /// <param name="metrics">Counts.</param>
    /// <param name="isUdp">Whether its ports are those of UDP; else of TCP.</param>
    public KubernetesSource(
        string cluster,
        ImmutableArray<KubernetesDiscoveryConfig> sources,
        string state,
        Func<KubernetesDiscoveryConfig, KubernetesAccess> read,
        Action<ClusterEndpointsFound> found,
        KubernetesLimits limits,
        TimeProvider time,
        ILogger logger,
        DiscoveryMetrics metrics,
        bool isUdp = false)
    {
        (Cluster, _found, _limits, _time, _logger, _metrics) = (cluster, found, limits, time, logger, metrics);
        _store = new EndpointStore(state, cluster, sources, isUdp);
        var meter = new KubernetesMeter(cluster, metrics);
        _parts = [.. sources.Select(source => new ApiCluster(source, () => read(source), Report, limits, time, logger, meter, isUdp))];
        _saved = time.GetTimestamp();
        _restore = time.CreateTimer(_ => Restore(), state: null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <inheritdoc/>
    public string Cluster { get; }

    /// <inheritdoc/>
    public TimeSpan Age => _parts.Max(part => part.Age);

    /// <inheritdoc/>
    public int EndpointCount
    {
        get
        {
            lock (_gate)
                return _reported.IsDefault ? 0 : _reported.Length;
        }
    }

    /// <inheritdoc/>
    public IEnumerable<string> Warnings
    {
        get
        {
            foreach (var part in _parts)
            {
                if (part.Warning is { } warning)
                    yield return $"{DiscoveryTarget.Label(Cluster)}: {warning}";
            }

            if (Volatile.Read(ref _saveTrouble) is { } trouble)
                yield return $"{DiscoveryTarget.Label(Cluster)}: its endpoints would not outlive a restart: {trouble}";
        }
    }

    /// <inheritdoc/>
    public void Start()
    {
        _metrics.Add(this);
        if (_store.Load(_parts, _time.GetUtcNow()) is { } trouble)
            _logger.LogWarning("{Cluster}: {Reason}", Cluster, trouble);
        foreach (var part in _parts)
            part.Start();
        _restore.Change(_limits.Restore, Timeout.InfiniteTimeSpan);
        _saves = Task.Run(() => SaveAtTimesAsync(_stop.Token));
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _metrics.Remove(this);
        lock (_gate)
            _isStopped = true;
        await _restore.DisposeAsync();
        await _stop.CancelAsync();
        await _saves;
        Save(isLast: true);
        foreach (var part in _parts)
            await part.DisposeAsync();
        _stop.Dispose();
    }

    // What is on the disk does as long as an API server does not answer.
    private void Restore()
    {
        lock (_gate)
            _mayRestore = true;
        Report();
    }

    private void Report()
    {
        lock (_gate)
        {
            if (_isStopped || !(_mayRestore || Array.TrueForAll(_parts, part => part.IsLive)))
                return;
            var known = _parts.Select(part => (Part: part, part.Endpoints)).Where(one => !one.Endpoints.IsDefault).Select(one => (one.Part.Used(one.Endpoints), one.Part.Config.Weight)).ToArray();
            if (known.Length == 0)
                return;
            var endpoints = SourceMerge.Join(known);
            if (!_reported.IsDefault && _reported.AsSpan().SequenceEqual(endpoints.AsSpan()))
                return;
            if (_reported.IsDefault || endpoints.IsEmpty)
                _logger.LogInformation("{Cluster}: Kubernetes has {Count} endpoints", Cluster, endpoints.Length);
            else
                _logger.LogDebug("{Cluster}: Kubernetes has {Count} endpoints", Cluster, endpoints.Length);
            (_reported, _isDirty) = (endpoints, true);
            _found(new ClusterEndpointsFound(Cluster, endpoints));
        }
    }

    private async Task SaveAtTimesAsync(CancellationToken stop)
    {
        while (true)
        {
            await Task.Delay(_limits.Save, _time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (stop.IsCancellationRequested)
                return;
            Save(isLast: false);
        }
    }

    private void Save(bool isLast)
    {
        // What came from the disk alone is there already.
        if (!Array.Exists(_parts, part => part.IsLive))
            return;
        lock (_gate)
        {
            if (!isLast && !_isDirty && _time.GetElapsedTime(_saved) < _limits.SaveAnyway)
                return;
            _isDirty = false;
        }

        _saved = _time.GetTimestamp();
        var trouble = _store.Save(_parts, _time.GetUtcNow());
        if (trouble is null && !isLast)
            _store.Prune();
        if (trouble is not null && _saveTrouble is null)
            _logger.LogWarning("{Cluster}: its endpoints would not outlive a restart: {Reason}", Cluster, trouble);
        Volatile.Write(ref _saveTrouble, trouble);
        if (trouble is null)
            return;
        lock (_gate)
            _isDirty = true;
    }
}
