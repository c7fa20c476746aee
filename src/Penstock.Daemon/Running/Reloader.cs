// SPDX-License-Identifier: Apache-2.0
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Penstock.ControlPlane;
using Penstock.Daemon.Systemd;

namespace Penstock.Daemon.Running;

/// <summary>
/// Reloads the configuration, one reload at a time whoever asks: SIGHUP, the admin API, or changed files, which it watches. Brings back one that has run, when it is asked to or nobody confirms what runs.
/// </summary>
/// <param name="source">The configuration.</param>
/// <param name="kept">Configurations that have run.</param>
/// <param name="causes">Reloads asked for by signal and changed files.</param>
/// <param name="plane">The control plane.</param>
/// <param name="notifier">Tells systemd.</param>
/// <param name="logger">Log.</param>
/// <param name="time">Clock.</param>
internal sealed class Reloader(ConfigSource source, KeptConfigs kept, Channel<string> causes, ControlLoop plane, ServiceNotifier notifier, ILogger logger, TimeProvider time) : IDisposable
{
    // How often it is looked whether something is to come back, as long as something may (the clock can be set), and how long after a return that failed it is tried again.
    private static readonly TimeSpan s_look = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan s_again = TimeSpan.FromSeconds(30);

    private readonly SemaphoreSlim _oneAtATime = new(1, 1);

    // One waiting is enough: who serves it writes all there is.
    private readonly Channel<bool> _unwritten = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private TaskCompletionSource _turned = NewTurn();
    private ConfigWatcher? _watcher;
    private NamedFileWatcher? _named;
    private volatile bool _closed;

    /// <summary>What runs, in a line.</summary>
    public string Summary =>
        $"generation {plane.State.Snapshot?.Generation}, {plane.State.Snapshot?.Services.Count} services, {plane.State.Snapshot?.Config.L7.Listeners.Length} listeners, {plane.State.Snapshot?.Endpoints.Count} clusters";

    /// <summary>Ends when a reload, a return or a confirmation does, the first after it is asked for: ask before looking at what they change, and wait afterwards.</summary>
    public Task NextTurn => Volatile.Read(ref _turned).Task;

    /// <summary>The first load, for which nobody is told of a reload. Where what was to be returned to can't be put in place, the daemon begins with the files, and the other way round.</summary>
    /// <param name="first">What to begin with.</param>
    public async Task<ReloadOutcome> StartAsync(ReadConfig first)
    {
        var outcome = await plane.ReloadAsync(() => first.Loaded);
        if (!outcome.Ok && kept.Instead(first, string.Join("; ", outcome.Diagnostics.Where(one => one.IsError).Select(one => one.Message))) is { } other)
        {
            first = other;
            outcome = await plane.ReloadAsync(() => other.Loaded);
        }

        if (!outcome.Ok) return outcome;
        kept.Applied(first, ReloadCause.Start);
        _unwritten.Writer.TryWrite(true);
        Report("start", outcome);
        FollowFiles();
        return outcome;
    }

    /// <summary>Reloads now, or after the reload that is going on; refused once closed.</summary>
    /// <param name="cause">Who asks.</param>
    /// <param name="confirm">What ran before comes back after so long, unless what runs then is confirmed; null: it does not.</param>
    /// <param name="ends">Whether the files apply although they are as they were when a configuration of the history took their place; with <paramref name="confirm"/> they do.</param>
    public Task<ReloadOutcome> ReloadAsync(ReloadCause cause, TimeSpan? confirm = null, bool ends = false) => InTurnAsync(async () =>
    {
        var before = kept.Status.Window;
        var read = confirm is null ? null : source.Read();
        var opens = confirm is not null && read is { Loaded.Config: not null };
        if (opens)
            kept.OpenWindow(confirm.GetValueOrDefault(), read!, cause); // read, since it opens
        var outcome = await ApplyAsync(cause.What, () => (read ??= ends ? source.Read() : kept.Choose(source.Read())).Loaded);
        if (outcome.Ok && read is not null)
            kept.Applied(read, cause);
        else if (opens)
            kept.TakeBack(before);
        return Told(outcome);
    });

    /// <summary>What runs stays, although a reload was to be confirmed.</summary>
    /// <param name="cause">Who says so.</param>
    public Task<ReloadOutcome> ConfirmAsync(ReloadCause cause) => InTurnAsync(() =>
    {
        kept.Confirm();
        logger.LogInformation("{Cause}: generation {Generation} is confirmed", cause.What, plane.State.Snapshot?.Generation);
        return Task.FromResult(Unchanged(isOk: true));
    });

    /// <summary>Brings back a configuration that has run.</summary>
    /// <param name="number">Its number in the history; null: the one before.</param>
    /// <param name="cause">Who asks.</param>
    public Task<ReloadOutcome> RollBackAsync(long? number, ReloadCause cause) => InTurnAsync(() => ReturnAsync(number, cause));

    /// <summary>Refuses reloads from now on; returns when the one that is going on has ended, so that systemd hears nothing of it after STOPPING=1.</summary>
    public async Task CloseAsync()
    {
        _closed = true;
        await _oneAtATime.WaitAsync();
        try
        {
            kept.Flush();
        }
        finally
        {
            _oneAtATime.Release();
        }
    }

    /// <summary>Serves what signals and changed files ask for, and brings back what ran before where nobody has confirmed what runs.</summary>
    /// <param name="stop">Ends it.</param>
    public Task RunAsync(CancellationToken stop) => Task.WhenAll(ServeAllAsync(stop), ReturnWhenDueAsync(stop), WriteAllAsync(stop));

    /// <inheritdoc/>
    public void Dispose()
    {
        _watcher?.Dispose();
        _named?.Dispose();
        _oneAtATime.Dispose();
    }

