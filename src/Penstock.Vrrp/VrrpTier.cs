// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Penstock.Model;
using Penstock.Model.Vrrp;
using Penstock.Vrrp.Supervision;

namespace Penstock.Vrrp;

/// <summary>
/// The VRRP instances of this host: what keepalived is to do, what it is told of the daemon's health, and what it says of roles. One thread calls
/// <see cref="Apply"/>, any the others.
/// </summary>
public sealed partial class VrrpTier : IAddressTier, IDisposable
{
    // Some groups, each of which may take a second, and no longer than a host may be without service when its daemon dies at its start.
    private static readonly TimeSpan s_start = TimeSpan.FromSeconds(30);

    private const string KeepalivedUnit = "penstock-keepalived";

    private readonly GroupProcesses _groups;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Lock _gate = new();
    private readonly Lock _leaseGate = new();
    private readonly VrrpMeter _meter;
    private volatile ApplianceConfig _config = new() { Node = "" };
    private ImmutableDictionary<string, InstanceHealth> _health = ImmutableDictionary.Create<string, InstanceHealth>(StringComparer.Ordinal);
    private ImmutableDictionary<string, VrrpRole> _roles = ImmutableDictionary.Create<string, VrrpRole>(StringComparer.Ordinal);
    private ImmutableHashSet<string> _givenUp = ImmutableHashSet.Create<string>(StringComparer.Ordinal);
    private Snapshot? _snapshot;
    private DateTimeOffset? _leaseBefore;
    private bool _isDraining;
    private bool _isHealthFinal;
    private bool _isLeaseFinal;

    /// <summary>A tier that does nothing until it is given a snapshot.</summary>
    /// <param name="loggers">Log.</param>
    /// <param name="time">Clock.</param>
    public VrrpTier(ILoggerFactory loggers, TimeProvider time)
        : this(
            (config, folder, changed) => new KeepalivedProcess(
                folder,
                new ProgramStart(config.Keepalived.Binary, config.Keepalived.Socket, KeepalivedUnit),
                loggers.CreateLogger<KeepalivedProcess>(),
                time,
                changed,
                config.Vrrp is [var any, ..] ? RouterTurns.Name(any) : null),
            (run, name, what) => HostTurn.Take(name, what, run, loggers.CreateLogger<VrrpTier>()),
            StrayKeepaliveds.Find,
            loggers,
            time)
    {
    }

    /// <summary>The same with keepalived, the turns of virtual routers, and what other daemons have left, from elsewhere.</summary>
    internal VrrpTier(
        Func<ApplianceConfig, KeepalivedFolder, Action<VrrpRoleChange>?, IKeepalived> create,
        Func<string, string, string, IDisposable?> turn,
        Func<string, IReadOnlyList<VrrpInstanceConfig>, IReadOnlyList<KeepalivedFolder>> strays,
        ILoggerFactory loggers,
        TimeProvider time)
    {
        _time = time;
        _logger = loggers.CreateLogger<VrrpTier>();
        _groups = new GroupProcesses((config, folder, isConfigured) => create(config, folder, isConfigured ? Note : null), turn, strays, _logger);
        _meter = new VrrpMeter(() => Status().Processes, () => Status().Instances);
    }

    /// <summary>Called after a role has changed, on any thread.</summary>
    public Action? RolesChanged { get; set; }

    /// <summary>
    /// Whether another host says that it would take an instance; null: nobody says. One that does not while it hears of this one (<c>nopreempt</c>, or its delay) gets it
    /// when this one gives it up.
    /// </summary>
    public Func<string, bool?> IsBackedUp { get; set; } = _ => null;

    /// <summary>Roles by instance; the same object until one changes.</summary>
    public ImmutableDictionary<string, VrrpRole> Roles => Volatile.Read(ref _roles);

    /// <summary>Puts a snapshot's instances in place, and tells keepalived what the snapshot says of their health.</summary>
    /// <exception cref="AddressApplyException">They can't be; what ran before runs on.</exception>
    public void Apply(Snapshot snapshot)
    {
        lock (_gate)
        {
            if (!ReferenceEquals(snapshot.Config, _config))
                ApplyConfig(snapshot);
            _snapshot = snapshot;
            TellHealth(snapshot);
        }
    }

    /// <summary>
    /// After the first <see cref="Apply"/>, where the snapshot does not come to run: nobody serves the addresses, so that keepalived gives them up, unless a daemon before has said how long
    /// it is to have them.
    /// </summary>
    public void TakeBack()
    {
        lock (_leaseGate)
        {
            if (!_config.Vrrp.IsEmpty)
                Write(KeepalivedLease.Hold, _config.Keepalived, _leaseBefore ?? _time.GetUtcNow());
        }
    }

