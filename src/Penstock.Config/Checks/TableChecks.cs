// SPDX-License-Identifier: Apache-2.0
using System.Globalization;
using System.Numerics;
using Penstock.Model.L4;

namespace Penstock.Config.Checks;

/// <summary>Tables of engine xdp that the host has hardly room for: the kernel takes their memory at once, whether they are filled or not.</summary>
internal static class TableChecks
{
    private const int FlowsOfSet = 6, BytesOfSet = 64;     // struct lb_flow_set
    private const int BytesOfNatFlow = 400;                // two entries with what a map of the kernel has for each
    private const int BytesOfSource = 100;
    private const int BytesOfSlot = 4;
    private const double Gibibyte = 1L << 30;

    /// <summary>Warns of tables that take more than half of the memory.</summary>
    /// <param name="l4">The tier.</param>
    /// <param name="host">The host it is for; null: not known, so that nothing is said.</param>
    /// <param name="at">Its place.</param>
    /// <param name="sink">Takes what is wrong.</param>
    public static void Run(L4Config l4, IHostInterfaces? host, Cursor at, DiagnosticSink sink)
    {
        if (host is null || l4.Engine != L4Engine.Xdp || l4.Services.IsEmpty)
            return;
        (string What, Cursor At, long Bytes)[] tables =
        [
            ($"flows_per_cpu on {host.Processors} processors", at["flows_per_cpu"], Flows(l4.FlowsPerCpu) * host.Processors),
            ("nat.flows", at["nat"]["flows"], l4.Services.Any(service => service is { Forwarding: Forwarding.Nat }) ? (long)l4.Nat.Flows * BytesOfNatFlow : 0),
            ("limited_sources", at["limited_sources"], (long)l4.LimitedSources * BytesOfSource),
            ("table_size of all services", at["services"], l4.Services.Sum(service => (long)(service?.TableSize ?? 0) * BytesOfSlot)),
        ];
        var total = tables.Sum(table => table.Bytes);
        if (total <= host.Memory / 2)
            return;
        var (what, where, bytes) = tables.MaxBy(table => table.Bytes);
        sink.Warning(
            where.Node, where.Path,
            $"tables of {Size(total)}, {Size(bytes)} of them by {what}, where the host has {Size(host.Memory)}", "at most half of its memory: the kernel takes it at once, or refuses the tables");
    }

    private static long Flows(int flows) => flows == 0 ? 0 : (long)BitOperations.RoundUpToPowerOf2((uint)((flows + FlowsOfSet - 1) / FlowsOfSet)) * BytesOfSet;

    private static string Size(long bytes) => string.Create(CultureInfo.InvariantCulture, $"{bytes / Gibibyte:0.#} GiB");
}
