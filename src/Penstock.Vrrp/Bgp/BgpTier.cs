// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using System.Net;
using Microsoft.Extensions.Logging;
using Penstock.Linux.Netlink;
using Penstock.Model;
using Penstock.Model.Bgp;
using Penstock.Vrrp.Supervision;

namespace Penstock.Vrrp.Bgp;

/// <summary>
/// The addresses that this host announces by BGP: what BIRD is to tell the routers, by the configuration, the health of what they depend on, and whether the host leaves. One thread calls
/// <see cref="Apply"/>, any the others.
/// </summary>
public sealed partial class BgpTier : IAddressTier, IDisposable
{
    private const string BirdUnit = "penstock-bird";

    private static readonly TimeSpan s_retry = TimeSpan.FromSeconds(5), s_leavingPoll = TimeSpan.FromMilliseconds(10), s_rerouting = TimeSpan.FromSeconds(1), s_telling = TimeSpan.FromSeconds(5);

    private readonly Func<BirdConfig, IBird> _create;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Lock _gate = new();
    private readonly Lock _leaseGate = new();
    private readonly ILoopback _loopback;
    private readonly ILoopback _leaseLoopback;
    private readonly BgpLease _lease;
    private readonly ITimer _timer;
    private readonly ITimer _retry;
    private readonly BgpMeter _meter;
    private volatile BgpAnnouncement? _state;
    private (LocalAddresses Local, IReadOnlyList<IPAddress> Added)? _prepared;
    private BgpAnnouncement? _whole; // what was announced before some were withdrawn for a snapshot that is to come
    private volatile BgpPhase _phase;
    private bool _isStarted;
    private bool _isLeaseFinal;
    private long _leaseUntil;

    /// <summary>A tier that does nothing until it is given a snapshot.</summary>
    /// <param name="loggers">Log.</param>
    /// <param name="time">Clock.</param>
    public BgpTier(ILoggerFactory loggers, TimeProvider time)
        : this(
            config => new BirdProcess(
                new BirdFolder(config),
                new ProgramStart(config.Binary, config.Socket, BirdUnit),
                () => HostTurn.Take(BirdProcess.TurnName, "announces addresses by BGP", config.Run, loggers.CreateLogger<BirdProcess>()),
                loggers.CreateLogger<BirdProcess>(),
                time),
            () => new Loopback(),
            loggers,
            time)
    {
    }

