// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using System.Net;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Penstock.ControlPlane.Overrides;
using Penstock.Discovery;
using Penstock.Health;
using Penstock.L4;
using Penstock.L7;
using Penstock.Model;
using Penstock.Model.L4;
using Penstock.Model.Vrrp;
using Penstock.Vrrp;

namespace Penstock.ControlPlane;

/// <summary>
/// The sole writer: makes one snapshot of the configuration, what discovery found and what health checks say, and publishes it.
/// All of it happens in turn on one loop.
/// </summary>
public sealed class ControlLoop : IAsyncDisposable
{
    /// <summary>Least time between two snapshots that discovery or health cause; what comes in between goes into one. A reload does not wait.</summary>
    public static readonly TimeSpan MinPublishInterval = TimeSpan.FromMilliseconds(100);

    /// <summary>How long a reload waits for the first answers of clusters that are new, so that their first requests find endpoints.</summary>
    public static readonly TimeSpan FirstAnswerWait = TimeSpan.FromSeconds(2);

    /// <summary>Time to the second attempt at a snapshot that the engines did not take; each attempt after that waits twice as long, up to <see cref="MaxRetryInterval"/>.</summary>
    public static readonly TimeSpan RetryInterval = TimeSpan.FromSeconds(1);

    /// <summary>Most time between two attempts at a snapshot that the engines do not take.</summary>
    public static readonly TimeSpan MaxRetryInterval = TimeSpan.FromSeconds(30);

    // Holds at most one Touched (see Touch), a Ping for each watchdog interval, and a Reload or Publish for each caller that waits for one:
    // as many as the admin API has connections, one for SIGHUP and one for the file watch.
    private readonly Channel<ControlMessage> _messages = Channel.CreateUnbounded<ControlMessage>(new() { SingleReader = true });
    private readonly Func<LoadedConfig> _load;
    private readonly Action<Snapshot> _apply;
    private readonly Func<L4Config, IEnumerable<(ServiceConfig Service, BackendConfig Backend)>> _downBefore;
    private readonly Func<ImmutableDictionary<string, VrrpRole>> _roles;
    private readonly Func<ImmutableDictionary<IPAddress, ProxyState>> _proxies;
    private readonly Func<OverrideSet> _overrides;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly HealthChecker _health;
    private readonly ControlPlaneMetrics _metrics;
    private readonly ServiceStates _services;
    private readonly ClusterStates _clusters;
    private readonly ITimer _publishTimer;
    private readonly ITimer _stepTimer;
    private readonly FeedSet _feeds;
    private readonly Task _loop;
    private ControlPlaneState _state = new(Snapshot: null, ConfigHash: "", LastReload: null);
    private long _publishedAt;
    private TimeSpan _retryAfter = RetryInterval;
    private string? _refusal;
    private int _touched;
    private volatile bool _hasHealthChanged;
    private IReadOnlyList<DownEndpoint>? _toldDown;
    private bool _isStale;