    /// <summary>What it does.</summary>
    public VrrpStatus Status()
    {
        var (current, health) = (_groups.Current, Volatile.Read(ref _health));
        var processes = current.Groups.Select(group => current.Processes[group.Name].Status).ToImmutableArray();
        var roles = processes.SelectMany(process => process.Instances).ToDictionary(one => one.Instance, StringComparer.Ordinal);
        var instances = current.Groups.SelectMany(group => group.Instances)
            .Select(instance => Describe(instance, roles.GetValueOrDefault(instance.Name), health.GetValueOrDefault(instance.Name, InstanceHealth.Good))).ToImmutableArray();
        return new VrrpStatus(instances, processes, [.. processes.SelectMany(Warnings), .. instances.SelectMany(Warnings)]);
    }

    /// <inheritdoc/>
    public bool HasAddresses(ApplianceConfig config) => !config.Vrrp.IsEmpty;

    /// <inheritdoc/>
    public TimeSpan DeadAfter(ApplianceConfig config) => config.Keepalived.DeadAfter;

    /// <inheritdoc/>
    public TimeSpan RestartGrace(ApplianceConfig config) => config.Keepalived.RestartGrace;

    /// <inheritdoc/>
    public void Renew()
    {
        lock (_leaseGate) // not the other: a keepalived that takes its time must not cost the addresses of the others
        {
            if (!_isLeaseFinal)
                Hold(LeaseLength(_config.Keepalived));
        }
    }

    /// <inheritdoc/>
    public void StayForRestart()
    {
        lock (_leaseGate)
        {
            _isLeaseFinal = true;
            Hold(_config.Keepalived.RestartGrace);
        }
    }

