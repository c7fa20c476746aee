// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using Penstock.Model.L4;

namespace Penstock.L4.Xdp;

/// <summary>How many entries each map has to have.</summary>
internal static class XdpSizes
{
    private const uint Services = 4096;
    private const uint Backends = 4096;
    private const uint ServicesPerLine = 4; // a line is lost to another service of its hash for no more than one look into the maps
    private const uint Sources = 1 << 24; // entries take memory when they come
    private const uint Overrides = 1 << 16;
    private const uint Ranges = 1 << 16;
    private const uint QuicServers = 4096;
    private const uint NatFlowsUnused = 1024; // no service forwards by nat
    private const int SpareTables = 4;
    private const int NatDirections = 2;

    /// <summary>Maps that have to have the very size that is asked for: where they have another, they are made anew.</summary>
    public static readonly ImmutableHashSet<string> Exact = ImmutableHashSet.Create(StringComparer.Ordinal, "flows", "service_lines", "captures");

    /// <summary>Maps that are younger than the layout, and those whose ids they go by: new beside ones that are taken over, they have as many entries as those.</summary>
    public static readonly ImmutableDictionary<string, string> Younger = ImmutableDictionary.CreateRange(StringComparer.Ordinal, [KeyValuePair.Create("return_stats", "backends"), KeyValuePair.Create("service_owners", "service_stats")]);

    /// <summary>Entries by map, with room to change: what is not named keeps the size of the object file.</summary>
    /// <param name="config">Settings.</param>
    /// <param name="plan">Services.</param>
    /// <param name="cpus">Possible CPUs.</param>
    public static Dictionary<string, uint> For(L4Config config, IReadOnlyList<PlannedService> plan, int cpus)
    {
        var needed = Needed(config, plan);
        return new Dictionary<string, uint>(StringComparer.Ordinal)
        {
            ["vips"] = Room(needed["vips"], Services),
            ["services"] = Room(needed["services"], Services),
            ["service_stats"] = Room(needed["services"], Services),
            ["service_owners"] = Room(needed["services"], Services),
            ["service_drops"] = Room(needed["services"], Services) * Layout.DropReasons,
            ["syn_windows"] = Room(needed["services"], Services),
            ["service_lines"] = ServiceLines(plan) * (uint)cpus,
            ["service_ranges"] = Room(needed["service_ranges"], Ranges),
            ["backends"] = Room(needed["backends"], Backends),
            ["backend_stats"] = Room(needed["backends"], Backends),
            ["return_stats"] = Room(needed["backends"], Backends),
            ["rings"] = needed["rings"] + (needed["rings"] / 4) + (uint)(SpareTables * RingSpace.LinesOf(Maglev.MaglevTable.DefaultSize)),
            ["source_lists"] = Room(needed["source_lists"], Sources),
            ["source_rates"] = needed["source_rates"],
            ["source_overrides"] = Room(needed["source_overrides"], Overrides),
            ["quic_servers"] = Room(needed["quic_servers"], QuicServers),
            ["flows"] = Math.Max(1, FlowSets(config) * (uint)cpus),
            ["nat_flows"] = needed["nat_flows"],
        };
    }

    /// <summary>A map that has less than a plan needs; null: all have enough.</summary>
    /// <param name="config">Settings.</param>
    /// <param name="plan">Services.</param>
    /// <param name="entries">Entries a map has.</param>
    public static string? Exceed(L4Config config, IReadOnlyList<PlannedService> plan, Func<string, uint> entries) =>
        Needed(config, plan).Where(map => map.Value > entries(map.Key)).Select(map => map.Key).FirstOrDefault();

    /// <summary>Sets of the flow table for each CPU: a power of two; 0: no flow table.</summary>
    public static uint FlowSets(L4Config config) =>
        config.FlowsPerCpu == 0 ? 0 : System.Numerics.BitOperations.RoundUpToPowerOf2((uint)Math.Max(1, (config.FlowsPerCpu + Layout.FlowWays - 1) / Layout.FlowWays));

    /// <summary>Lines of lately used services for each CPU: a power of two.</summary>
    public static uint ServiceLines(IReadOnlyList<PlannedService> plan) => Room((uint)plan.Count, Services) / ServicesPerLine;

    private static Dictionary<string, uint> Needed(L4Config config, IReadOnlyList<PlannedService> plan)
    {
        var (backends, lines, ranges, sources, overrides, servers, isNat) = (1u, 0u, 0u, 0u, 0u, 0u, false);
        foreach (var service in plan)
        {
            backends += (uint)service.Backends.Length;
            lines += service.IsTunnel ? 0 : (uint)RingSpace.LinesOf(service.TableSize) * (service.HasSecond ? 2u : 1u);
            ranges += service.Listen.IsOnePort ? 0 : (uint)PortPrefix.Cover(service.Listen.FirstPort, service.Listen.LastPort).Count;
            sources += (uint)service.Sources.Length;
            overrides += (uint)service.Overrides.Count;
            servers += (uint)service.QuicServers.Count;
            isNat |= service.Value.Flags.HasFlag(Layout.ServiceFlags.Nat);
        }

        return new Dictionary<string, uint>(StringComparer.Ordinal)
        {
            ["vips"] = (uint)VipPlan.Of(plan, isClosed: false).Count,
            ["services"] = (uint)plan.Count,
            ["service_ranges"] = ranges,
            ["backends"] = backends,
            ["rings"] = lines,
            ["source_lists"] = sources,
            ["source_rates"] = (uint)config.LimitedSources,
            ["source_overrides"] = overrides,
            ["quic_servers"] = servers,
            ["nat_flows"] = isNat ? (uint)(config.Nat.Flows * NatDirections) : NatFlowsUnused,
        };
    }

    private static uint Room(uint needed, uint least) => needed <= least / 2 ? least : System.Numerics.BitOperations.RoundUpToPowerOf2(needed) * 2;
}
