// SPDX-License-Identifier: Apache-2.0
using System.Globalization;
using System.Text;

namespace Penstock.Perf.L4;

/// <summary>The table that is kept in perf/results.</summary>
internal static class Report
{
    /// <summary>When and where it was measured.</summary>
    public static string Machine()
    {
        var processor = File.ReadLines("/proc/cpuinfo").First(line => line.StartsWith("model name", StringComparison.Ordinal)).Split(':')[1].Trim();
        var kernel = File.ReadAllText("/proc/sys/kernel/osrelease").Trim();
        return string.Create(CultureInfo.InvariantCulture, $"{DateTime.UtcNow:yyyy-MM-dd}, {processor}, {Environment.ProcessorCount} cores, kernel {kernel}");
    }

    /// <summary>Writes it.</summary>
    /// <param name="rows">Nanoseconds a packet.</param>
    /// <param name="control">Milliseconds of control.</param>
    public static string Markdown(IEnumerable<Row> rows, IEnumerable<Row> control)
    {
        var culture = CultureInfo.InvariantCulture;
        var text = new StringBuilder()
            .Append("# The XDP program, nanoseconds a packet\n\n")
            .Append(culture, $"{Machine()}.\n")
            .Append("`make perf-l4`: a fresh packet each time by BPF_PROG_TEST_RUN, the least of 21 rounds, not counting those in which the harness by itself is slow (the machine is shared); its own cost is included.\n\n")
            .Append("| packet | ns | goal | katran |\n|---|--:|--:|--:|\n");
        foreach (var row in rows)
            text.Append(culture, $"| {row.Name} | {row.Value:0} | {row.Goal:0} | {row.Other:0} |\n");
        text.Append("\n| control, by the clock | ms | goal |\n|---|--:|--:|\n");
        foreach (var row in control)
            text.Append(culture, $"| {row.Name} | {row.Value:0.0} | {row.Goal:0} |\n");
        return text.ToString();
    }

    /// <summary>Writes the table of the virtual machine.</summary>
    /// <param name="ways">The ways, one of which is <c>direct</c>.</param>
    /// <param name="kernel">The machine's kernel.</param>
    /// <param name="rounds">Rounds.</param>
    public static string GuestMarkdown(IReadOnlyList<GuestWay> ways, string kernel, int rounds)
    {
        var culture = CultureInfo.InvariantCulture;
        var direct = ways.Single(way => way.Name == "direct");
        var text = new StringBuilder()
            .Append("# XDP and IPVS in one virtual machine, instructions\n\n")
            .Append(culture, $"{DateTime.UtcNow:yyyy-MM-dd}, Debian's kernel {kernel}, QEMU's TCG with -icount: an instruction is a nanosecond, of one processor.\n")
            .Append(culture, $"`make perf-l4 ARGS=--guest`: medians of {rounds} rounds in turns; of client, links, director and server together. *Director* is what is more than without one (direct).\n")
            .Append("A connection: TCP opened, one request, its answer, closed. A packet: UDP, one way. Each director has a network card of its own (virtio_net).\n\n")
            .Append("| way | a connection | spread | director | connections/s | a packet | spread | director | packets/s | the XDP program, a frame |\n|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n");
        foreach (var way in ways)
        {
            text.Append(culture, $"| {way.Name} | {way.Connection.Median:0} | {way.Connection.Spread:0} | {way.Connection.Median - direct.Connection.Median:0} | {1e9 / way.Connection.Median:0} ");
            text.Append(culture, $"| {way.Packet.Median:0} | {way.Packet.Spread:0} | {way.Packet.Median - direct.Packet.Median:0} | {1e9 / way.Packet.Median:0} | {way.Program:0} |\n");
        }

        return text.ToString();
    }
}
