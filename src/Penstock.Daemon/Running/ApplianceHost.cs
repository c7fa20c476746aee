// SPDX-License-Identifier: Apache-2.0
using System.Net.Sockets;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Penstock.ControlPlane;
using Penstock.Daemon.Admin;
using Penstock.Daemon.Commands;
using Penstock.Daemon.Peers;
using Penstock.Daemon.Systemd;
using Penstock.Discovery;
using Penstock.L4;
using Penstock.L7;
using Penstock.Linux;
using Penstock.Model;
using Penstock.Telemetry;
using Penstock.Telemetry.Http;
using Penstock.Telemetry.Prometheus;
using Penstock.Vrrp;
using Penstock.Vrrp.Bgp;

namespace Penstock.Daemon.Running;

/// <summary>The daemon: puts the parts together, keeps them running, and takes them down in order.</summary>
/// <param name="source">The configuration.</param>
/// <param name="socketPath">Admin socket in place of the configuration's; null: the configuration's.</param>
/// <param name="loggers">Log.</param>
/// <param name="time">Clock.</param>
internal sealed class ApplianceHost(ConfigSource source, string? socketPath, ILoggerFactory loggers, TimeProvider time)
{
    /// <summary>What is left of the time to drain for those who come last, where another process takes over: others wait for it meanwhile.</summary>
    private static readonly TimeSpan s_forLast = TimeSpan.FromSeconds(5);

    private readonly ILogger _logger = loggers.CreateLogger<ApplianceHost>();
    private readonly StatusReporter _reporter = new(source.Path, time);

    // One waiting cause is enough: the reload that serves it reads whatever is there by then.
    private readonly Channel<string> _reloadCauses = Channel.CreateBounded<string>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private volatile bool _draining, _takesNoFlows;
    private bool _isReady;

    /// <summary>Runs until told to stop.</summary>
    /// <param name="error">Takes one line for each reason not to start.</param>
    /// <returns>One of <see cref="ExitCode"/>.</returns>
    public async Task<int> RunAsync(TextWriter error)
    {
        ThreadRights.Control(); // before any reactor runs
        using var notifier = ServiceNotifier.FromEnvironment(time);
        var inherited = InheritedDescriptors.FromEnvironment();
        using var listeners = new ListenerStore(inherited.Listeners, notifier.Connected ? notifier.Keep : null);
        using var health = new KeptHealth(inherited.Health, notifier.Connected ? notifier.Keep : null, _logger);
        RestartMark.TakeFromEnvironment();
        using var accessLog = new AccessLog(time, loggers.CreateLogger<AccessLog>());
        using var signals = new SignalInbox(() => _reloadCauses.Writer.TryWrite("SIGHUP"), accessLog.Reopen);
        IReadOnlyList<string> reasons;
        try
        {
            reasons = await ServeAsync(notifier, listeners, health, accessLog, signals);
        }
        catch (CommandException refused)
        {
            reasons = [refused.Message];
        }
        catch (Exception defect) when (!_isReady)
        {
            // It is told by the catch-all of every command. After one of a daemon that has served, the next is wanted at once.
            await RefusedStart.StayAsync(defect.Message, notifier, listeners, time, signals.Stop);
            throw;
        }

        return reasons.Count == 0 ? ExitCode.Ok : await RefusedStart.EndAsync(reasons, error, notifier, listeners, time, signals.Stop);
    }

    /// <summary>
    /// Where sockets of the process before are kept until something runs: where a configuration listens, and where the one does that would run in its place. Of the latter's, none at a port that the first one
    /// needs, which might find it taken.
    /// </summary>
    /// <param name="config">What is tried first.</param>
    /// <param name="other">What would run in its place; null: nothing.</param>
    internal static SocketAddress[] Wanted(ApplianceConfig config, ApplianceConfig? other)
    {
        SocketAddress[] own = [.. Addresses(config)];
        if (other is null) return own;
        HashSet<int> needed = [.. own.Select(one => one.Port), config.Metrics?.Bind.Port ?? 0, config.Peers?.Listen.Port ?? 0];
        return [.. own, .. Addresses(other).Where(one => one.IsUnix || !needed.Contains(one.Port))];
    }

    private static IEnumerable<SocketAddress> Addresses(ApplianceConfig config) => L7Engine.Addresses(config.L7).Concat(L4Tier.Addresses(config.L4));

