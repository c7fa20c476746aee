// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Penstock.Linux;
using Penstock.Model;
using Penstock.Model.Vrrp;

namespace Penstock.Vrrp;

/// <summary>
/// The VRRP instances of this host: what keepalived is to do, what it is told of the daemon's health, and what it says of roles. One thread calls
/// <see cref="Apply"/>, any the others.
/// </summary>
public sealed class VrrpTier : IDisposable
{
    private static readonly TimeSpan RolePoll = TimeSpan.FromMilliseconds(10);

    private readonly Func<KeepalivedConfig, KeepalivedFolder, IKeepalived> _create;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Lock _gate = new();
    private readonly VrrpMeter _meter;
    private volatile Running _running = Running.Nothing;
    private ImmutableDictionary<string, VrrpRole> _roles = ImmutableDictionary.Create<string, VrrpRole>(StringComparer.Ordinal);
    private bool _isHealthFinal;
    private bool _isLeaseFinal;

    /// <summary>A tier that does nothing until it is given a snapshot.</summary>
    /// <param name="loggers">Log.</param>
    /// <param name="time">Clock.</param>
    public VrrpTier(ILoggerFactory loggers, TimeProvider time)
        : this((config, folder, changed) => new KeepalivedProcess(folder, config.Binary, loggers.CreateLogger<KeepalivedProcess>(), time, changed), loggers, time)
    {
    }

    /// <summary>The same with keepalived from elsewhere.</summary>
    internal VrrpTier(
        Func<KeepalivedConfig, KeepalivedFolder, Action<VrrpRoleChange>, IKeepalived> create,
        ILoggerFactory loggers,
        TimeProvider time)
    {
        _create = (config, folder) => create(config, folder, Note);
        _time = time;
        _logger = loggers.CreateLogger<VrrpTier>();
        _meter = new VrrpMeter(() => Status().Processes, () => Status().Instances);
    }

    /// <summary>Called after a role has changed, on any thread.</summary>
    public Action? RolesChanged { get; set; }

    /// <summary>Roles by instance; the same object until one changes.</summary>
    public ImmutableDictionary<string, VrrpRole> Roles => Volatile.Read(ref _roles);

    /// <summary>Puts a snapshot's instances in place, and tells keepalived what the snapshot says of their health.</summary>
    /// <exception cref="VrrpApplyException">They can't be; what ran before runs on.</exception>
    public void Apply(Snapshot snapshot)
    {
        lock (_gate)
        {
            if (!ReferenceEquals(snapshot.Config, _running.Config))
                ApplyConfig(snapshot);
            TellHealth(snapshot);
        }
    }

    /// <summary>What it does.</summary>
    public VrrpStatus Status()
    {
        var running = _running;
        var processes = running.Processes.Values.Select(process => process.Status).ToArray();
        var roles = processes.SelectMany(process => process.Instances).ToDictionary(one => one.Instance, StringComparer.Ordinal);
        var instances = running.Config.Vrrp.Select(instance => Describe(instance, roles.GetValueOrDefault(instance.Name), running.Health.GetValueOrDefault(instance.Name, InstanceHealth.Good)))
            .ToImmutableArray();
        return new VrrpStatus(instances, [.. processes], [.. processes.SelectMany(Warnings), .. instances.SelectMany(Warnings)]);
    }

    /// <summary>Says that the daemon is alive. Where it does not for <see cref="KeepalivedConfig.DeadAfter"/>, the addresses are given up.</summary>
    public void Renew()
    {
        lock (_gate)
        {
            if (!_isLeaseFinal)
                Hold(LeaseLength(_running.Config.Keepalived));
        }
    }