    /// <summary>The same with BIRD, and the addresses of lo, from elsewhere.</summary>
    internal BgpTier(Func<BirdConfig, IBird> create, Func<ILoopback> open, ILoggerFactory loggers, TimeProvider time)
    {
        (_create, _time, _logger) = (create, time, loggers.CreateLogger<BgpTier>());
        (_loopback, _leaseLoopback) = (open(), open());
        _lease = new BgpLease(_leaseLoopback);
        _timer = time.CreateTimer(_ => OnTimer(), state: null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _retry = time.CreateTimer(_ => OnRetry(), state: null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _meter = new BgpMeter(Status);
    }

    /// <inheritdoc/>
    public bool HasAddresses(ApplianceConfig config) => config.Bgp is not null;

    /// <inheritdoc/>
    public TimeSpan DeadAfter(ApplianceConfig config) => config.Bird.DeadAfter;

    /// <inheritdoc/>
    public TimeSpan RestartGrace(ApplianceConfig config) => config.Bird.RestartGrace;

    /// <summary>
    /// Has the host have a snapshot's addresses, so that listeners can be bound to them, and withdraws those that the snapshot has no more, before their listeners are closed; before <see cref="Apply"/>.
    /// </summary>
    /// <exception cref="AddressApplyException">They can't be put on lo.</exception>
    public void Prepare(Snapshot snapshot)
    {
        if (ReferenceEquals(snapshot.Config, _state?.Config))
            return;
        lock (_gate)
        {
            WithdrawDropped(snapshot.Config.Bgp);
            if (snapshot.Config is not { Bgp: { } bgp } config)
                return;
            try
            {
                ProgramFolders.Make(config.Bird.Run);
                var local = Local(config.Bird);
                _prepared = (local, local.Add(bgp.Addresses.Select(one => one.Address)));
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException or NetlinkException)
            {
                throw new AddressApplyException($"bgp: {error.Message}", error);
            }
        }
    }

    /// <summary>Takes back what the last <see cref="Prepare"/> has put on lo, or withdrawn, since the snapshot does not come to run.</summary>
    public void TakeBack()
    {
        lock (_gate)
        {
            if (_prepared is var (local, added) && added.Count > 0)
                BgpAnnouncement.Try(() => local.Remove(added), _logger);
            if (_whole is { } whole && _state is not null)
                Announce(whole, _phase);
            (_prepared, _whole) = (null, null);
        }
    }

    /// <summary>Puts a snapshot's announcements in place, as far as what they depend on is well.</summary>
    /// <exception cref="AddressApplyException">They can't be; what ran before runs on.</exception>
    public void Apply(Snapshot snapshot)
    {
        lock (_gate)
        {
            if (_state is not { } state || !ReferenceEquals(snapshot.Config, state.Config))
                ApplyConfig(snapshot);
            else
                Announce(state with { Health = BgpHealth.Of(state.Bgp, snapshot) }, _phase);
        }
    }

    /// <summary>What it does.</summary>
    public BgpStatus Status() => _state is { } state ? BgpReport.Of(state.Bgp, state.Bird.Status, state.Health, state.IsUntold && _phase == BgpPhase.Left ? BgpPhase.Leaving : _phase, _time.GetTimestamp() < Volatile.Read(ref _leaseUntil)) : BgpStatus.None;

    /// <inheritdoc/>
    public void Renew()
    {
        lock (_leaseGate) // not the other: a BIRD that takes its time must not cost the addresses
        {
            if (_isLeaseFinal || _state is not { } state)
                return;
            Hold(state, state.Config.Bird.DeadAfter);
            Try(() => File.Delete(new BirdFolder(state.Config.Bird).BridgeFile));
        }

        // Whoever has taken one off lo: what is announced has to be there. Not while there is a change, which sees to it itself.
        if (!_gate.TryEnter())
            return;
        try
        {
            if (_state is { } running)
                Try(() => running.Local.Add(running.Bgp.Addresses.Select(one => one.Address)));
        }
        finally
        {
            _gate.Exit();
        }
    }

    /// <inheritdoc/>
    public void GiveUp()
    {
        lock (_leaseGate)
        {
            _isLeaseFinal = true;
            if (_state is not { } state)
                return;
            try
            {
                Hold(state, TimeSpan.Zero);
            }
            catch (AddressApplyException error)
            {
                _logger.LogError("announced addresses are withdrawn within {Seconds} s only: {Reason}", state.Config.Bird.DeadAfter.TotalSeconds, error.Message);
            }
        }
    }

    /// <inheritdoc/>
    public void StayForRestart()
    {
        lock (_leaseGate)
        {
            _isLeaseFinal = true;
            if (_state is { } state && _phase != BgpPhase.Left)
                Hold(state, state.Config.Bird.RestartGrace);
        }
    }

    /// <summary>
    /// For the start of a daemon after one that has just died or stopped, where the kernel went on without it: the addresses stay announced for <see cref="BirdConfig.RestartGrace"/>, and
    /// for no longer if it does not come to run. Once only: not by a daemon after one that has started so and never come to run.
    /// </summary>
    /// <returns>Whether there are any to stay.</returns>
    /// <exception cref="AddressApplyException">They do not.</exception>
    public static bool StayForStart(ApplianceConfig config) => config.Bgp is { } bgp && BgpLease.TryBridge(Families(bgp), config.Bird);

    /// <inheritdoc/>
    public void Dispose()
    {
        _meter.Dispose();
        lock (_gate)
        {
            _timer.Dispose();
            _retry.Dispose();
            _state?.Bird.Dispose();
            _state = null;
            _loopback.Dispose();
        }

        lock (_leaseGate)
            _leaseLoopback.Dispose();
    }

    private static IEnumerable<System.Net.Sockets.AddressFamily> Families(BgpConfig bgp) => bgp.Addresses.Select(one => one.Address.AddressFamily).Distinct();

    private LocalAddresses Local(BirdConfig bird) => new(new BirdFolder(bird).AddressFile, _loopback, _logger);

    private BgpAnnouncement Open(ApplianceConfig config, BgpConfig bgp) => new(config, bgp, _create(config.Bird), Local(config.Bird));

    private static void Try(Action work)
    {
        try
        {
            work();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or NetlinkException)
        {
            throw new AddressApplyException($"bird: {error.Message}", error);
        }
    }

    private void Hold(BgpAnnouncement state, TimeSpan length)
    {
        try
        {
            _lease.Hold(Families(state.Bgp), length);
            Volatile.Write(ref _leaseUntil, _time.GetTimestamp() + (long)(length.TotalSeconds * _time.TimestampFrequency));
        }
        catch (NetlinkException error)
        {
            throw new AddressApplyException($"bird: {error.Message}", error);
        }
    }

    private void ApplyConfig(Snapshot snapshot)
    {
        var before = _state;
        var (config, isFirst) = (snapshot.Config, !_isStarted);
        _isStarted = true;
        if (config.Bgp is not { } bgp)
        {
            if (before is not null || (isFirst && File.Exists(new BirdFolder(config.Bird).ConfigFile)))
                EndOfEarlier(before, config);
            return;
        }

        if (before is not null && new BirdFolder(before.Config.Bird) != new BirdFolder(config.Bird))
            throw new AddressApplyException("bird: run and state can't move while addresses are announced: restart the daemon");
        var wanted = before is null ? Open(config, bgp) : before with { Config = config, Bgp = bgp };
        var ranBefore = wanted.Bird.Status.Pid is not null;
        try
        {
            wanted = wanted with { Template = BirdTemplate.Load(config.Bird.Template), Passwords = BgpPasswords.Read(bgp), Health = BgpHealth.Of(bgp, snapshot), IsUntold = false };
            var text = wanted.Render(_phase);
            wanted.Bird.Use(config.Bird.Binary, config.Bird.Socket);
            wanted.Bird.Check(text);
            wanted.Bird.Apply(text);
        }
        catch (Exception error) when (error is AddressApplyException or IOException or UnauthorizedAccessException or NetlinkException)
        {
            if (before is null)
                Undo(wanted, ranBefore);
            before?.Bird.Use(before.Config.Bird.Binary, before.Config.Bird.Socket);
            if (before is not null)
                Announce(before, _phase); // it may have taken the new text before it failed to say so
            throw error as AddressApplyException ?? new AddressApplyException($"bgp: {error.Message}", error);
        }

        BgpHealth.LogChanges(before?.Health ?? BgpHealth.Good, wanted.Health, _logger);
        (_state, _prepared, _whole) = (wanted, null, null);
        wanted.TryKeep(_logger);
    }

    private void WithdrawDropped(BgpConfig? next)
    {
        if (_state is not { } state)
            return;
        var dropped = state.Bgp.Addresses.Select(one => one.Address).Except(next?.Addresses.Select(one => one.Address) ?? []).ToArray();
        if (dropped.Length == 0)
            return;
        _whole = state;
        Announce(state with { Health = state.Health.SetItems(dropped.Select(address => KeyValuePair.Create(address, (ImmutableArray<string>)["configured no more"]))) }, _phase);
    }

    // One that was there before goes on.
    private void Undo(BgpAnnouncement wanted, bool ranBefore)
    {
        if (!ranBefore)
            BgpAnnouncement.Try(wanted.Bird.Stop, _logger);
        wanted.Bird.Dispose();
    }

    // Nothing of BGP is asked for, so what is left of it keeps nobody from starting.
    private void EndOfEarlier(BgpAnnouncement? running, ApplianceConfig config)
    {
        try
        {
            End(running ?? Open(config, new BgpConfig { Asn = 0, RouterId = IPAddress.None, Addresses = [], Neighbors = [] }));
        }
        catch (AddressApplyException error)
        {
            _logger.LogWarning("addresses that an earlier daemon announced are left as they are: {Reason}", error.Message);
        }
    }

    private void End(BgpAnnouncement state)
    {
        _state = null;
        state.TryStop(_logger);
        state.Bird.Dispose();
        try
        {
            lock (_leaseGate)
                _lease.End();
        }
        catch (NetlinkException error)
        {
            _logger.LogError("the lease of addresses that are announced no more could not be ended: {Reason}", error.Message);
        }
    }

    // What can't be told now is told in a while; it is no reason to hold up those who serve.
    private void Announce(BgpAnnouncement state, BgpPhase phase)
    {
        BgpHealth.LogChanges(_state?.Health ?? state.Health, state.Health, _logger);
        _state = state with { IsUntold = true };
        try
        {
            state.Bird.Apply(state.Render(phase));
            _state = state with { IsUntold = false };
        }
        catch (AddressApplyException error)
        {
            _logger.LogError("what is announced can't be changed, again in {Seconds} s: {Reason}", s_retry.TotalSeconds, error.Message);
            _ = _retry.Change(s_retry, Timeout.InfiniteTimeSpan);
        }
    }

    private void OnRetry()
    {
        lock (_gate)
        {
            if (_state is { } state)
                Announce(state, _phase);
        }
    }
}
