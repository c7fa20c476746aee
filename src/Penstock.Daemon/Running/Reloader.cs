// SPDX-License-Identifier: Apache-2.0
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Penstock.ControlPlane;
using Penstock.Daemon.Systemd;

namespace Penstock.Daemon.Running;

/// <summary>Reloads the configuration, one reload at a time whoever asks: SIGHUP, the admin API, or changed files, which it watches.</summary>
/// <param name="configPath">The configuration file.</param>
/// <param name="causes">Reloads asked for by signal and changed files.</param>
/// <param name="plane">The control plane.</param>
/// <param name="notifier">Tells systemd.</param>
/// <param name="logger">Log.</param>
/// <param name="time">Clock.</param>
internal sealed class Reloader(string configPath, Channel<string> causes, ControlLoop plane, ServiceNotifier notifier, ILogger logger, TimeProvider time) : IDisposable
{
    private readonly SemaphoreSlim _oneAtATime = new(1, 1);
    private ConfigWatcher? _watcher;
    private volatile bool _closed;

    /// <summary>What runs, in a line.</summary>
    public string Summary =>
        $"generation {plane.State.Snapshot?.Generation}, {plane.State.Snapshot?.Services.Count} services, {plane.State.Snapshot?.Config.L7.Listeners.Length} listeners, {plane.State.Snapshot?.Endpoints.Count} clusters";

    /// <summary>The first load, for which nobody is told of a reload.</summary>
    public async Task<ReloadOutcome> StartAsync()
    {
        var outcome = await plane.ReloadAsync();
        if (!outcome.Ok) return outcome;
        Report("start", outcome);
        FollowFiles();
        return outcome;
    }

    /// <summary>Reloads now, or after the reload that is going on; refused once closed.</summary>
    /// <param name="cause">Who asks, for the log.</param>
    public async Task<ReloadOutcome> ReloadAsync(string cause)
    {
        await _oneAtATime.WaitAsync();
        try
        {
            return _closed ? Stopping() : await ReloadNowAsync(cause);
        }
        finally
        {
            _oneAtATime.Release();
        }
    }

    /// <summary>Refuses reloads from now on; returns when the one that is going on has ended, so that systemd hears nothing of it after STOPPING=1.</summary>
    public async Task CloseAsync()
    {
        _closed = true;
        await _oneAtATime.WaitAsync();
        _oneAtATime.Release();
    }

    /// <summary>Serves what signals and changed files ask for.</summary>
    /// <param name="stop">Ends it.</param>
    public async Task RunAsync(CancellationToken stop)
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

    /// <inheritdoc/>
    public void Dispose()
    {
        _watcher?.Dispose();
        _oneAtATime.Dispose();
    }

    private async Task ServeAsync(string cause)
    {
        try
        {
            await ReloadAsync(cause);
        }
        catch (Exception exception)
        {
            // The catch-all of a reload: the next one may do better, and the daemon must still end in order.
            logger.LogError(exception, "{Cause}: the reload failed", cause);
        }
    }

    private async Task<ReloadOutcome> ReloadNowAsync(string cause)
    {
        try
        {
            notifier.Reloading();
            var outcome = await plane.ReloadAsync();
            Report(cause, outcome);
            FollowFiles();
            return outcome;
        }
        finally
        {
            notifier.Ready(Summary);
        }
    }

    private ReloadOutcome Stopping() =>
        new(Ok: false, plane.State.Snapshot?.Generation ?? 0, time.GetUtcNow(), TimeSpan.Zero, [new ReloadDiagnostic(IsError: true, "the daemon is stopping")]);

    private void Report(string cause, ReloadOutcome outcome)
    {
        foreach (var diagnostic in outcome.Diagnostics)
            logger.Log(diagnostic.IsError ? LogLevel.Error : LogLevel.Warning, "{Diagnostic}", diagnostic.Message);
        if (outcome.Ok) logger.LogInformation("{Cause}: generation {Generation} applied in {Milliseconds:0.0} ms", cause, outcome.Generation, outcome.Duration.TotalMilliseconds);
        else logger.LogError("{Cause}: configuration refused with {Errors} errors, generation {Generation} runs on", cause, outcome.Errors, outcome.Generation);
    }

    /// <summary>Begins or ends the watch of the configuration's files, as the running configuration asks.</summary>
    private void FollowFiles()
    {
        var wanted = plane.State.Snapshot is { Config.Watch: true };
        if (wanted == _watcher is not null) return;
        _watcher?.Dispose();
        _watcher = null;
        if (!wanted) return;
        try
        {
            _watcher = new ConfigWatcher(configPath, () => causes.Writer.TryWrite("changed files"), logger, time);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            logger.LogError("the configuration's files are not watched until the next reload: {Reason}", exception.Message);
        }
    }
}