    // Why it does not start; nothing: it has run to its end.
    private async Task<IReadOnlyList<string>> ServeAsync(ServiceNotifier notifier, ListenerStore listeners, KeptHealth health, AccessLog accessLog, SignalInbox signals)
    {
        // Read once for where the socket is, before anything is touched; the control plane starts from the same.
        using var kept = new KeptConfigs(source, time, loggers.CreateLogger<KeptConfigs>());
        var first = kept.First();
        if (first.Loaded.Config is not { } config) return Reasons(first.Loaded.Diagnostics);
        (first, config, var listening) = ListenForAdmin(kept, first, config);
        using var socket = listening;
        AddressLease.Return(config, time, _logger);
        var (inherited, unwanted) = (listeners.Left, listeners.CloseAllBut(Wanted(config, kept.Other)));

        using var collector = new MetricsCollector(loggers.CreateLogger<MetricsCollector>());
        var scrape = new MetricsEndpoint(collector, () => (!_draining, _draining ? "draining" : "ready"));
        await using var metrics = new MetricsListener(scrape.HandleAsync, exception => _logger.LogError(exception, "a scrape failed"));
        var descriptors = DescriptorShares.OfProcess();
        using var balancer = new L4Tier(loggers, time, descriptors, listeners);
        await using var engine = new L7Engine(loggers, descriptors, listeners);
        using var vrrp = new VrrpTier(loggers, time);
        using var bgp = new BgpTier(loggers, time);
        using var overrides = new StateOverrides(new OverrideRecord(Path.Combine(config.State, OverrideRecord.Name)), time, loggers.CreateLogger<StateOverrides>());
        NodeDrain? drain = null;
        await using var peers = new PeerTier(vrrp.Status, bgp.Status, () => _takesNoFlows || drain is { TakesNoFlows: true } ? PeerReport.Draining : PeerReport.Running, loggers, time);
        await using var node = drain = new NodeDrain(config, vrrp, bgp, peers, engine, balancer, [engine.EndConnections, bgp.Drain, balancer.Drain], loggers.CreateLogger<NodeDrain>(), time);
        var discovery = new DiscoverySourceFactory(config.State, ApiAccess.Read, time, loggers);
        await using var plane = new ControlLoop(
            source.Load,
            new SnapshotPublisher(balancer, engine, vrrp, bgp, peers, metrics, accessLog).Apply,
            discovery.Create,
            PinnedStates.Down,
            () => vrrp.Roles, () => peers.Proxies, () => overrides.Current,
            time, loggers)
        {
            DownBefore = health.Before,
            DownChanged = health.Write,
        };
        (vrrp.RolesChanged, vrrp.IsBackedUp, peers.ProxiesChanged) = (plane.Touch, peers.IsBackedUp, plane.Touch);
        (peers.Challenges, peers.ChallengesHeard) = (engine.OpenChallenges, engine.AnswerFor);
        engine.CertificateIssued = () => plane.PublishAsync(anew: true);
        source.Running = () => plane.State.Snapshot?.Config;
        using var reloader = new Reloader(source, kept, _reloadCauses, plane, notifier, _logger, time);
        var start = await reloader.StartAsync(first);
        if (!start.Ok) return await RefusedAsync(start, balancer, engine);
        node.Resume();
        unwanted += listeners.CloseAllBut([]);
        if (inherited > 0)
            _logger.LogInformation("{Sockets} listening sockets of the process before go on with what waits in them; {Closed} are not wanted any more", inherited - unwanted, unwanted);

        var api = new AdminApi(
            () => plane.State, node, overrides, () => plane.PublishAsync(),
            () => _reporter.Report(plane.State, balancer.Status(), engine.Status(), vrrp.Status(), bgp.Status(), peers.Status(), accessLog.Trouble, discovery.Warnings.Concat(plane.Warnings), node.Report(), overrides, kept, _draining),
            kept.Compared, reloader, kept,
            question => balancer.Explain(question.From, question.To, question.Protocol), engine.Explain);
        await using var admin = new ControlHttpServer(socket, api.HandleAsync, exception => _logger.LogError(exception, "an admin request failed"), time: time);

        var reloads = reloader.RunAsync(signals.Stop);
        var watchdog = GuardAsync(plane, engine, notifier, signals.StopAtOnce);
        var lease = new AddressLease([vrrp, bgp], () => plane.State.Snapshot?.Config, () => reloader.NextTurn, plane.IsAliveAsync, engine.IsAliveAsync, time, _logger);
        var renewals = lease.RunAsync(signals.StopAtOnce);
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true); // What reading the configuration has left is nobody's: 1 MB goes back to the host.
        _isReady = true;
        notifier.Ready(reloader.Summary);
        _logger.LogInformation("ready: {Summary}", reloader.Summary);
        LogRights();

        await Task.Delay(Timeout.Infinite, signals.Stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await reloads;
        await reloader.CloseAsync();
        await DrainAsync(balancer, engine, peers, lease, plane.State, notifier, keepsListening: listeners.Keeps && RestartMark.TakeFromEnvironment(), signals.StopAtOnce);
        return [];
    }

