// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using Penstock.Model.L4;

namespace Penstock.L4.Xdp;

/// <summary>How many entries each map has to have.</summary>
internal static class XdpSizes
{
    private const uint Services = 4096;
    private const uint Backends = 4096;
    private const uint NatFlows = 1024; // none is made
    private const uint ServicesPerLine = 4; // a line is lost to another service of its hash for no more than one look into the maps
    private const int SpareTables = 4;

    /// <summary>Maps whose contents mean nothing at another size: they begin anew.</summary>
    public static readonly ImmutableHashSet<string> Exact = ImmutableHashSet.Create(StringComparer.Ordinal, "flows", "service_lines", "captures");

    /// <summary>Entries by map, with room to change: what is not named keeps the size of the object file.</summary>
    /// <param name="config">Settings.</param>
    /// <param name="plan">Services.</param>
    /// <param name="cpus">Possible CPUs.</param>
    public static Dictionary<string, uint> For(L4Config config, IReadOnlyList<PlannedService> plan, int cpus)
    {
        var services = Room((uint)plan.Count, Services);
        var backends = Room((uint)plan.Sum(service => service.Backends.Length) + 1, Backends);
        var lines = plan.Sum(service => (long)RingSpace.LinesOf(service.TableSize));
        return new Dictionary<string, uint>(StringComparer.Ordinal)
        {
            ["vips"] = services,
            ["services"] = services,
            ["service_stats"] = services,
            ["service_lines"] = ServiceLines(plan) * (uint)cpus,
            ["backends"] = backends,
            ["backend_stats"] = backends,
            ["rings"] = (uint)(lines + (lines / 4) + (SpareTables * RingSpace.LinesOf(Maglev.MaglevTable.DefaultSize))),
            ["flows"] = Math.Max(1, FlowSets(config) * (uint)cpus),
            ["nat_flows"] = NatFlows,
        };
    }

    /// <summary>Whether a plan needs more than maps of these sizes have.</summary>
    public static bool Exceed(IReadOnlyList<PlannedService> plan, IXdpMaps maps) =>
        plan.Count > maps.Services
        || plan.Sum(service => service.Backends.Length) >= maps.Backends
        || plan.Sum(service => (long)RingSpace.LinesOf(service.TableSize)) > maps.RingLines;

    /// <summary>Sets of the flow table for each CPU: a power of two; 0: no flow table.</summary>
    public static uint FlowSets(L4Config config) =>
        config.FlowsPerCpu == 0 ? 0 : System.Numerics.BitOperations.RoundUpToPowerOf2((uint)Math.Max(1, (config.FlowsPerCpu + Layout.FlowWays - 1) / Layout.FlowWays));

    /// <summary>Lines of lately used services for each CPU: a power of two.</summary>
    public static uint ServiceLines(IReadOnlyList<PlannedService> plan) => Room((uint)plan.Count, Services) / ServicesPerLine;

    private static uint Room(uint needed, uint least) => needed <= least / 2 ? least : System.Numerics.BitOperations.RoundUpToPowerOf2(needed) * 2;
}
