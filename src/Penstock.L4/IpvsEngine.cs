// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using System.Diagnostics;
using System.Net;
using Microsoft.Extensions.Logging;
using Penstock.L4.Ipvs;
using Penstock.Linux.Netlink;
using Penstock.Model;
using Penstock.Model.L4;

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
                Restore();
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
                return IpvsReader.Read(running.Snapshot, kernel.Read(), running.Warnings);
            }
            catch (NetlinkException error)
            {
                return IpvsReader.Read(running.Snapshot, new IpvsTable(), [.. running.Warnings, $"counters can't be read: {error.Message}"]);
            }
        }
    }

    /// <inheritdoc/>
    public PacketExplanation? Explain(IPEndPoint from, IPEndPoint to, TransportProtocol protocol)
    {
        lock (_gate)
        {
            if (_running is not { } running)
                return null;
            var services = running.Snapshot.Config.L4.Services;
            var service = services.FirstOrDefault(one => Takes(one, to, protocol, one.Listen.IsOnePort)) ?? services.FirstOrDefault(one => Takes(one, to, protocol, true));
            if (service is null)
                return new PacketExplanation("", "", "no service listens there", "", "passed to this host's stack, unless it has a firewall mark");
            var becomes = $"sent by {service.Forwarding.Name()}";
            if (IpvsConnections.Find(from, to, protocol) is { } known)
                return new PacketExplanation(service.Name, known.Backend.ToString(), $"the kernel knows the connection ({known.State})", "", becomes);
            var ready = running.Snapshot.Services.GetValueOrDefault(service.Name, []).Count(backend => backend.State == EndpointState.Ready && backend.Config.Weight > 0);
            var scheduler = (service.Ipvs?.Scheduler ?? IpvsScheduler.Mh).ToString().ToLowerInvariant();
            return ready == 0
                ? new PacketExplanation(service.Name, "", "no backend is ready", "", "answered with ICMP port unreachable")
                : new PacketExplanation(service.Name, "", $"a new connection: scheduler {scheduler} chooses among {ready} ready backends when it comes", "", becomes);
        }
    }

    /// <summary>Lets go; what is in the kernel stays.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _meter.Dispose();
            _kernel?.Dispose();
            _kernel = null;
            _running = null;
        }
    }

    private static bool Takes(ServiceConfig service, IPEndPoint to, TransportProtocol protocol, bool isMeant) =>
        isMeant && service.Ipvs?.Mark is null && service.Listen.Protocol == protocol && service.Listen.Address.Equals(to.Address)
        && service.Listen.FirstPort <= to.Port && to.Port <= service.Listen.LastPort;

    private void ApplyNow(Snapshot snapshot)
    {
        var config = snapshot.Config.L4;
        if (config.Services.IsEmpty && _running is null && !File.Exists(config.Ipvs.State))
            return;
        var kernel = _kernel ??= IpvsKernel.Open();
        var started = Stopwatch.GetTimestamp();
        var wanted = IpvsPlanner.Want(snapshot);
        int changes;
        if (_running is { } known && ReferenceEquals(known.Snapshot.Config.L4, config))
        {
            changes = ApplyStates(kernel, wanted, known.Table);
            _running = known with { Snapshot = snapshot, Table = wanted };
        }
        else
        {
            changes = ApplyConfig(kernel, snapshot, wanted);
        }

        _logger.Log(
            changes > 0 ? LogLevel.Information : LogLevel.Debug,
            "{Services} services of IPVS in place after {Changes} changes, {Milliseconds:0.0} ms",
            config.Services.Length, changes, Stopwatch.GetElapsedTime(started).TotalMilliseconds);
    }

    // States alone are new, and what the kernel holds is known, unless somebody has changed it: a backend that is down goes all the same.
    private int ApplyStates(IpvsKernel kernel, IpvsTable wanted, IpvsTable known)
    {
        try
        {
            return Write(kernel, IpvsPlanner.Plan(wanted, known, _ => false));
        }
        catch (NetlinkException error)
        {
            _logger.LogWarning("IPVS was changed by another hand: {Error}", error.Message);
            return Write(kernel, IpvsPlanner.Plan(wanted, kernel.Read(), _ => false));
        }
    }

    private int ApplyConfig(IpvsKernel kernel, Snapshot snapshot, IpvsTable wanted)
    {
        var config = snapshot.Config.L4;
        if (_running is { } running && running.Owned.Path != config.Ipvs.State && !config.Services.IsEmpty)
            throw new L4ApplyException($"l4: ipvs.state can't move from {running.Owned.Path} while services run: restart the daemon");
        var owned = _running?.Owned ?? new IpvsOwned(config.Ipvs.State);
        _sysctls.Apply(config.Ipvs);
        var held = kernel.Read();
        var (ours, syncsBefore, timeoutsBefore) = (owned.Names, kernel.ReadSync(), kernel.ReadTimeouts());
        try
        {
            return Change(kernel, snapshot, wanted, held, owned);
        }
        catch
        {
            Undo(kernel, wanted, held, syncsBefore, timeoutsBefore);
            Return(owned, ours);
            throw;
        }
    }

    private int Change(IpvsKernel kernel, Snapshot snapshot, IpvsTable wanted, IpvsTable held, IpvsOwned owned)
    {
        var config = snapshot.Config.L4;
        var names = wanted.Services.Select(entry => entry.Service.Key.ToString()).ToArray();
        var commands = IpvsPlanner.Plan(wanted, held, key => owned.Has(key.ToString()));
        owned.Include(names);
        var changes = Write(kernel, commands);
        var syncs = ApplySync(kernel, config.Ipvs.Sync, owned);
        ApplyTimeouts(kernel, config.Ipvs);
        owned.Replace([.. names, .. syncs]);

        var foreign = held.Services.Select(entry => entry.Service.Key).Where(key => wanted.Find(key) is null && !commands.Exists(command => command.Service.Key == key)).ToArray();
        _running = new Running(snapshot, wanted, owned, [.. Warnings(config, foreign)]);
        return changes;
    }

    // The kernel holds what it held before a change that failed half-way, whoever made it.
    private void Undo(IpvsKernel kernel, IpvsTable wanted, IpvsTable held, List<IpvsSync> syncs, IpvsTimeouts timeouts)
    {
        try
        {
            kernel.Write(IpvsPlanner.Plan(held, kernel.Read(), key => wanted.Find(key) is not null));
            var now = kernel.ReadSync();
            foreach (var one in now.Except(syncs))
                kernel.WriteSync(one, start: false);
            foreach (var one in syncs.Except(now))
                kernel.WriteSync(one, start: true);
            if (kernel.ReadTimeouts() != timeouts)
                kernel.WriteTimeouts(timeouts);
        }
        catch (NetlinkException error)
        {
            _logger.LogError(error, "IPVS could not be brought back to what it held before");
        }
    }

    private void Return(IpvsOwned owned, IReadOnlySet<string> names)
    {
        try
        {
            owned.Return(names);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            _logger.LogError(error, "{Path} lists more than this daemon has made", owned.Path);
        }
    }

    private int Write(IpvsKernel kernel, List<IpvsCommand> commands)
    {
        foreach (var command in commands.Take(20))
            _logger.LogDebug("IPVS: {Command}", command);
        kernel.Write(commands);
        return commands.Count;
    }

    private static List<string> ApplySync(IpvsKernel kernel, IpvsSyncConfig? config, IpvsOwned owned)
    {
        var wanted = new List<IpvsSync>();
        if (config is { Role: not IpvsSyncRole.Backup })
            wanted.Add(new IpvsSync(IsMaster: true, config.Interface, (uint)config.Id));
        if (config is { Role: not IpvsSyncRole.Master })
            wanted.Add(new IpvsSync(IsMaster: false, config.Interface, (uint)config.Id));
        var running = kernel.ReadSync();
        owned.Include(wanted.Select(sync => sync.Name));
        foreach (var one in running)
        {
            // There is one of each kind: another's makes room for ours, and stays where none is wanted.
            if (!wanted.Contains(one) && (owned.Has(one.Name) || wanted.Exists(want => want.IsMaster == one.IsMaster)))
                kernel.WriteSync(one, start: false);
        }

        foreach (var one in wanted.Except(running))
            kernel.WriteSync(one, start: true);
        return [.. wanted.Select(sync => sync.Name)];
    }

    private static void ApplyTimeouts(IpvsKernel kernel, IpvsConfig config)
    {
        var wanted = new IpvsTimeouts(Seconds(config.TcpTimeout), Seconds(config.TcpFinTimeout), Seconds(config.UdpTimeout));
        if (wanted == default)
            return;
        var held = kernel.ReadTimeouts();
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

    // A change that failed half-way: back to what ran, as far as the kernel lets it.
    private void Restore()
    {
        if (_running is not { } running || _kernel is not { } kernel)
            return;
        try
        {
            kernel.Write(IpvsPlanner.Plan(running.Table, kernel.Read(), key => running.Owned.Has(key.ToString())));
        }
        catch (NetlinkException error)
        {
            _logger.LogError(error, "IPVS could not be brought back to what ran before");
        }
    }

    private sealed record Running(Snapshot Snapshot, IpvsTable Table, IpvsOwned Owned, ImmutableArray<string> Warnings);
}