    private void LogRights()
    {
        if (ProcessRights.Read() is not { } rights || ProcessRights.Names(rights) is not { Length: > 0 } names)
            return;
        if (ThreadRights.IsRefused)
            _logger.LogWarning("reactors keep the rights {Rights}: a filter of system calls takes capset from this process (SystemCallFilter= of the unit)", string.Join(", ", names));
        else
            _logger.LogInformation("rights: {Rights}; reactors, which read what clients send, have {Kept} in force", string.Join(", ", names), ProcessRights.Names(rights & ThreadRights.Kept) is [var kept] ? $"only {kept}" : "none");
    }

    // Where one tier listens already when another refuses, nobody accepts from here on: clients must not wait in sockets that a service manager keeps.
    private static async Task<IReadOnlyList<string>> RefusedAsync(ReloadOutcome start, L4Tier balancer, L7Engine engine)
    {
        await Task.WhenAll(Task.Run(() => balancer.DrainAsync(TimeSpan.Zero)), engine.DrainAsync(TimeSpan.Zero));
        return Reasons(start.Diagnostics);
    }

    // What it is refused for comes before what it is warned of: the first is what a service manager shows.
    private static string[] Reasons(IEnumerable<ReloadDiagnostic> diagnostics) => [.. diagnostics.OrderBy(diagnostic => !diagnostic.IsError).Select(diagnostic => DiagnosticReport.Of(diagnostic).ToString())];

    // Where a configuration's own place for the socket is what is wrong with it, the other one is tried, as where anything else of it can't be put in place. One whose place is the same would fare no better.
    private (ReadConfig First, ApplianceConfig Config, Socket Socket) ListenForAdmin(KeptConfigs kept, ReadConfig first, ApplianceConfig config)
    {
        var path = socketPath ?? config.Admin.Socket;
        try
        {
            return (first, config, ControlSocket.Listen(path));
        }
        catch (IOException exception)
        {
            var reason = "admin " + exception.Message;
            if (socketPath is null && kept.Other is { } other && !string.Equals(other.Admin.Socket, path, StringComparison.Ordinal) && kept.Instead(first, reason) is { Loaded.Config: { } begins } instead)
                return ListenForAdmin(kept, instead, begins);
            throw new CommandException(ExitCode.Failed, reason);
        }
    }

    private Task GuardAsync(ControlLoop plane, L7Engine engine, ServiceNotifier notifier, CancellationToken stop) =>
        Watchdog.IntervalFromEnvironment() is { } interval
            ? Watchdog.RunAsync(interval, notifier, async within => await plane.IsAliveAsync(within) && await engine.IsAliveAsync(within), time, _logger, stop)
            : Task.CompletedTask;

    private async Task DrainAsync(
        L4Tier balancer, L7Engine engine, PeerTier peers, AddressLease lease, ControlPlaneState state, ServiceNotifier notifier, bool keepsListening, CancellationToken atOnce)
    {
        _draining = true;
        _takesNoFlows = state.Snapshot is not { Config.Bgp: not null }; // routers bring new ones until the addresses are withdrawn
        var patience = state.Snapshot?.Config.ShutdownTimeout ?? TimeSpan.Zero;
        var before = state.Snapshot is { Config: var config } ? lease.LeaveLimit(config) + (config.Peers is null ? TimeSpan.Zero : patience) : TimeSpan.Zero;
        var longest = before + patience; // addresses are handed over first, and peers told
        notifier.Stopping($"draining for at most {patience.TotalSeconds:0} s", longest);
        _logger.LogInformation("stopping{Restart}: draining for at most {Seconds:0} s", keepsListening ? " for a restart, which goes on with the listening sockets" : "", patience.TotalSeconds);
        var stays = await lease.LeaveAsync(atOnce);
        _takesNoFlows = true;
        if (state.Snapshot is { Config.Peers: not null })
            await peers.UntilToldAsync(patience, atOnce); // they send new flows of the proxy tier here until then
        try
        {
            var (begun, left) = (time.GetTimestamp(), patience);
            if (keepsListening)
            {
                var limit = patience - (patience / 2 < s_forLast ? patience / 2 : s_forLast);
                await Task.WhenAll(balancer.MakeWayAsync(limit), engine.MakeWayAsync(limit)).WaitAsync(atOnce);
                left -= time.GetElapsedTime(begun);
            }

            // Both take no more from now on, whichever has to wait.
            var cuts = await Task.WhenAll(Task.Run(() => balancer.DrainAsync(left, keepsListening)), engine.DrainAsync(left, keepsListening)).WaitAsync(atOnce);
            if (cuts.Sum() > 0) _logger.LogWarning("stopped: {Connections} connections were cut after {Seconds:0} s, {Relayed} of them of L4 services", cuts.Sum(), patience.TotalSeconds, cuts[0]);
            else _logger.LogInformation("stopped: every connection has ended");
        }
        catch (OperationCanceledException)
        {
            _logger.LogWarning("stopped at once by a second signal");
        }

        if (!stays) lease.GiveUp();
    }
}
