// SPDX-License-Identifier: Apache-2.0
using System.Diagnostics;
using System.Globalization;
using Penstock.Bpf.Tests;

namespace Penstock.Perf.L4;

/// <summary>XDP against IPVS in a virtual machine whose clock counts instructions: guest.sh by tests/Vm/run.</summary>
internal static class GuestRun
{
    private const int Rounds = 3;
    private const int Connections = 256;
    private const int Packets = 400;

    private static readonly string[] s_forwardings = ["nat", "dsr-l2", "dsr-ipip"];

    /// <summary>Measures, prints and keeps the results.</summary>
    /// <returns>The exit code.</returns>
    public static int Run()
    {
        var samples = Measure(out var code);
        if (code != 0)
            return code;
        var measures = samples
            .GroupBy(sample => sample.Way, StringComparer.Ordinal)
            .Select(way => new GuestWay(way.Key, Figure(way, "connection"), Figure(way, "packet"), way.Any(sample => sample.Kind == "program") ? Figure(way, "program").Median : null))
            .ToArray();
        var table = Report.GuestMarkdown(measures, File.ReadAllText(Path.Combine(Programs.Root, "out/vm/version")).Trim(), Rounds);
        Console.Write(table);
        var results = Path.Combine(Programs.Root, "perf", "results", $"l4-guest-{DateTime.UtcNow:yyyy-MM-dd}");
        File.WriteAllText(results + ".md", table);
        File.WriteAllText(results + ".svg", Plot.Svg(
            [.. Rows("connection", measures, way => way.Connection.Median), .. Rows("packet", measures, way => way.Packet.Median)],
            new PlotText("A director's instructions: routing by the kernel is 100 (lower is better)", "each with a network card of its own, in one virtual machine; all figures in the table beside it", "xdp", "ipvs", "routing")));
        return 0;
    }

    private static List<(string Way, string Kind, double Instructions)> Measure(out int code)
    {
        var start = new ProcessStartInfo(Path.Combine(Programs.Root, "tests/Vm/run")) { RedirectStandardOutput = true, UseShellExecute = false };
        foreach (var argument in (string[])["-i", "-w", "3", "-t", "600", "-m", "ip_vs ip_vs_mh dummy veth bridge ipip ip6_tunnel fou fou6 virtio_net pktgen"])
            start.ArgumentList.Add(argument);
        start.ArgumentList.Add(string.Create(CultureInfo.InvariantCulture, $"{Path.Combine(Programs.Root, "perf/l4/guest.sh")} {Rounds} {Connections} {Packets}"));
        var samples = new List<(string, string, double)>();
        using var machine = Process.Start(start)!; // A new process: never null.
        while (machine.StandardOutput.ReadLine() is { } line)
        {
            Console.Error.WriteLine(line);
            if (line.Split(' ') is ["result", var way, var kind, var instructions])
                samples.Add((way.Replace('_', ' '), kind, double.Parse(instructions, CultureInfo.InvariantCulture)));
        }

        machine.WaitForExit();
        code = machine.ExitCode;
        return samples;
    }

    private static GuestFigure Figure(IEnumerable<(string Way, string Kind, double Instructions)> samples, string kind)
    {
        var sorted = samples.Where(sample => sample.Kind == kind).Select(sample => sample.Instructions).Order().ToArray();
        return new GuestFigure(sorted[sorted.Length / 2], sorted[^1] - sorted[0]);
    }

    // A director's part of each, beside that of a host that routes the same frames.
    private static IEnumerable<Row> Rows(string kind, GuestWay[] ways, Func<GuestWay, double> median)
    {
        foreach (var forwarding in s_forwardings)
        {
            var routing = Of(forwarding == "nat" && kind == "connection" ? "routed both ways" : "routed");
            yield return new Row($"{kind}, {forwarding}", 100 * Of($"xdp {forwarding}") / routing, 100, 100 * Of($"ipvs {forwarding}") / routing);
        }

        double Of(string name) => median(ways.Single(way => way.Name == name)) - median(ways.Single(way => way.Name == "direct"));
    }
}
