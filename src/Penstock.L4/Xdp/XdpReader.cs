// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using System.Net;
using Penstock.Linux.Bpf;
using Penstock.Model;
using Penstock.Model.L4;

namespace Penstock.L4.Xdp;

/// <summary>Reads counters and states from the maps.</summary>
/// <param name="host">The host's interfaces.</param>
internal sealed class XdpReader(IHostNetwork host)
{
    private const int MostNamed = 5;

    private static readonly DropReason[] s_reasons = [.. Enum.GetValues<DropReason>().Where(reason => reason != DropReason.None)];

    /// <summary>What the tier does.</summary>
    public L4Status Read(Snapshot snapshot, XdpProgram program, ServiceView[] services, ImmutableArray<string> notes)
    {
        var maps = program.Maps;
        var drops = maps["service_drops"].Keys<Layout.ServiceDrop>().ToLookup(drop => drop.Service);
        var all = Dropped(s_reasons.Select(reason => (reason, maps.Sum<uint, Layout.DropStats>("drop_stats", (uint)reason))));
        return new L4Status(
            [.. snapshot.Config.L4.Interfaces.Select(name => Interface(name, program.Program.Info.Id))],
            [.. services.Select(service => Service(service, snapshot, maps, drops))],
            Packets(all),
            notes)
        {
            DropBytes = Bytes(all),
        };
    }