    /// <summary>
    /// For the start of a daemon after one that has just died or stopped, where the kernel went on without it: the addresses stay for <see cref="KeepalivedConfig.RestartGrace"/>,
    /// and for no longer if it does not come to run.
    /// </summary>
    /// <returns>Whether there are any to stay.</returns>
    /// <exception cref="AddressApplyException">They do not.</exception>
    public static bool StayForStart(KeepalivedConfig config, TimeProvider time)
    {
        try
        {
            return KeepalivedLease.TryBridge(LeaseFile(config), time.GetUtcNow(), config.RestartGrace);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw NotSaid(error);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _meter.Dispose();
        lock (_gate)
            _groups.Dispose();
    }

    private static VrrpInstanceStatus Describe(VrrpInstanceConfig instance, KeepalivedRole? role, InstanceHealth health) => new(
        instance.Name, instance.Interface, instance.RouterId, role?.Role ?? VrrpRole.Unknown, role?.Since, instance.Priority, health.Value, health.Reasons,
        [.. instance.Addresses.Select(address => address.Address.ToString())], role?.Transitions.Values.Sum() ?? 0);

    private static IEnumerable<string> Warnings(KeepalivedStatus process)
    {
        if (process.Pid is null)
            yield return $"keepalived of {process.Group} does not run: this host does not take its addresses";
        else if (!process.RunsScripts)
            yield return $"keepalived of {process.Group} may not run its checks: this host keeps its addresses even if penstock dies. Use penstock-keepalived.socket, or run penstock as root; a template of your own has script_user before vrrp_notify_fifo";
    }

    private static IEnumerable<string> Warnings(VrrpInstanceStatus instance)
    {
        if (instance.Role == VrrpRole.Fault)
            yield return $"VRRP instance {instance.Name} is in FAULT: this host does not take its addresses";
        foreach (var reason in instance.Reasons)
            yield return $"VRRP instance {instance.Name} {(instance.Health == InstanceHealth.Fault ? "gives its addresses up" : $"has its priority lowered by {-instance.Health}")}: {reason}";
    }

    // keepalived looks each second and believes what it has seen twice, so that a step of the clock is no death.
    private static TimeSpan LeaseLength(KeepalivedConfig config) => config.DeadAfter - TimeSpan.FromSeconds(1);

    private void Note(VrrpRoleChange change)
    {
        ImmutableInterlocked.AddOrUpdate(ref _roles, change.Instance, change.Role, (_, _) => change.Role);
        RolesChanged?.Invoke();
    }

    private void Hold(TimeSpan time)
    {
        if (!_config.Vrrp.IsEmpty)
            Write(KeepalivedLease.Renew, _config.Keepalived, _time.GetUtcNow() + time);
    }

    private static void Write(Action<string, DateTimeOffset> write, KeepalivedConfig config, DateTimeOffset until)
    {
        try
        {
            write(LeaseFile(config), until);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw NotSaid(error);
        }
    }

    private static string LeaseFile(KeepalivedConfig config) => Path.Combine(config.Run, KeepalivedFolder.LeaseName);

    private static AddressApplyException NotSaid(Exception error) => new($"keepalived: {error.Message}", error);

    // A role that is not known yet may be that of a master whom a daemon before has left.
    private bool MayHold(VrrpInstanceConfig instance, IKeepalived process) => Roles.GetValueOrDefault(instance.Name, VrrpRole.Unknown) switch
    {
        VrrpRole.Master => true,
        VrrpRole.Unknown => process.Status.Pid is not null && _health.GetValueOrDefault(instance.Name)?.Value != InstanceHealth.Fault,
        _ => false,
    };

    private void ApplyConfig(Snapshot snapshot)
    {
        var config = snapshot.Config;
        var isFirst = _config.Vrrp.IsEmpty;
        var before = _leaseBefore = isFirst ? KeepalivedLease.Until(LeaseFile(config.Keepalived)) : null;
        try
        {
            _groups.Apply(config, (group, process) =>
            {
                // What a daemon or a process before was told may be another.
                ImmutableInterlocked.Update(ref _health, known => known.RemoveRange(group.Instances.Select(instance => instance.Name)));
                TellHealth(group, process, snapshot);
                if (isFirst)
                    Write(KeepalivedLease.Hold, config.Keepalived, _time.GetUtcNow() + s_start); // nobody renews it until all of them run
            });
            _config = config;
        }
        catch when (before is not null)
        {
            Write(KeepalivedLease.Hold, config.Keepalived, before.Value); // those that a daemon before has left go by what it said
            throw;
        }
        finally
        {
            var names = _groups.Current.Instances.Select(instance => instance.Name).ToHashSet(StringComparer.Ordinal);
            ImmutableInterlocked.Update(ref _roles, roles => roles.RemoveRange(roles.Keys.Where(name => !names.Contains(name))));
            ImmutableInterlocked.Update(ref _health, known => known.RemoveRange(known.Keys.Where(name => !names.Contains(name))));
        }
    }

    private void TellHealth(Snapshot? snapshot)
    {
        foreach (var group in _groups.Current.Groups)
            TellHealth(group, _groups.Current.Processes[group.Name], snapshot!); // groups come with one
    }

    // While it has addresses, or may have those of a daemon before, another host is to take them first.
    private InstanceHealth Drained(VrrpGroup group, IKeepalived process)
    {
        var isHolding = group.Instances.Any(instance => !_givenUp.Contains(instance.Name) && MayHold(instance, process));
        return new InstanceHealth(isHolding ? InstanceHealth.Lowest : InstanceHealth.Fault, ["this host drains (penstock ready --node ends it)"]);
    }

    // Instances of a sync group move together: one whose priority is lower moves nothing unless all of them have it lower.
    private void TellHealth(VrrpGroup group, IKeepalived process, Snapshot snapshot)
    {
        if (_isHealthFinal)
            return;
        var found = group.Instances.Select(instance => (instance.Name, Health: InstanceHealth.Of(instance, snapshot))).ToArray();
        var drained = _isDraining ? Drained(group, process) : InstanceHealth.Good;
        var lowest = Math.Min(found.Min(one => one.Health.Value), drained.Value);
        var reasons = found.SelectMany(one => one.Health.Reasons).Concat(drained.Reasons).ToImmutableArray();
        foreach (var (name, _) in found)
        {
            var now = new InstanceHealth(lowest, reasons);
            if ((_health.TryGetValue(name, out var told) && told.Equals(now)) || !TryTell(group, process, name, lowest))
                continue;
            Volatile.Write(ref _health, _health.SetItem(name, now));
            if (lowest != 0)
                _logger.LogWarning("VRRP instance {Instance} has health {Value}: {Reasons}", name, lowest, string.Join("; ", reasons));
            else if (told is not null)
                _logger.LogInformation("VRRP instance {Instance} is well again", name);
        }
    }

    private void TellAll(int value)
    {
        lock (_gate)
        {
            _isHealthFinal = true;
            foreach (var group in _groups.Current.Groups)
                Tell(group, value);
        }
    }

    // What has given its addresses up does not come back for the end.
    private void Tell(VrrpGroup group, int value)
    {
        foreach (var instance in group.Instances.Where(instance => _health.GetValueOrDefault(instance.Name)?.Value != InstanceHealth.Fault))
            _ = TryTell(group, _groups.Current.Processes[group.Name], instance.Name, value);
    }

    // What can't be told now is told with a later snapshot; it is no reason to hold up those who serve.
    private bool TryTell(VrrpGroup group, IKeepalived process, string instance, int value)
    {
        try
        {
            process.SetHealth(instance, value);
            return true;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            _logger.LogError("keepalived of {Group} can't be told of the health of {Instance}: {Reason}", group.Name, instance, error.Message);
            return false;
        }
    }
}
