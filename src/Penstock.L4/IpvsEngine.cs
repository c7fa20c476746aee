// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using System.Diagnostics;
using System.Net;
using Microsoft.Extensions.Logging;
using Penstock.L4.Ipvs;
using Penstock.Linux.Netlink;
using Penstock.Model;
using Penstock.Model.L4;
using Penstock.Model.Vrrp;

namespace Penstock.L4;

/// <summary>
/// The IPVS engine: keeps the kernel's IP virtual server as the snapshots say. Services that the configuration names are its own, whoever made them; of others
/// it takes away those that it has made, and leaves and reports the rest.
/// </summary>
public sealed class IpvsEngine : IL4Engine
{
    private readonly ILogger _logger;
    private readonly IpvsSysctls _sysctls = new();
    private readonly L4Meter _meter;
    private readonly Lock _gate = new();
    private IpvsKernel? _kernel;
    private IpvsOwned? _owned;
    private Running? _running;

    /// <summary>An engine that touches nothing until it is given a service.</summary>
    public IpvsEngine(ILoggerFactory loggers)
    {
        _logger = loggers.CreateLogger("Penstock.L4");
        _meter = new L4Meter(Status, TimeProvider.System);
    }

    /// <inheritdoc/>
    public void Apply(Snapshot snapshot)
    {
        lock (_gate)
        {
            try
            {
                ApplyNow(snapshot);
            }
            catch (Exception error) when (error is NetlinkException or IOException or UnauthorizedAccessException)
            {
                throw new L4ApplyException($"l4: {error.Message}", error);
            }
        }
    }

    /// <inheritdoc/>
    public L4Status Status()
    {
        lock (_gate)
        {
            if (_running is not { } running || _kernel is not { } kernel)
                return L4Status.Empty;
            try
            {
                return IpvsReader.Read(running.Snapshot, kernel.Read(), running.Warnings.AddRange(running.LeftOut));
            }
            catch (Exception error) when (error is NetlinkException or L4ApplyException)
            {
                return IpvsReader.Read(running.Snapshot, new IpvsTable(), [.. running.Warnings, .. running.LeftOut, $"counters can't be read: {error.Message}"]);
            }
        }
    }

    /// <inheritdoc/>
    public PacketExplanation? Explain(IPEndPoint from, IPEndPoint to, TransportProtocol protocol)
    {
        Running? running;
        lock (_gate)
            running = _running;
        return running is null ? null : IpvsExplainer.Explain(running.Snapshot, from, to, protocol);
    }