    /// <summary>
    /// For the end of a daemon without which the host serves nothing: other hosts take the addresses while this one still has them, so that no packet is lost on the way.
    /// </summary>
    /// <param name="cancellation">Ends the wait; the addresses are given up at once then.</param>
    /// <returns>Instances that no other host has taken.</returns>
    public async Task<IReadOnlyList<string>> HandOverAsync(CancellationToken cancellation)
    {
        Running running;
        lock (_gate)
        {
            _isHealthFinal = true;
            running = _running;
            TellAll(InstanceHealth.Lowest);
        }

        var masters = Masters(running);
        if (masters.Length == 0)
            return [];
        _logger.LogInformation("handing over {Instances}", string.Join(", ", masters));
        var patience = running.Config.Vrrp.Max(instance => instance.AdvertInterval) * 4 + TimeSpan.FromSeconds(1); // Three adverts, the skew, and some for the machines.
        var started = _time.GetTimestamp();
        while (Masters(running).Length > 0 && _time.GetElapsedTime(started) < patience && !cancellation.IsCancellationRequested)
            await Task.Delay(RolePoll, _time, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return Masters(running);
    }

    /// <summary>The addresses are given up, whether another host takes them or not, until a daemon says otherwise.</summary>
    public void GiveUp()
    {
        lock (_gate)
        {
            (_isHealthFinal, _isLeaseFinal) = (true, true);
            TellAll(InstanceHealth.Fault);
        }
    }

    /// <summary>For the end of a daemon without which the kernel goes on: the addresses stay for <see cref="KeepalivedConfig.RestartGrace"/>.</summary>
    public void StayForRestart()
    {
        lock (_gate)
        {
            (_isHealthFinal, _isLeaseFinal) = (true, true);
            Hold(_running.Config.Keepalived.RestartGrace);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _meter.Dispose();
        lock (_gate)
        {
            foreach (var process in _running.Processes.Values)
                process.Dispose();
            _running.Turn?.Dispose();
            _running = Running.Nothing;
        }
    }

    private static VrrpInstanceStatus Describe(VrrpInstanceConfig instance, KeepalivedRole? role, InstanceHealth health) => new(
        instance.Name, instance.Interface, instance.RouterId, role?.Role ?? VrrpRole.Unknown, role?.Since, instance.Priority, health.Value, health.Reasons,
        [.. instance.Addresses.Select(address => address.Address.ToString())], role?.Transitions.Values.Sum() ?? 0);

    private static IEnumerable<string> Warnings(KeepalivedStatus process)
    {
        if (process.Pid is null)
            yield return $"keepalived of {process.Group} does not run: this host does not take its addresses";
    }

    private static IEnumerable<string> Warnings(VrrpInstanceStatus instance)
    {
        if (instance.Role == VrrpRole.Fault)
            yield return $"VRRP instance {instance.Name} is in FAULT: this host does not take its addresses";
        foreach (var reason in instance.Reasons)
            yield return $"VRRP instance {instance.Name} {(instance.Health == InstanceHealth.Fault ? "gives its addresses up" : $"has its priority lowered by {-instance.Health}")}: {reason}";
    }

    private void Note(VrrpRoleChange change)
    {
        ImmutableInterlocked.AddOrUpdate(ref _roles, change.Instance, change.Role, (_, _) => change.Role);
        RolesChanged?.Invoke();
    }

    // keepalived looks each second and believes what it has seen twice, so that a step of the clock is no death.
    private static TimeSpan LeaseLength(KeepalivedConfig config) => config.DeadAfter - TimeSpan.FromSeconds(1);

    private void Hold(TimeSpan time)
    {
        if (_running.Groups.Count > 0)
            Renew(_running.Config.Keepalived, time);
    }

    private void Renew(KeepalivedConfig config, TimeSpan time)
    {
        try
        {
            Lease.Renew(Path.Combine(config.Run, KeepalivedFolder.LeaseName), _time.GetUtcNow() + time);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new VrrpApplyException($"keepalived: {error.Message}", error);
        }
    }

    private string[] Masters(Running running) => [.. running.Config.Vrrp.Select(instance => instance.Name).Where(name => Roles.GetValueOrDefault(name) == VrrpRole.Master)];

    // Everything is rendered and judged before the first thing changes.
    private void ApplyConfig(Snapshot snapshot)
    {
        var (config, before) = (snapshot.Config, _running);
        var wanted = VrrpGroup.Of(config);
        var turn = Take(config, before);
        var processes = new Dictionary<string, IKeepalived>(StringComparer.Ordinal);
        var added = new List<(IKeepalived Process, bool RanBefore)>();
        try
        {
            foreach (var group in wanted)
            {
                if (!before.Processes.TryGetValue(group.Name, out var process))
                {
                    process = _create(config.Keepalived, group.Folder);
                    added.Add((process, process.Status.Pid is not null));
                }

                processes.Add(group.Name, process);
                process.Check(group.Plan.Text);
            }

            if (wanted.Count > 0)
                Renew(config.Keepalived, LeaseLength(config.Keepalived));
            foreach (var group in wanted)
                processes[group.Name].ApplyAsync(group.Plan).GetAwaiter().GetResult();
        }
        catch
        {
            Undo(before, added);
            if (before.Turn != turn)
                turn?.Dispose();
            throw;
        }

        foreach (var (name, process) in before.Processes.Where(one => !processes.ContainsKey(one.Key)))
            Stop(name, process);
        if (before.Turn is null && turn is not null)
            StopLeftovers(config.Keepalived, processes.Keys);
        if (wanted.Count == 0)
            turn?.Dispose();
        var names = config.Vrrp.Select(instance => instance.Name).ToHashSet(StringComparer.Ordinal);
        ImmutableInterlocked.Update(ref _roles, roles => roles.RemoveRange(roles.Keys.Where(name => !names.Contains(name))));
        _running = new Running(config, wanted, processes, wanted.Count == 0 ? null : turn, ImmutableDictionary.Create<string, InstanceHealth>(StringComparer.Ordinal));
    }

    // One daemon at a time goes by a run folder, as long as it has instances.
    private static FolderLock? Take(ApplianceConfig config, Running before)
    {
        var (wanted, held) = (config.Keepalived, before.Config.Keepalived);
        if (before.Turn is not null)
        {
            return config.Vrrp.IsEmpty || (string.Equals(wanted.Run, held.Run, StringComparison.Ordinal) && string.Equals(wanted.State, held.State, StringComparison.Ordinal))
                ? before.Turn
                : throw new VrrpApplyException("keepalived: run and state can't move while VRRP instances run: restart the daemon");
        }

        if (config.Vrrp.IsEmpty)
            return null;
        try
        {
            foreach (var folder in (string[])[wanted.Run, wanted.State])
                Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupRead | UnixFileMode.GroupExecute);
            return FolderLock.TryTake(wanted.Run) ?? throw new VrrpApplyException($"another process runs the VRRP instances of {wanted.Run}: stop it, or use another keepalived.run");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new VrrpApplyException($"keepalived: {error.Message}", error);
        }
    }

    // Groups that a daemon before has run, and that are configured no more.
    private void StopLeftovers(KeepalivedConfig config, IEnumerable<string> groups)
    {
        foreach (var name in Directory.EnumerateDirectories(config.Run).Select(folder => Path.GetFileName(folder)).Except(groups, StringComparer.Ordinal))
        {
            try
            {
                var folder = new KeepalivedFolder(config.State, config.Run, name);
                if (!File.Exists(folder.ConfigFile))
                    continue;
                Stop(name, _create(config, folder));
                File.Delete(folder.ConfigFile);
                _logger.LogInformation("keepalived of {Group}, which is configured no more, has ended", name);
            }
            catch (Exception error) when (error is VrrpApplyException or IOException or UnauthorizedAccessException)
            {
                _logger.LogError(error, "keepalived of {Group}, which is configured no more, could not be ended", name);
            }
        }
    }

    // Those that were there run by what they ran by; those that were not end.
    private void Undo(Running before, List<(IKeepalived Process, bool RanBefore)> added)
    {
        foreach (var (process, ranBefore) in added)
        {
            if (ranBefore)
                process.Dispose(); // a daemon before has left it, and its addresses are in use
            else
                Stop("that was about to start", process);
        }

        foreach (var group in before.Groups)
        {
            try
            {
                before.Processes[group.Name].ApplyAsync(group.Plan).GetAwaiter().GetResult();
            }
            catch (VrrpApplyException error)
            {
                _logger.LogError(error, "keepalived of {Group} does not take back what it ran by", group.Name);
            }
        }
    }

    private void Stop(string name, IKeepalived process)
    {
        try
        {
            process.StopAsync().GetAwaiter().GetResult();
        }
        catch (VrrpApplyException error)
        {
            _logger.LogError(error, "keepalived of {Group} does not end", name);
        }

        process.Dispose();
    }

    // Instances of a sync group move together: one whose priority is lower moves nothing unless all of them have it lower.
    private void TellHealth(Snapshot snapshot)
    {
        if (_isHealthFinal)
            return;
        var health = _running.Health;
        foreach (var group in _running.Groups)
        {
            var found = group.Instances.Select(instance => (instance.Name, Health: InstanceHealth.Of(instance, snapshot))).ToArray();
            var lowest = found.Min(one => one.Health.Value);
            foreach (var (name, own) in found)
            {
                var now = own with { Value = lowest };
                if (health.TryGetValue(name, out var told) && told.Equals(now))
                    continue;
                Tell(group, name, now.Value);
                health = health.SetItem(name, now);
                if (now.Value != 0)
                    _logger.LogWarning("VRRP instance {Instance} has health {Value}: {Reasons}", name, now.Value, string.Join("; ", found.SelectMany(one => one.Health.Reasons)));
                else if (told is not null)
                    _logger.LogInformation("VRRP instance {Instance} is well again", name);
            }
        }

        _running = _running with { Health = health };
    }

    private void TellAll(int value)
    {
        foreach (var group in _running.Groups)
        {
            foreach (var instance in group.Instances)
                Tell(group, instance.Name, value);
        }
    }

    private void Tell(VrrpGroup group, string instance, int value)
    {
        try
        {
            _running.Processes[group.Name].SetHealth(instance, value);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new VrrpApplyException($"keepalived {group.Name}: {error.Message}", error);
        }
    }

    private sealed record Running(
        ApplianceConfig Config,
        IReadOnlyList<VrrpGroup> Groups,
        IReadOnlyDictionary<string, IKeepalived> Processes,
        FolderLock? Turn,
        ImmutableDictionary<string, InstanceHealth> Health)
    {
        public static Running Nothing { get; } = new(
            new ApplianceConfig { Node = "" }, [], new Dictionary<string, IKeepalived>(StringComparer.Ordinal), null, ImmutableDictionary.Create<string, InstanceHealth>(StringComparer.Ordinal));
    }
}
