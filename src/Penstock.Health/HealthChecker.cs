// SPDX-License-Identifier: Apache-2.0
using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;
using Penstock.Model;
using Penstock.Model.L7;

namespace Penstock.Health;

/// <summary>Checks endpoints actively and reports which are ready and which are down. What was found about an endpoint outlives a reconfiguration that keeps it.</summary>
public sealed class HealthChecker : IAsyncDisposable
{
    /// <summary>Reason of endpoints that are down by what was found before this process.</summary>
    public const string WasDown = "was down before the daemon started";

    /// <summary>Checks under way at once. 256 keeps 500 dead endpoints at the default interval of 2 s and timeout of 1 s on time.</summary>
    public const int MaxConcurrentChecks = 256;

    private readonly Lock _gate = new();
    private readonly SemaphoreSlim _slots = new(MaxConcurrentChecks);
    private readonly HealthMetrics _metrics;
    private readonly MonitorContext _context;
    private Dictionary<(string Cluster, SocketEndpoint Address), EndpointMonitor> _monitors = [];
    private Dictionary<(string Cluster, SocketEndpoint Address), RiseFall> _inherited = [];

    /// <summary>A checker with nothing to check yet.</summary>
    /// <param name="changed">Called on each change, from any thread, at times for several endpoints at once; it must not block. A change may still arrive while <see cref="ApplyAsync"/> removes its endpoint.</param>
    /// <param name="time">Clock of every wait.</param>
    /// <param name="logger">Where failures are reported.</param>
    public HealthChecker(Action<HealthChange> changed, TimeProvider time, ILogger<HealthChecker> logger)
        : this(changed, time, logger, CreateCheck, Random.Shared.NextDouble)
    {
    }

    internal HealthChecker(Action<HealthChange> changed, TimeProvider time, ILogger logger, Func<HealthTarget, IHealthCheck> checkFor, Func<double> random)
    {
        _metrics = new HealthMetrics(EndpointsUp);
        _context = new MonitorContext(changed, time, logger, _metrics, _slots, checkFor, random);
    }

    /// <summary>Has an endpoint begin down, as something before this checker found it: its checks must pass first. Holds until the next <see cref="ApplyAsync"/>, and for what that is told to check.</summary>
    /// <param name="cluster">Name of its cluster.</param>
    /// <param name="address">The endpoint.</param>
    /// <param name="reason">Why it is down.</param>
    public void Inherit(string cluster, SocketEndpoint address, string reason)
    {
        lock (_gate)
            _inherited[(cluster, address)] = new RiseFall(rise: 1, fall: 1, EndpointState.Down, reason);
    }

    /// <summary>Has endpoints begin down that checks of a process before had found so, as <see cref="Inherit(string, SocketEndpoint, string)"/>; but not all that a cluster has: to try one is better than a 503.</summary>
    /// <param name="before">What was down.</param>
    /// <param name="targets">What <see cref="ApplyAsync"/> will be told to check.</param>
    /// <returns>Whether there are any.</returns>
    public bool Inherit(IEnumerable<DownEndpoint> before, IEnumerable<HealthTarget> targets)
    {
        var down = before.ToLookup(one => one.Cluster, one => one.Address, StringComparer.Ordinal);
        var any = false;
        foreach (var target in targets.Where(target => down.Contains(target.Cluster)))
        {
            SocketEndpoint[] found = [.. target.Endpoints.Intersect(down[target.Cluster])];
            if (found.Length == target.Endpoints.Length)
                continue;
            foreach (var address in found)
                Inherit(target.Cluster, address, WasDown);
            any |= found.Length > 0;
        }

        return any;
    }

    /// <summary>What checks find down now.</summary>
    public IReadOnlyList<DownEndpoint> Down()
    {
        lock (_gate)
            return [.. from monitor in _monitors where monitor.Value.Result.State == EndpointState.Down select new DownEndpoint(monitor.Key.Cluster, monitor.Key.Address)];
    }

    /// <summary>Checks these endpoints from now on, and no others. Call one at a time.</summary>
    /// <returns>Done when the checks of endpoints that went have ended.</returns>
    public async Task ApplyAsync(IEnumerable<HealthTarget> targets)
    {
        var next = new Dictionary<(string Cluster, SocketEndpoint Address), EndpointMonitor>();
        var added = new List<EndpointMonitor>();
        foreach (var target in targets)
        {
            foreach (var address in target.Endpoints)
            {
                var known = _monitors.GetValueOrDefault((target.Cluster, address));
                if (known is null || !known.Serves(target))
                {
                    known = new EndpointMonitor(target, address, known?.Result ?? _inherited.GetValueOrDefault((target.Cluster, address)), _context);
                    added.Add(known);
                }

                next[(target.Cluster, address)] = known;
            }
        }

        var removed = _monitors.Values.Except(next.Values).ToArray();
        lock (_gate)
            (_monitors, _inherited) = (next, []);

        foreach (var monitor in added)
            monitor.Start();

        foreach (var monitor in removed)
            await monitor.DisposeAsync();
    }

    /// <summary>What the checks have found about an endpoint.</summary>
    /// <returns>False: it is not checked.</returns>
    public bool TryGetState(string cluster, SocketEndpoint address, out EndpointState state, out string reason)
    {
        RiseFall? found;
        lock (_gate)
            found = _monitors.GetValueOrDefault((cluster, address))?.Result ?? _inherited.GetValueOrDefault((cluster, address));

        state = found?.State ?? EndpointState.Ready;
        reason = found?.Reason ?? "";
        return found is not null;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await ApplyAsync([]);
        _metrics.Dispose();
        _slots.Dispose();
    }

    private static IHealthCheck CreateCheck(HealthTarget target) => target.Check.Type switch
    {
        HealthCheckType.Tcp => new TcpCheck(target.ProxyProtocol, target.Marks, TlsOf(target)),
        HealthCheckType.Http when target.Protocol == UpstreamProtocol.H2 => new Http2Check(target, TlsOf(target)),
        HealthCheckType.Http => new HttpCheck(target.Check, target.ProxyProtocol, target.Marks, TlsOf(target)),
        HealthCheckType.Grpc => new GrpcCheck(target, TlsOf(target)),
        var other => throw new ArgumentOutOfRangeException(nameof(target), other, "unknown type of health check"),
    };

    private static CheckTls? TlsOf(HealthTarget target) =>
        target.Tls is { } tls ? new CheckTls(tls, target.Protocol == UpstreamProtocol.H2 || target.Check.Type == HealthCheckType.Grpc ? "h2" : "http/1.1") : null;

    private IEnumerable<Measurement<int>> EndpointsUp()
    {
        lock (_gate)
        {
            return _monitors
                .Select(m => new Measurement<int>(
                    m.Value.Result.State == EndpointState.Ready ? 1 : 0,
                    new("cluster", m.Key.Cluster),
                    new("endpoint", m.Key.Address.ToString())))
                .ToArray();
        }
    }
}