    /// <summary>The same with the backends that frames can't be sent to.</summary>
    /// <param name="status">What the tier does.</param>
    /// <param name="plan">What the maps were written by.</param>
    /// <param name="devices">Interfaces that packets come in by.</param>
    /// <param name="unresolved">Those among backends whose next hop the kernel is asked for with each packet.</param>
    public static L4Status WithHops(L4Status status, PlannedService[] plan, HostInterface[] devices, IReadOnlyList<IPAddress> unresolved)
    {
        var missing = KernelForwarding.Missing(plan, devices);
        ImmutableArray<string> all =
        [
            .. unresolved.Concat(plan.SelectMany(service => service.Backends).Where(backend => backend is { IsResolved: true, Fault.Length: > 0 }).Select(backend => backend.Address))
                .Select(address => address.ToString()).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal),
        ];
        var warnings = status.Warnings.AddRange(missing.Select(KernelForwarding.Explain));
        if (!all.IsEmpty)
            warnings = warnings.Add($"no next hop answers, or there is no route, for {Few(all)}: their packets are dropped (no_route)");
        foreach (var service in plan.Where(service => !service.LeftOut.IsEmpty))
            warnings = warnings.Add($"service {service.Name}: this host has no address to reach {Few([.. service.LeftOut.Select(address => address.ToString())])} from: left out of what discovery found, until source is set");
        ImmutableArray<string> lost =
        [
            .. all.Concat(KernelForwarding.Unreachable(plan, missing).Concat(plan.SelectMany(service => service.LeftOut)).Select(address => address.ToString()))
                .Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal),
        ];
        return status with { Unresolved = lost, Warnings = warnings };
    }

    private static string Few(ImmutableArray<string> all) => all.Length <= MostNamed ? string.Join(", ", all) : $"{string.Join(", ", all.Take(MostNamed))} and {all.Length - MostNamed} more";

    private static ServiceCounters Service(ServiceView view, Snapshot snapshot, XdpMaps maps, ILookup<uint, Layout.ServiceDrop> drops)
    {
        var plan = view.Plan;
        var config = snapshot.Config.L4.Services.First(service => service.Name == plan.Name);
        var states = snapshot.Services[plan.Name];
        var backends = plan.Backends.Zip(view.Backends).GroupBy(backend => backend.First.Position)
            .Select(shares => Backend(shares.First().First, [.. shares.Select(share => share.Second)], states.IsEmpty ? null : states[shares.Key], maps, view.Slots)).ToImmutableArray();
        var own = maps.Sum<uint, Layout.ServiceStats>("service_stats", view.Id);
        var dropped = Dropped(drops[view.Id].Select(drop => ((DropReason)drop.Reason, maps.Sum<Layout.ServiceDrop, Layout.DropStats>("service_drops", drop))));
        var (packets, bytes) = Lost(own, dropped);
        return new ServiceCounters(
            plan.Name,
            plan.Listen.ToString(),
            config.Forwarding.Name(),
            backends.Sum(backend => backend.Connections),
            backends.Sum(backend => backend.Packets) + packets,
            backends.Sum(backend => backend.Bytes) + bytes,
            packets - (long)own.Cookies,
            (long)own.Cookies,
            Packets(dropped),
            backends,
            states.Any(state => state.IsInPanic))
        {
            DropBytes = Bytes(dropped),
            TableHits = backends.Sum(backend => backend.Packets - backend.TableMisses),
        };
    }

    // With nat a backend has an entry for each address that its flows leave from.
    private static BackendCounters Backend(PlannedBackend plan, uint[] ids, BackendStatus? status, XdpMaps maps, IReadOnlyDictionary<uint, long> slots)
    {
        var stats = ids.Select(id => maps.Sum<uint, Layout.BackendStats>("backend_stats", id)).ToArray();
        var returns = ids.Select(id => maps.Sum<uint, Layout.ReturnStats>("return_stats", id)).ToArray();
        var port = plan.Value.Port;
        var address = plan.Value.Forwarding == Layout.ForwardingKind.Local ? "local" : port == 0 ? plan.Address.ToString() : new System.Net.IPEndPoint(plan.Address, port).ToString();
        return new BackendCounters(
            address,
            plan.Weight,
            (IsFaulty(plan, status) ? EndpointState.Down : status?.State ?? EndpointState.Ready).ToString().ToLowerInvariant(),
            IsFaulty(plan, status) ? plan.Fault : status?.Reason ?? "",
            ids.Sum(id => slots.GetValueOrDefault(id)),
            stats.Sum(share => (long)share.NewFlows),
            stats.Sum(share => (long)share.Packets),
            stats.Sum(share => (long)share.Bytes),
            stats.Sum(share => (long)share.Misses),
            (double)plan.Share / BackendStatus.WholeShare)
        {
            ReturnPackets = returns.Sum(share => (long)share.Packets),
            ReturnBytes = returns.Sum(share => (long)share.Bytes),
        };
    }

    // What the operator or a check says is told first.
    private static bool IsFaulty(PlannedBackend plan, BackendStatus? status) => plan.Fault.Length > 0 && status is { State: EndpointState.Ready or EndpointState.Drain };

    // What went to no backend.
    private static (long Packets, long Bytes) Lost(Layout.ServiceStats own, ImmutableArray<(DropReason Reason, Layout.DropStats Stats)> dropped) =>
        ((long)own.Packets + dropped.Sum(drop => (long)drop.Stats.Packets), (long)own.Bytes + dropped.Sum(drop => (long)drop.Stats.Bytes));

    private static ImmutableArray<(DropReason Reason, Layout.DropStats Stats)> Dropped(IEnumerable<(DropReason Reason, Layout.DropStats Stats)> drops) => [.. drops.Where(drop => drop.Stats.Packets > 0)];

    private static ImmutableSortedDictionary<string, long> Packets(ImmutableArray<(DropReason Reason, Layout.DropStats Stats)> dropped) =>
        dropped.ToImmutableSortedDictionary(drop => DropReasonNames.Name(drop.Reason), drop => (long)drop.Stats.Packets, StringComparer.Ordinal);

    private static ImmutableSortedDictionary<string, long> Bytes(ImmutableArray<(DropReason Reason, Layout.DropStats Stats)> dropped) =>
        dropped.ToImmutableSortedDictionary(drop => DropReasonNames.Name(drop.Reason), drop => (long)drop.Stats.Bytes, StringComparer.Ordinal);

    private InterfaceStatus Interface(string name, uint own)
    {
        if (host.Find(name) is not { } device || XdpAttachment.Query(device.Index) is not { } running)
            return new InterfaceStatus(name, "gone", 0);
        var mode = running.Mode.ToString().ToLowerInvariant();
        return running.ProgramId == own ? new InterfaceStatus(name, mode, own) : new InterfaceStatus(name, "gone", running.ProgramId) { ForeignMode = mode };
    }
}
