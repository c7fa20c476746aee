// SPDX-License-Identifier: Apache-2.0
using Microsoft.Extensions.Logging;
using Penstock.Model;
using Penstock.Model.L7;

namespace Penstock.Health;

/// <summary>Checks one endpoint over and over until disposed.</summary>
internal sealed class EndpointMonitor : IAsyncDisposable
{
    private const double Jitter = 0.1;

    private readonly HealthTarget _target;
    private readonly string _cluster;
    private readonly SocketEndpoint _address;
    private readonly IHealthCheck _check;
    private readonly RiseFall _riseFall;
    private readonly MonitorContext _context;
    private readonly CancellationTokenSource _stop = new();
    private Task _loop = Task.CompletedTask;

    /// <summary>A monitor at rest.</summary>
    /// <param name="target">Cluster, and how to check.</param>
    /// <param name="address">The endpoint.</param>
    /// <param name="before">What checks with another configuration have found; null: nothing yet.</param>
    /// <param name="context">What all monitors share.</param>
    public EndpointMonitor(HealthTarget target, SocketEndpoint address, RiseFall? before, MonitorContext context)
    {
        _target = target;
        _cluster = target.Cluster;
        _address = address;
        _context = context;
        _check = context.CheckFor(target);
        _riseFall = new RiseFall(Config.Rise, Config.Fall, before?.State ?? EndpointState.Ready, before?.Reason ?? "");
    }

    /// <summary>How it checks.</summary>
    public HealthCheckConfig Config => _target.Check;

    /// <summary>Whether it checks as a target asks for.</summary>
    public bool Serves(HealthTarget target) => _target.Check == target.Check && _target.ProxyProtocol == target.ProxyProtocol && _target.Protocol == target.Protocol && ReferenceEquals(_target.Tls, target.Tls)
        && _target.Marks.GetValueOrDefault(_address) == target.Marks.GetValueOrDefault(_address);

    /// <summary>What the checks have found. Written by the loop only; a reader on another thread may see the state before the reason.</summary>
    public RiseFall Result => _riseFall;

    /// <summary>Begins; the first check comes at a random moment of the first interval, so that a start does not check everything at once.</summary>
    public void Start() => _loop = RunAsync(_stop.Token);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _loop;
        _stop.Dispose();
    }

    private async Task RunAsync(CancellationToken stop)
    {
        try
        {
            await Task.Delay(Config.Interval * _context.Random(), _context.Time, stop);
            while (true)
            {
                var started = _context.Time.GetTimestamp();
                await CheckOnceAsync(stop);
                var interval = Config.Interval * (1 + (Jitter * ((2 * _context.Random()) - 1)));
                var rest = interval - _context.Time.GetElapsedTime(started);
                if (rest > TimeSpan.Zero)
                    await Task.Delay(rest, _context.Time, stop);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Disposed.
        }
    }

    private async Task CheckOnceAsync(CancellationToken stop)
    {
        await _context.Slots.WaitAsync(stop);
        string? failure;
        try
        {
            using var limit = new CancellationTokenSource(Config.Timeout, _context.Time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, stop);
            failure = await _check.RunAsync(_address, either.Token);
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            failure = $"timed out after {Config.Timeout.TotalSeconds:0.###}s";
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // The loop's catch-all: a check of one endpoint may fail in any way, the checking goes on.
            _context.Logger.LogError(e, "health check of {Cluster} {Endpoint} broke", _cluster, _address);
            failure = "check broke: " + e.Message;
        }
        finally
        {
            _context.Slots.Release();
        }

        stop.ThrowIfCancellationRequested();
        Report(failure);
    }

    private void Report(string? failure)
    {
        _context.Metrics.Count(_cluster, failure is null);
        var hasChanged = _riseFall.Report(failure);
        if (hasChanged && _riseFall.State == EndpointState.Down)
            _context.Logger.LogWarning("{Cluster} {Endpoint} is down: {Reason}", _cluster, _address, failure);
        else if (hasChanged)
            _context.Logger.LogInformation("{Cluster} {Endpoint} is ready: {Reason}", _cluster, _address, _riseFall.Reason);
        else if (failure is not null && _riseFall.Against == 1)
            _context.Logger.LogWarning("{Cluster} {Endpoint} failed a health check (1 of {Fall}): {Reason}", _cluster, _address, Config.Fall, failure);

        if (hasChanged)
            _context.Changed(new HealthChange(_cluster, _address, _riseFall.State, _riseFall.Reason));
    }
}
