// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using System.Net;
using Microsoft.Extensions.Logging;
using Penstock.Model;
using Penstock.Model.L7;

namespace Penstock.Discovery.Dns;

/// <summary>
/// Every address of a name, asked for again when the TTL ends. A failure, or a name without addresses, keeps the last good list: a broken
/// name server must not take a working cluster down.
/// </summary>
/// <param name="cluster">Name of the cluster.</param>
/// <param name="config">Name, port and bounds of the interval.</param>
/// <param name="resolve">Resolves a name once.</param>
/// <param name="found">Told of each new list.</param>
/// <param name="time">Clock.</param>
/// <param name="logger">Log.</param>
/// <param name="metrics">Counts.</param>
internal sealed class DnsSource(
    string cluster,
    DnsDiscoveryConfig config,
    Func<string, CancellationToken, Task<Resolution>> resolve,
    Action<ClusterEndpointsFound> found,
    TimeProvider time,
    ILogger logger,
    DiscoveryMetrics metrics) : IDiscoverySource, IMeasuredSource
{
    /// <summary>Up to this share of a wait is cut off at random, so that many names do not keep in step.</summary>
    private const double Jitter = 0.1;

    /// <summary>Longest wait after a failure (Envoy's DNS clusters: 5 s after each).</summary>
    private static readonly TimeSpan LongestRetry = TimeSpan.FromSeconds(30);

    private readonly CancellationTokenSource _stop = new();
    private ImmutableArray<IPAddress> _v4 = [];
    private ImmutableArray<IPAddress> _v6 = [];
    private ImmutableArray<Endpoint> _reported;
    private long _confirmed = time.GetTimestamp();
    private int _failures;
    private Task _loop = Task.CompletedTask;

    /// <inheritdoc/>
    public string Cluster => cluster;

    /// <inheritdoc/>
    public TimeSpan Age => time.GetElapsedTime(Volatile.Read(ref _confirmed));

    /// <inheritdoc/>
    public int EndpointCount => _reported.IsDefault ? 0 : _reported.Length;

    /// <inheritdoc/>
    public IEnumerable<string> Warnings =>
        Volatile.Read(ref _failures) == 0 ? [] : [$"cluster {cluster}: {config.Name} does not resolve since {Age.TotalSeconds:0} s; its {EndpointCount} endpoints from before are used"];

    /// <inheritdoc/>
    public void Start()
    {
        metrics.Add(this);
        _loop = RunAsync(_stop.Token);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        metrics.Remove(this);
        await _stop.CancelAsync();
        await _loop;
        _stop.Dispose();
    }

    private static int Compare(IPAddress x, IPAddress y) => x.GetAddressBytes().AsSpan().SequenceCompareTo(y.GetAddressBytes());

    private async Task RunAsync(CancellationToken stop)
    {
        try
        {
            while (true)
                await Task.Delay(await ResolveOnceAsync(stop), time, stop);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Disposed.
        }
    }

    /// <summary>Asks once and reports what is new.</summary>
    /// <returns>Time until the next question.</returns>
    private async Task<TimeSpan> ResolveOnceAsync(CancellationToken stop)
    {
        try
        {
            var resolution = await resolve(config.Name, stop);
            stop.ThrowIfCancellationRequested();
            metrics.Count(cluster, resolution.HasAddresses);
            if (!resolution.HasAddresses)
                return Failed(resolution.HasFailure ? "no name server could say" : "it has no addresses", exception: null);

            return Succeeded(resolution);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // The loop's catch-all: whatever goes wrong in one attempt, the next one comes.
            metrics.Count(cluster, succeeded: false);
            return Failed(e.Message, e);
        }
    }

    private TimeSpan Succeeded(Resolution resolution)
    {
        if (_failures > 0)
            logger.LogInformation("{Cluster}: {Name} resolves again", cluster, config.Name);

        // A family that could not be asked about keeps what it had.
        _v4 = resolution.IPv4.IsDefault ? _v4 : resolution.IPv4;
        _v6 = resolution.IPv6.IsDefault ? _v6 : resolution.IPv6;
        _failures = 0;
        Volatile.Write(ref _confirmed, time.GetTimestamp());
        var endpoints = _v4.Distinct().Order(Comparer<IPAddress>.Create(Compare))
            .Concat(_v6.Distinct().Order(Comparer<IPAddress>.Create(Compare)))
            .Select(a => new Endpoint(SocketEndpoint.Ip(a, config.Port), Weight: 1, EndpointState.Ready))
            .ToImmutableArray();
        if (_reported.IsDefault || !_reported.SequenceEqual(endpoints))
        {
            _reported = endpoints;
            logger.LogInformation("{Cluster}: {Name} has {Count} addresses", cluster, config.Name, endpoints.Length);
            found(new ClusterEndpointsFound(cluster, endpoints));
        }

        return Jittered(Clamp(resolution.Ttl ?? config.MaxInterval));
    }

    private TimeSpan Failed(string reason, Exception? exception)
    {
        if (_failures == 0)
            logger.LogWarning(exception, "{Cluster}: {Name} does not resolve: {Reason}; {Count} endpoints kept", cluster, config.Name, reason, EndpointCount);

        var retry = config.MinInterval * Math.Pow(2, Math.Min(_failures, 10));
        _failures++;
        return Jittered(Clamp(retry < LongestRetry ? retry : LongestRetry));
    }

    private TimeSpan Clamp(TimeSpan interval) =>
        interval < config.MinInterval ? config.MinInterval : interval > config.MaxInterval ? config.MaxInterval : interval;

    private TimeSpan Jittered(TimeSpan interval)
    {
        var shorter = interval * (1 - (Jitter * Random.Shared.NextDouble()));
        return shorter < config.MinInterval ? config.MinInterval : shorter;
    }
}
