// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using System.Diagnostics;
using System.Net;
using Microsoft.Extensions.Logging;
using Penstock.L4.Xdp;
using Penstock.Linux.Bpf;
using Penstock.Linux.Netlink;
using Penstock.Model;
using Penstock.Model.L4;

namespace Penstock.L4;

/// <summary>
/// The XDP engine: loads the program, or takes over what a daemon before has left running, and keeps its maps as the snapshots say.
/// What it puts in place outlives it. Its methods are called by one thread, the control plane's, <see cref="Status"/> by any.
/// </summary>
public sealed class XdpEngine : IL4Engine
{
    private static readonly TimeSpan WatchEvery = TimeSpan.FromSeconds(1);

    private readonly ILogger _logger;
    private readonly XdpLog _log;
    private readonly HostNetwork _host = new();
    private readonly LinkHops _hops;
    private readonly VlanLinks _vlans = new();
    private readonly XdpPlanner _planner;
    private readonly XdpReader _reader;
    private readonly NeighbourKeeper _neighbours;
    private readonly PinOwner _owner = new();
    private RouteEvents? _events;
    private readonly ProgramFiles _programs = new();
    private readonly ProbePaths _probes;
    private readonly L4Meter _meter;
    private readonly Lock _gate = new();
    private readonly ITimer _watch;
    private bool _haveHopsChanged;
    private Running? _running;

    /// <summary>An engine that touches nothing until it is given a service.</summary>
    public XdpEngine(ILoggerFactory loggers, TimeProvider time)
    {
        _logger = loggers.CreateLogger("Penstock.L4");
        _log = new XdpLog(_logger);
        _hops = new LinkHops(_host);
        _planner = new XdpPlanner(_host, _hops, time);
        _reader = new XdpReader(_host);
        _probes = new ProbePaths(_logger, _programs);
        _neighbours = new NeighbourKeeper(_host, time);
        _meter = new L4Meter(Status, time);
        _watch = time.CreateTimer(_ => Watch(), state: null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Puts a snapshot's services in place.</summary>
    /// <exception cref="L4ApplyException">They can't be; what ran before runs on.</exception>
    public void Apply(Snapshot snapshot)
    {
        lock (_gate)
        {
            try
            {
                var lost = StaleFlows.Lost(_running?.Snapshot, snapshot);
                ApplyNow(snapshot);
                Doubt(lost.Contains);
            }
            catch (Exception error) when (HostNeeds.IsFault(error))
            {
                throw new L4ApplyException($"l4: {HostNeeds.Explain(error, snapshot.Config.L4.Pins)}", error);
            }
        }
    }

    /// <summary>Has no flow be believed that was remembered before now: other hosts have had this one's addresses meanwhile.</summary>
    public void DoubtFlows()
    {
        lock (_gate)
            Doubt(_ => true);
    }

    /// <summary>What it does, with counters read now.</summary>
    public L4Status Status()
    {
        Running running;
        ServiceView[] services;
        lock (_gate)
        {
            if (_running is null)
                return L4Status.Empty;
            (running, services) = (_running, ServiceView.Of(_running.Plan, _running.Tables.Services));
            running.Program.Hold();
        }

        // Counters take long to read where there are many: nothing waits for that.
        using var held = running.Program;
        return XdpReader.WithHops(_reader.Read(running.Snapshot, held, services, running.Notes), running.Plan, running.Devices, _neighbours.Unresolved);
    }

    /// <summary>What would become of a packet, from the maps as they are now; null: no services run.</summary>
    /// <param name="from">The client.</param>
    /// <param name="to">Where it sends to.</param>
    /// <param name="protocol">TCP or UDP.</param>
    public PacketExplanation? Explain(IPEndPoint from, IPEndPoint to, TransportProtocol protocol)
    {
        lock (_gate)
        {
            return _running is { } running
                ? new XdpExplainer(running.Program.Maps, running.Tables.Services.Values, running.Plan, running.Settings, running.Devices).Explain(from, to, protocol)
                : null;
        }
    }

    /// <summary>Takes everything away that is pinned under a folder: programs leave their interfaces, services are no more.</summary>
    /// <param name="pins">The folder.</param>
    /// <returns>The interfaces that ran the program.</returns>
    /// <exception cref="L4ApplyException">A daemon runs them, or the kernel does not permit it.</exception>
    public static IReadOnlyList<string> Detach(string pins)
    {
        try
        {
            return PinOwner.Clear(new PinTree(pins));
        }
        catch (Exception error) when (HostNeeds.IsFault(error))
        {
            throw new L4ApplyException(HostNeeds.Explain(error, pins), error);
        }
    }

    /// <summary>Lets go; what is in the kernel stays.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _watch.Dispose();
            _events?.Dispose();
            _meter.Dispose();
            _neighbours.Dispose();
            _hops.Dispose();
            _vlans.Dispose();
            _probes.Dispose();
            _running?.Program.Dispose();
            _running = null;
            _owner.Dispose();
        }
    }