    /// <summary>Lets go; what is in the kernel stays.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _meter.Dispose();
            _kernel?.Dispose();
            _kernel = null;
            _owned?.Dispose();
            _owned = null;
            _running = null;
        }
    }

    private void ApplyNow(Snapshot snapshot)
    {
        var config = snapshot.Config.L4;
        if (config.Services.IsEmpty && _running is null && !File.Exists(config.Ipvs.State))
            return;
        var owned = Own(config);
        var kernel = _kernel ??= IpvsKernel.Open();
        var started = Stopwatch.GetTimestamp();
        var wanted = IpvsPlanner.Want(snapshot);
        var changes = _running is { } known && ReferenceEquals(known.Snapshot.Config.L4, config) && SyncRole(known.Snapshot) == SyncRole(snapshot)
            ? ApplyStates(kernel, snapshot, wanted, known)
            : ApplyConfig(kernel, snapshot, wanted, owned);
        _logger.Log(
            changes > 0 ? LogLevel.Information : LogLevel.Debug,
            "{Services} services of IPVS in place after {Changes} changes, {Milliseconds:0.0} ms",
            config.Services.Length, changes, Stopwatch.GetElapsedTime(started).TotalMilliseconds);
    }

    // The list of what is ours, which stays where it is while services run.
    private IpvsOwned Own(L4Config config)
    {
        var path = config.Ipvs.State;
        if (_owned is { } owned && (string.Equals(owned.Path, path, StringComparison.Ordinal) || (_running is not null && config.Services.IsEmpty)))
            return owned;
        if (_running is { } running)
            throw new L4ApplyException($"l4: ipvs.state can't move from {running.Owned.Path} while services run: restart the daemon");
        _owned?.Dispose();
        _owned = null;
        return _owned = IpvsOwned.Open(path);
    }

    // States alone are new, and what the kernel holds is known, unless somebody has changed it, or its module was loaded again: a backend that is down goes all the same.
    private int ApplyStates(IpvsKernel kernel, Snapshot snapshot, IpvsTable wanted, Running known)
    {
        int changes;
        ImmutableArray<string> left;
        try
        {
            changes = Write(kernel, snapshot, wanted, IpvsPlanner.Plan(wanted, known.Table, _ => false), out left);
        }
        catch (NetlinkException error)
        {
            _logger.LogWarning("IPVS was changed by another hand: {Error}", error.Message);
            var held = Hold(kernel);
            changes = Write(kernel, snapshot, wanted, IpvsPlanner.Plan(wanted, held.Table, _ => false), out left);
            _sysctls.Apply(snapshot.Config.L4.Ipvs);
            ApplySettings(kernel, snapshot, held, known.Owned);
        }

        _running = known with { Snapshot = snapshot, Table = wanted, LeftOut = left };
        return changes;
    }

    private int ApplyConfig(IpvsKernel kernel, Snapshot snapshot, IpvsTable wanted, IpvsOwned owned)
    {
        _sysctls.Apply(snapshot.Config.L4.Ipvs);
        var held = Hold(kernel);
        var commands = IpvsPlanner.Plan(wanted, held.Table, key => owned.Has(key.ToString()));
        owned.Begin([.. wanted.Services.Select(entry => entry.Service.Key.ToString()), .. SyncNames(snapshot.Config.L4.Ipvs.Sync)]);
        try
        {
            Change(kernel, snapshot, wanted, held, owned, commands);
            return commands.Count;
        }
        catch
        {
            Undo(kernel, wanted, held, owned);
            throw;
        }
    }

    private static Held Hold(IpvsKernel kernel) => new(kernel.Read(), kernel.ReadSync(), kernel.ReadTimeouts());

    private void Change(IpvsKernel kernel, Snapshot snapshot, IpvsTable wanted, Held held, IpvsOwned owned, List<IpvsCommand> commands)
    {
        _ = Write(kernel, snapshot, wanted, commands, out var left);
        ApplySettings(kernel, snapshot, held, owned);
        owned.Commit();

        var foreign = held.Table.Services.Select(entry => entry.Service.Key).Where(key => wanted.Find(key) is null && !commands.Exists(command => command.Service.Key == key)).ToArray();
        _running = new Running(snapshot, wanted, owned, [.. Warnings(snapshot.Config.L4, foreign)], left);
    }

    // The kernel holds what it held before a change that failed half-way, whoever made it.
    private void Undo(IpvsKernel kernel, IpvsTable wanted, Held held, IpvsOwned owned)
    {
        try
        {
            _ = kernel.Write(IpvsPlanner.Plan(held.Table, kernel.Read(), key => wanted.Find(key) is not null));
            var now = kernel.ReadSync();
            foreach (var one in now.Except(held.Syncs))
                kernel.WriteSync(one, start: false);
            foreach (var one in held.Syncs.Except(now))
                kernel.WriteSync(one, start: true);
            if (kernel.ReadTimeouts() != held.Timeouts)
                kernel.WriteTimeouts(held.Timeouts);
            owned.Return();
        }
        catch (Exception error) when (error is NetlinkException or L4ApplyException)
        {
            _logger.LogError(error, "IPVS could not be brought back to what it held before; {Path} lists what the daemon may have made", owned.Path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            _logger.LogError(error, "{Path} lists more than this daemon has made", owned.Path);
        }
    }

    // What is left out is wanted no longer, so that the next change tries it again.
    private int Write(IpvsKernel kernel, Snapshot snapshot, IpvsTable wanted, List<IpvsCommand> commands, out ImmutableArray<string> left)
    {
        foreach (var command in commands.Take(20))
            _logger.LogDebug("IPVS: {Command}", command);
        var discovered = IpvsLeftOut.Discovered(snapshot.Config.L4);
        var refused = kernel.Write(commands, (command, outcome) => IpvsLeftOut.Is(command, outcome, discovered));
        left = IpvsLeftOut.TakeOut(snapshot.Config.L4, wanted, refused);
        foreach (var warning in left.Except(_running?.LeftOut ?? [], StringComparer.Ordinal))
            _logger.LogWarning("{Warning}", warning);
        return commands.Count - refused.Count;
    }

    // What is for all services.
    private static void ApplySettings(IpvsKernel kernel, Snapshot snapshot, Held held, IpvsOwned owned)
    {
        var config = snapshot.Config.L4.Ipvs;
        ApplySync(kernel, config.Sync, SyncRole(snapshot), held.Syncs, owned);
        ApplyTimeouts(kernel, config, held.Timeouts);
    }

    // Sync daemons that are ours: where they follow a role both, so that a change of it needs no list written.
    private static IEnumerable<string> SyncNames(IpvsSyncConfig? config)
    {
        if (config is not null && config.Role != IpvsSyncRole.Backup)
            yield return IpvsSync.MasterName;
        if (config is not null && config.Role != IpvsSyncRole.Master)
            yield return IpvsSync.BackupName;
    }

    // Master of one instance and not of another: both. Null: no sync, or the roles are not known yet.
    private static IpvsSyncRole? SyncRole(Snapshot snapshot) => snapshot.Config.L4.Ipvs.Sync?.Role switch
    {
        IpvsSyncRole.Vrrp when snapshot.Roles.IsEmpty => null,
        IpvsSyncRole.Vrrp when !snapshot.Roles.ContainsValue(VrrpRole.Master) => IpvsSyncRole.Backup,
        IpvsSyncRole.Vrrp when snapshot.Roles.Values.All(role => role == VrrpRole.Master) => IpvsSyncRole.Master,
        IpvsSyncRole.Vrrp => IpvsSyncRole.Both,
        var role => role,
    };

    private static void ApplySync(IpvsKernel kernel, IpvsSyncConfig? config, IpvsSyncRole? role, List<IpvsSync> running, IpvsOwned owned)
    {
        var wanted = new List<IpvsSync>();
        if (role is IpvsSyncRole.Both or IpvsSyncRole.Master)
            wanted.Add(new IpvsSync(IsMaster: true, config!.Interface, (uint)config.Id)); // has a role
        if (role is IpvsSyncRole.Both or IpvsSyncRole.Backup)
            wanted.Add(new IpvsSync(IsMaster: false, config!.Interface, (uint)config.Id)); // has a role
        if (config is not null && role is null)
            wanted.AddRange(running.Where(one => owned.Has(one.Name) && string.Equals(one.Interface, config.Interface, StringComparison.Ordinal) && one.Id == (uint)config.Id));
        foreach (var one in running)
        {
            // There is one of each kind: another's makes room for ours, and stays where none is wanted.
            if (!wanted.Contains(one) && (owned.Has(one.Name) || wanted.Exists(want => want.IsMaster == one.IsMaster)))
                kernel.WriteSync(one, start: false);
        }

        foreach (var one in wanted.Except(running))
            kernel.WriteSync(one, start: true);
    }

    private static void ApplyTimeouts(IpvsKernel kernel, IpvsConfig config, IpvsTimeouts held)
    {
        var wanted = new IpvsTimeouts(Seconds(config.TcpTimeout), Seconds(config.TcpFinTimeout), Seconds(config.UdpTimeout));
        if (Differs(wanted.Tcp, held.Tcp) || Differs(wanted.TcpFin, held.TcpFin) || Differs(wanted.Udp, held.Udp))
            kernel.WriteTimeouts(wanted);
    }

    private static uint Seconds(TimeSpan? time) => (uint)Math.Ceiling(time?.TotalSeconds ?? 0);

    private static bool Differs(uint wanted, uint held) => wanted != 0 && wanted != held;

    private IEnumerable<string> Warnings(L4Config config, IpvsServiceKey[] foreign)
    {
        foreach (var key in foreign)
            yield return $"IPVS has a service at {key} that is not in the configuration and that this daemon has not made: it stays";
        foreach (var warning in config.Services.IsEmpty ? [] : _sysctls.Check(config))
            yield return warning;
    }

    private sealed record Held(IpvsTable Table, List<IpvsSync> Syncs, IpvsTimeouts Timeouts);

    private sealed record Running(Snapshot Snapshot, IpvsTable Table, IpvsOwned Owned, ImmutableArray<string> Warnings, ImmutableArray<string> LeftOut);
}