    private static TaskCompletionSource NewTurn() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private async Task ServeAllAsync(CancellationToken stop)
    {
        try
        {
            await foreach (var cause in causes.Reader.ReadAllAsync(stop)) await ServeAsync(cause);
        }
        catch (OperationCanceledException)
        {
            // The daemon stops.
        }
    }

    // After the answer: the disk may take its time.
    private async Task WriteAllAsync(CancellationToken stop)
    {
        try
        {
            await foreach (var _ in _unwritten.Reader.ReadAllAsync(stop))
            {
                await _oneAtATime.WaitAsync(stop);
                try
                {
                    kept.Flush();
                }
                finally
                {
                    _oneAtATime.Release();
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The daemon stops: CloseAsync writes what is left.
        }
    }

    private async Task ServeAsync(string cause)
    {
        try
        {
            await ReloadAsync(new ReloadCause(cause));
        }
        catch (Exception exception)
        {
            // The catch-all of a reload: the next one may do better, and the daemon must still end in order.
            logger.LogError(exception, "{Cause}: the reload failed", cause);
        }
    }

    private async Task ReturnWhenDueAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            var turn = NextTurn;
            if (kept.Status.Window is { } window && window.Until <= time.GetUtcNow())
                await InTurnAsync(ReturnUnlessConfirmedAsync);
            var next = kept.Status.Window is null ? turn.WaitAsync(stop) : Task.Delay(s_look, time, stop);
            await next.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    // It may have been confirmed while others had their turn.
    private async Task<ReloadOutcome> ReturnUnlessConfirmedAsync()
    {
        if (kept.Status.Window is not { } window || window.Until > time.GetUtcNow())
            return Unchanged(isOk: true);
        logger.LogWarning("what runs was not confirmed: configuration {Number} of the history comes back", window.Number);
        try
        {
            var outcome = await ReturnAsync(window.Number, new ReloadCause("not confirmed", window.By, "not confirmed"));
            if (outcome.Ok)
                return outcome;
        }
        catch (Exception exception)
        {
            // The catch-all of this loop: it is tried again.
            logger.LogError("configuration {Number} of the history could not be brought back: {Reason}", window.Number, exception.Message);
        }

        kept.Postpone(s_again);
        return Unchanged(isOk: false);
    }

    private async Task<ReloadOutcome> ReturnAsync(long? number, ReloadCause cause)
    {
        var past = kept.Past(number);
        var outcome = await ApplyAsync(cause.What, () => past.Loaded);
        if (outcome.Ok)
            kept.Hold(past, cause);
        return Told(outcome);
    }

    private async Task<ReloadOutcome> InTurnAsync(Func<Task<ReloadOutcome>> change)
    {
        await _oneAtATime.WaitAsync();
        try
        {
            return _closed ? Refused("the daemon is stopping") : await change();
        }
        catch (IOException error)
        {
            return Refused(error.Message);
        }
        finally
        {
            _oneAtATime.Release();
            _unwritten.Writer.TryWrite(true);
            Interlocked.Exchange(ref _turned, NewTurn()).SetResult();
        }
    }

    private async Task<ReloadOutcome> ApplyAsync(string cause, Func<LoadedConfig> load)
    {
        try
        {
            notifier.Reloading();
            var outcome = await plane.ReloadAsync(load);
            Report(cause, outcome);
            FollowFiles();
            return outcome;
        }
        finally
        {
            notifier.Ready(Summary);
        }
    }

    // Whoever asked is to know that it would not outlive the daemon.
    private ReloadOutcome Told(ReloadOutcome outcome) =>
        outcome.Ok && kept.Unsaved is { } trouble ? outcome with { Diagnostics = outcome.Diagnostics.Add(new ReloadDiagnostic(IsError: false, trouble)) } : outcome;

    private ReloadOutcome Refused(string reason) => Unchanged(isOk: false) with { Diagnostics = [new ReloadDiagnostic(IsError: true, reason)] };

    private ReloadOutcome Unchanged(bool isOk) => new(isOk, plane.State.Snapshot?.Generation ?? 0, time.GetUtcNow(), TimeSpan.Zero, []);

    private void Report(string cause, ReloadOutcome outcome)
    {
        foreach (var diagnostic in outcome.Diagnostics)
            logger.Log(diagnostic.IsError ? LogLevel.Error : LogLevel.Warning, "{Diagnostic}", diagnostic.Message);
        if (outcome.Ok) logger.LogInformation("{Cause}: generation {Generation} applied in {Milliseconds:0.0} ms", cause, outcome.Generation, outcome.Duration.TotalMilliseconds);
        else logger.LogError("{Cause}: configuration refused with {Errors} errors, generation {Generation} runs on", cause, outcome.Errors, outcome.Generation);
    }

    /// <summary>Begins or ends the watch of the configuration's files, and of those that it names, as the running configuration asks.</summary>
    private void FollowFiles()
    {
        var wanted = plane.State.Snapshot is { Config.Watch: true };
        FollowNamed(wanted);
        if (wanted == _watcher is not null) return;
        _watcher?.Dispose();
        _watcher = null;
        if (!wanted) return;
        try
        {
            _watcher = new ConfigWatcher(source.Path, AskForReload, logger, time);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            logger.LogError("the configuration's files are not watched until the next reload: {Reason}", exception.Message);
        }
    }

    private void FollowNamed(bool wanted)
    {
        if (wanted)
        {
            _named ??= new NamedFileWatcher(AskForReload, time);
            _named.Follow(NamedFiles.Of(plane.State.Snapshot!.Config)); // wanted by its configuration
            return;
        }

        _named?.Dispose();
        _named = null;
    }

    private void AskForReload() => causes.Writer.TryWrite("changed files");
}