    /// <summary>A loop that publishes nothing until the first <see cref="ReloadAsync"/>.</summary>
    /// <param name="load">Reads and validates the configuration; must not throw for what the text says.</param>
    /// <param name="apply">Publishes to the engines; throws <see cref="L4ApplyException"/>, <see cref="L7ApplyException"/> or <see cref="AddressApplyException"/> when they can't serve it and go on as before.</param>
    /// <param name="discover">Makes the source of a cluster or service.</param>
    /// <param name="downBefore">Backends that a daemon before this process has left down.</param>
    /// <param name="roles">Roles in VRRP instances, the same object until one changes; call <see cref="Touch"/> then.</param>
    /// <param name="proxies">Hosts of the proxy tier of which something is known, by their addresses; call <see cref="Touch"/> when it changes.</param>
    /// <param name="overrides">States that operators have given; call <see cref="PublishAsync"/> when they change.</param>
    /// <param name="time">Clock of all waits.</param>
    /// <param name="loggers">Log.</param>
    public ControlLoop(
        Func<LoadedConfig> load,
        Action<Snapshot> apply,
        Func<DiscoveryTarget, Action<ClusterEndpointsFound>, IDiscoverySource> discover,
        Func<L4Config, IEnumerable<(ServiceConfig Service, BackendConfig Backend)>> downBefore,
        Func<ImmutableDictionary<string, VrrpRole>> roles,
        Func<ImmutableDictionary<IPAddress, ProxyState>> proxies,
        Func<OverrideSet> overrides,
        TimeProvider time,
        ILoggerFactory loggers)
    {
        _load = load;
        _apply = apply;
        _downBefore = downBefore;
        _roles = roles;
        _proxies = proxies;
        _overrides = overrides;
        _time = time;
        _logger = loggers.CreateLogger<ControlLoop>();
        _health = new HealthChecker(NoteHealth, time, loggers.CreateLogger<HealthChecker>());
        _services = new ServiceStates(_health, time);
        _clusters = new ClusterStates(_health);
        _metrics = new ControlPlaneMetrics(() => State, overrides, () => _services.LeftOut, () => Volatile.Read(ref _refusal) is not null);
        _publishTimer = time.CreateTimer(_ => _messages.Writer.TryWrite(ControlMessage.Touched.Instance), state: null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _stepTimer = time.CreateTimer(_ => Touch(), state: null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _feeds = new FeedSet(discover, Touch, time, _logger);
        _loop = Task.Run(RunAsync);
    }

    /// <summary>What asks for attention: a change that the engines do not take, and what discovery has found, or has not yet after a reload; a line each, for any thread.</summary>
    public IEnumerable<string> Warnings => Refused.Concat(_services.Warnings).Concat(_feeds.Warnings);

    /// <summary>What checks had found down when a process before this one ended: it begins down where others of its cluster or service don't, and its checks must pass first. Default none.</summary>
    public IReadOnlyList<DownEndpoint> DownBefore { get; init; } = [];

    /// <summary>Is told what checks find down, all of it, when that changes; on the loop. Null: nobody.</summary>
    public Action<IReadOnlyList<DownEndpoint>>? DownChanged { get; init; }

    /// <summary>What was last published.</summary>
    public ControlPlaneState State => Volatile.Read(ref _state);

    private IEnumerable<string> Refused => Volatile.Read(ref _refusal) is { } reason ? [$"a change is not in effect yet, and is tried again: {reason}"] : [];

    /// <summary>Reads the configuration and applies all of it or nothing. Calls take turns.</summary>
    /// <param name="load">Reads another one in its place, by the same rules; null: the one that the loop was made with.</param>
    public Task<ReloadOutcome> ReloadAsync(Func<LoadedConfig>? load = null)
    {
        var done = new TaskCompletionSource<ReloadOutcome>(TaskCreationOptions.RunContinuationsAsynchronously);
        if (!_messages.Writer.TryWrite(new ControlMessage.Reload(done, load ?? _load)))
            done.SetResult(Outcome(ok: false, _time.GetTimestamp(), [new ReloadDiagnostic(IsError: true, "the daemon is stopping")]));
        return done.Task;
    }

    /// <summary>Publishes what is new at once, however short a time ago the last snapshot was.</summary>
    /// <param name="anew">Whether the engines are to look again at what is theirs, certificates by ACME, although nothing of the configuration or of what is known is new.</param>
    /// <returns>Why the engines did not take it, which is tried again; null: it is in effect.</returns>
    public Task<string?> PublishAsync(bool anew = false)
    {
        var done = new TaskCompletionSource<string?>(TaskCreationOptions.RunContinuationsAsynchronously);
        if (!_messages.Writer.TryWrite(new ControlMessage.Publish(done, anew)))
            done.SetResult("the daemon is stopping");
        return done.Task;
    }

    /// <summary>Asks for a turn of the loop; any number of calls before that turn ask for one.</summary>
    public void Touch()
    {
        if (Interlocked.Exchange(ref _touched, 1) == 0) _messages.Writer.TryWrite(ControlMessage.Touched.Instance);
    }

    /// <summary>Whether the loop takes a turn within the time given.</summary>
    public async ValueTask<bool> IsAliveAsync(TimeSpan within)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        if (!_messages.Writer.TryWrite(new ControlMessage.Ping(done))) return false;
        try
        {
            await done.Task.WaitAsync(within, _time);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    /// <summary>Ends discovery and health checks; what was published stays.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!_messages.Writer.TryComplete()) return;
        await _loop;
        await _feeds.DisposeAsync();
        await _health.DisposeAsync();
        await _publishTimer.DisposeAsync();
        await _stepTimer.DisposeAsync();
        _metrics.Dispose();
    }

    private async Task RunAsync()
    {
        await foreach (var message in _messages.Reader.ReadAllAsync())
        {
            try
            {
                switch (message)
                {
                    case ControlMessage.Touched:
                        await PublishWhenDueAsync();
                        break;
                    case ControlMessage.Reload request:
                        request.Done.SetResult(await ReloadNowAsync(request.Load));
                        break;
                    case ControlMessage.Publish request:
                        _isStale |= request.Anew;
                        await PublishNowAsync();
                        request.Done.SetResult(null);
                        break;
                    case ControlMessage.Ping ping:
                        ping.Done.SetResult();
                        break;
                }
            }
            catch (Exception exception) when (IsRefusal(exception) && message is not ControlMessage.Reload)
            {
                Note(exception.Message);
                (message as ControlMessage.Publish)?.Done.TrySetResult(exception.Message);
            }
            catch (Exception exception)
            {
                // The loop's one catch-all: a fault of one turn must not end the control plane; what runs stays.
                _metrics.CountFault();
                _logger.LogError(exception, "the control loop failed in {Message}", message.GetType().Name);
                if (message is ControlMessage.Reload reload)
                    reload.Done.TrySetResult(Refuse(_time.GetTimestamp(), [new ReloadDiagnostic(IsError: true, "internal error: " + exception.Message)]));
                else if (message is ControlMessage.Publish publish)
                    publish.Done.TrySetResult(exception.Message);
            }
        }
    }

    private async ValueTask PublishWhenDueAsync()
    {
        var wait = MinPublishInterval - _time.GetElapsedTime(_publishedAt);
        if (wait > TimeSpan.Zero)
        {
            _publishTimer.Change(wait, Timeout.InfiniteTimeSpan);
            return;
        }

        await PublishNowAsync();
    }

    private async ValueTask PublishNowAsync()
    {
        // Cleared before reading: what changes from here on asks for another turn.
        Volatile.Write(ref _touched, 0);
        if (_hasHealthChanged) TellHealth();
        var state = State;
        if (state.Snapshot is not { } running) return;

        var endpoints = Assemble(running.Config, _feeds.Running, running);
        var services = _services.Assemble(running.Config.L4, running, _proxies(), _overrides(), FoundBy(_feeds.Running));
        var roles = _roles();
        if (!_isStale && endpoints == running.Endpoints && services == running.Services && roles == running.Roles)
        {
            Note(refusal: null); // what was refused is not wanted any more
            AwaitStep(running);
            await _feeds.EndLeavingAsync();
            return;
        }

        var snapshot = new Snapshot(running.Generation + 1, running.Config, endpoints) { Services = services, Roles = roles };
        ApplyOrRetry(snapshot);
        _publishedAt = _time.GetTimestamp();
        Volatile.Write(ref _state, state with { Snapshot = snapshot });
        AwaitStep(snapshot);
        _logger.LogDebug("published snapshot {Generation}", snapshot.Generation);
        await _feeds.EndLeavingAsync();
        await CheckAsync(snapshot);
    }

    // Nothing may change for long after a change that was not taken: it is tried again without a cause.
    private void ApplyOrRetry(Snapshot snapshot)
    {
        try
        {
            _apply(snapshot);
            _isStale = false;
            _retryAfter = RetryInterval;
            Note(refusal: null);
        }
        catch
        {
            _publishedAt = _time.GetTimestamp(); // what comes in between goes into one attempt, too
            _publishTimer.Change(_retryAfter, Timeout.InfiniteTimeSpan);
            _retryAfter = _retryAfter * 2 < MaxRetryInterval ? _retryAfter * 2 : MaxRetryInterval;
            throw;
        }
    }

    // Said once and not with each attempt; status has it for as long as it lasts. A reload says itself why it is refused.
    private void Note(string? refusal)
    {
        if (string.Equals(_refusal, refusal, StringComparison.Ordinal)) return;
        Volatile.Write(ref _refusal, refusal);
        if (refusal is null)
            _logger.LogInformation("no change waits to be put in place any more");
        else
            _logger.LogWarning("a change is not in effect yet, and is tried again: {Reason}", refusal);
    }

    // What the engines throw where the host refuses something: a message for people, and no defect.
    private static bool IsRefusal(Exception exception) => exception is L4ApplyException or L7ApplyException or AddressApplyException;

    private async ValueTask<ReloadOutcome> ReloadNowAsync(Func<LoadedConfig> load)
    {
        var started = _time.GetTimestamp();
        var loaded = load();
        if (loaded.Config is not { } config) return Refuse(started, loaded.Diagnostics);

        var feeds = await _feeds.PrepareAsync([.. config.L7.Clusters.Values.Select(DiscoveryTarget.Of), .. config.L4.Services.Where(service => service.Discovery is not null).Select(DiscoveryTarget.Of)], FirstAnswerWait);
        var running = State.Snapshot;
        if (running is null) _services.Inherit(_downBefore(FoundBackends.Fill(config.L4, FoundBy(feeds))), config.Peers);
        var snapshot = Next(config, feeds, running);
        if (running is null && _health.Inherit(DownBefore, Targets(snapshot)))
            snapshot = Next(config, feeds, running);
        try
        {
            _apply(snapshot);
        }
        catch (Exception exception)
        {
            await _feeds.DropAsync(feeds);
            Touch(); // warnings are of what runs again
            if (!IsRefusal(exception)) throw;
            return Refuse(started, loaded.Diagnostics.Add(new ReloadDiagnostic(IsError: true, exception.Message)));
        }

        _publishedAt = _time.GetTimestamp();
        Volatile.Write(ref _state, State with { Snapshot = snapshot, ConfigHash = loaded.Hash });
        Note(refusal: null);
        AwaitStep(snapshot);
        await _feeds.TakeAsync(feeds);
        await CheckAsync(snapshot);

        return Record(Outcome(ok: true, started, loaded.Diagnostics));
    }

    private Snapshot Next(ApplianceConfig config, IReadOnlyDictionary<string, ClusterFeed> feeds, Snapshot? running) => new((running?.Generation ?? 0) + 1, config, Assemble(config, feeds, running))
    {
        Services = _services.Assemble(config.L4, running, _proxies(), _overrides(), FoundBy(feeds)),
        Roles = _roles(),
    };

    private void NoteHealth(HealthChange change)
    {
        _hasHealthChanged = true;
        Touch();
    }

    // What is not checked any more, or begins ready as nothing else of its cluster is left, is down no longer, without a check that has passed.
    private async ValueTask CheckAsync(Snapshot snapshot)
    {
        await _health.ApplyAsync(Targets(snapshot));
        TellHealth();
    }

    private void TellHealth()
    {
        _hasHealthChanged = false; // before reading, as above
        var down = _health.Down();
        if (down.SequenceEqual(_toldDown ?? DownBefore)) return;
        _toldDown = down;
        DownChanged?.Invoke(down);
    }

    private void AwaitStep(Snapshot snapshot) => _stepTimer.Change(_services.NextStep(snapshot) ?? Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);

    private static Func<ServiceConfig, ImmutableArray<Endpoint>> FoundBy(IReadOnlyDictionary<string, ClusterFeed> feeds) => service => feeds.GetValueOrDefault(DiscoveryTarget.NameOf(service))?.Found ?? [];

    private ImmutableDictionary<string, ClusterEndpoints> Assemble(ApplianceConfig config, IReadOnlyDictionary<string, ClusterFeed> feeds, Snapshot? running) =>
        _clusters.Assemble(config.L7, running, _overrides(), name => feeds[name].Found);

    private IEnumerable<HealthTarget> Targets(Snapshot snapshot) =>
        ClusterStates.Targets(snapshot).Concat(ServiceStates.Targets(snapshot.Config.L4, _overrides(), snapshot.Services));

    private ReloadOutcome Refuse(long started, ImmutableArray<ReloadDiagnostic> diagnostics) =>
        Record(Outcome(ok: false, started, diagnostics));

    private ReloadOutcome Record(ReloadOutcome outcome)
    {
        Volatile.Write(ref _state, State with { LastReload = outcome });
        _metrics.CountReload(outcome.Ok);
        return outcome;
    }

    private ReloadOutcome Outcome(bool ok, long started, ImmutableArray<ReloadDiagnostic> diagnostics) =>
        new(ok, State.Snapshot?.Generation ?? 0, _time.GetUtcNow(), _time.GetElapsedTime(started), diagnostics);
}