    private void Doubt(Func<IPAddress, bool> isLost)
    {
        if (_running is not { } running)
            return;
        var marked = StaleFlows.Mark(running.Program.Maps, running.Tables.Services.Values.Where(entry => isLost(entry.Listen.Address)).Select(entry => entry.Id).ToHashSet());
        if (marked > 0)
            _logger.LogInformation("{Flows} flows remembered from before another host had their addresses are not believed any more", marked);
    }

    private void LookSoon()
    {
        _neighbours.Look();
        _watch.Change(TimeSpan.Zero, Timeout.InfiniteTimeSpan);
    }

    // An interface that came back, as a driver's reload or a bond's change may have it, does not run the program; one with another MTU has
    // backends' ways of another.
    private void Watch()
    {
        lock (_gate)
        {
            if (_running is not { } running)
                return; // the next that runs is watched from then on
            if (!((running.Interfaces.HaveChanged(running.Program.Program.Info.Id) || _planner.Reaches(running.Plan)) && ApplyAgain(running.Snapshot)))
                FollowHops(); // also while an interface is gone
            _watch.Change(WatchEvery, Timeout.InfiniteTimeSpan);
        }
    }

    private bool ApplyAgain(Snapshot snapshot)
    {
        try
        {
            ApplyConfig(snapshot, _planner.PlanAnew(snapshot));
            _logger.LogWarning("interfaces have changed: services are in place again on {Interfaces}", string.Join(", ", snapshot.Config.L4.Interfaces));
            return true;
        }
        catch (Exception error) when (error is L4ApplyException || HostNeeds.IsFault(error))
        {
            _log.Complain("interfaces have changed", error);
            new XdpAttachments(new PinTree(snapshot.Config.L4.Pins)).AttachThere(snapshot.Config.L4.Interfaces, _host, _running!.Program.Program, Mode(snapshot));
            return false;
        }
    }

    private void FollowHops()
    {
        try
        {
            if (_running is not { } running)
                return;
            _log.Forwarding(KernelForwarding.Missing(running.Plan, running.Devices));
            _haveHopsChanged |= _hops.Refresh() | _planner.ForgetDrains();
            _vlans.Follow(running.Program.Maps["vlan_links"]);
            if (_haveHopsChanged)
            {
                _planner.ForgetHops();
                UpdateStates(running with { Plan = _planner.Plan(running.Snapshot) });
                _log.Faults(running.Plan, _running.Plan);
                _log.Settle("next hops have changed");
                _haveHopsChanged = false;
            }

            _probes.Follow(running.Snapshot.Config.L4, _running.Plan, running.Devices);
        }
        catch (Exception error) when (error is L4ApplyException || HostNeeds.IsFault(error))
        {
            _log.Complain("next hops have changed", error);
        }
    }

    private void ApplyNow(Snapshot snapshot)
    {
        var config = snapshot.Config.L4;
        if (config.Services.IsEmpty && config.Interfaces.IsEmpty)
        {
            Stop();
            return;
        }

        var started = Stopwatch.GetTimestamp();
        var plan = _planner.Plan(snapshot);
        if (_running is { } known && ReferenceEquals(known.Snapshot.Config.L4, config) && XdpSettings.Serve(known.Settings, plan))
            UpdateStates(known with { Snapshot = snapshot, Plan = plan });
        else
            ApplyConfig(snapshot, plan);
        _logger.LogDebug("{Services} services in place after {Milliseconds:0.0} ms", plan.Length, Stopwatch.GetElapsedTime(started).TotalMilliseconds);
    }

    // States, or backends that discovery found, alone are new: nothing of the host is looked at but the ways to new ones, so that a backend that is gone gets no packet for longer than it must.
    private void UpdateStates(Running next)
    {
        try
        {
            if (next.Snapshot.Config.L4.Services.Any(service => service.Discovery is not null))
                _hops.Keep(_neighbours.FollowOthers(next.Plan));
            next.Tables.Apply(next.Plan, next.Snapshot.Config.L4.DropOtherPorts);
            _running = next;
        }
        catch (XdpFullException)
        {
            ApplyConfig(next.Snapshot, next.Plan);
        }
    }

    private void ApplyConfig(Snapshot snapshot, PlannedService[] plan)
    {
        var config = snapshot.Config.L4;
        if (_running is null)
            _log.RequireHost();
        else if (_running.Snapshot.Config.L4.Pins is var held && held != config.Pins)
            throw new L4ApplyException($"l4: pins can't move from {held} while services run: penstock detach, then start the daemon again");
        var devices = config.Interfaces.Select(_planner.Require).ToArray();
        KernelForwarding.Require(plan, devices);
        LocalPorts.RequireApart(plan, config.Nat.Ports, _host);
        var pins = new PinTree(config.Pins);
        var attachments = new XdpAttachments(pins);
        if (_running is null)
            attachments.RefuseElsewhere();
        foreach (var device in devices)
            attachments.RefuseForeign(device);
        _owner.Own(pins);
        _neighbours.Follow(plan);
        if (_hops.Refresh())
        {
            _planner.ForgetHops(); // New ones have answered just now.
            plan = _planner.Plan(snapshot);
        }

        var settings = XdpSettings.Of(config, plan);
        _probes.Follow(config, plan, devices); // May refuse; what runs has its own again within a second.
        try
        {
            if (_running is not { } same || same.Settings != settings || XdpSizes.Exceed(config, plan, map => same.Program.Maps[map].Info.MaxEntries) is not null)
                Load(snapshot, plan, plan, settings, pins, attachments, devices);
            else
                Update(same with { Snapshot = snapshot, Plan = plan, Interfaces = Interfaces(snapshot.Config, plan, devices), Devices = devices, Notes = [] }, pins, attachments);
        }
        catch when (_running is not null)
        {
            PutBack(_running, attachments);
            throw;
        }

        attachments.Keep(devices);
        _log.Settle("interfaces have changed");
        _events ??= new RouteEvents(LookSoon);
        _hops.Keep(plan.SelectMany(service => service.Backends).Where(backend => backend.IsResolved).Select(backend => backend.Address).ToHashSet());
    }

    private void Update(Running next, PinTree pins, XdpAttachments attachments)
    {
        next.Program.PinAgain(pins);

        // An interface that is new may refuse: before anything else is.
        attachments.Attach(next.Devices, next.Program.Program, Mode(next.Snapshot));
        try
        {
            next.Tables.Apply(next.Plan, next.Snapshot.Config.L4.DropOtherPorts);
            _running = next;
        }
        catch (XdpFullException full)
        {
            _logger.LogInformation("{Reason}: the maps are made larger", full.Message);
            Load(next.Snapshot, next.Plan, [.. next.Plan, .. _running?.Plan ?? []], next.Settings, pins, attachments, next.Devices);
        }
    }

    // The interfaces run what they ran, and the maps hold what they held.
    private void PutBack(Running before, XdpAttachments attachments)
    {
        try
        {
            before.Tables.Apply(before.Plan, before.Snapshot.Config.L4.DropOtherPorts);
            attachments.Attach(before.Devices, before.Program.Program, Mode(before.Snapshot));
            attachments.Keep(before.Devices);
            _neighbours.Follow(before.Plan);
        }
        catch (Exception error) when (error is L4ApplyException || HostNeeds.IsFault(error))
        {
            _logger.LogError("what ran before could not be put back whole: {Reason}", error.Message);
        }
    }

    private void Load(Snapshot snapshot, PlannedService[] plan, PlannedService[] room, Layout.Settings settings, PinTree pins, XdpAttachments attachments, HostInterface[] devices)
    {
        var file = _programs.Get(snapshot.Config.L4.Program, "xdp_lb");
        pins.Create();
        var program = XdpProgram.Load(file, pins, XdpSizes.For(snapshot.Config.L4, room, BpfCpus.Possible), settings);
        try
        {
            _vlans.Follow(program.Maps["vlan_links"]);

            // Maps that hold what those of the running program do: it goes first, for both share some of them. New maps are filled first.
            if (program.IsAdopted)
            {
                attachments.Attach(devices, program.Program, Mode(snapshot));
                program.CatchUp();
            }

            var tables = new XdpTables(program.Maps);
            if (program.IsAdopted)
                Replace(program, tables, settings, pins);
            tables.Apply(plan, snapshot.Config.L4.DropOtherPorts);
            if (!program.IsAdopted)
                attachments.Attach(devices, program.Program, Mode(snapshot));
            program.Pin(pins);
            var notes = program.Rebuilt.Concat(pins.RemoveOtherVersions()).ToImmutableArray();
            _logger.LogInformation(
                "XDP program {Id} loaded from {Path}, {Maps}", program.Program.Info.Id, file.Location, program.IsAdopted ? "with the maps of the one before" : "with maps of its own");
            foreach (var note in notes)
                _logger.LogWarning("rebuilt: {Note}", note);
            if (!program.IsAdopted)
                _running?.Program.Dispose();
            _running = new Running(snapshot, plan, Interfaces(snapshot.Config, plan, devices), devices, settings, program, tables, notes);
            _watch.Change(WatchEvery, Timeout.InfiniteTimeSpan);
        }
        catch
        {
            if (_running?.Program != program)
                program.Dispose();
            throw;
        }
    }

    // What ran before runs on by the new program and its maps, whatever becomes of the new plan.
    private void Replace(XdpProgram program, XdpTables tables, Layout.Settings settings, PinTree pins)
    {
        if (_running is not { } before)
            return;
        program.Pin(pins);
        _running = before with { Program = program, Tables = tables, Settings = settings };
        before.Program.Dispose();
    }

    private static XdpMode Mode(Snapshot snapshot) => snapshot.Config.L4.Attach == XdpAttach.Generic ? XdpMode.Generic : XdpMode.Native;

    private InterfaceWatch Interfaces(ApplianceConfig config, PlannedService[] plan, HostInterface[] ingress) =>
        InterfaceWatch.Of(config.L4, config.Peers?.OwnProxy(), plan, ingress, _planner.Require, _host);

    // A configuration without the tier takes away what this process has run; what another has left is not this one's to touch.
    private void Stop()
    {
        if (_running is not { } running)
            return;
        running.Program.Dispose();
        _running = null;
        _neighbours.Follow([]);
        _probes.Dispose();
        _owner.Release();
        _logger.LogInformation("no services any more: detached from {Interfaces}", string.Join(", ", Detach(running.Snapshot.Config.L4.Pins)));
    }

    private sealed record Running(Snapshot Snapshot, PlannedService[] Plan, InterfaceWatch Interfaces, HostInterface[] Devices, Layout.Settings Settings, XdpProgram Program, XdpTables Tables, ImmutableArray<string> Notes);
}
