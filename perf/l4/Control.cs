// SPDX-License-Identifier: Apache-2.0
using System.Diagnostics;
using Penstock.Bpf.Tests;
using Penstock.L4.Xdp;
using Penstock.Linux.Bpf;
using Penstock.Model;
using Penstock.Tests;

namespace Penstock.Perf.L4;

/// <summary>Measures what control takes to bring the maps to a snapshot, by the clock.</summary>
internal static class Control
{
    private const int Services = 1000;
    private const int Backends = 100;
    private const int Changes = 21;
    private const int Times = 5;

    /// <summary>Milliseconds: all services put in place of none, the least of some times, and the median of many changes of one backend.</summary>
    public static IReadOnlyList<Row> Measure()
    {
        var snapshot = LargeTier.Of(Services, Backends);
        var planner = new XdpPlanner(new HostNetwork(), new LinkHops(new HostNetwork()), TimeProvider.System);
        var plan = planner.Plan(snapshot);
        var whole = double.MaxValue;
        for (var i = 0; i < Times; i++)
        {
            using var fresh = Load(plan, snapshot);
            var empty = new XdpTables(fresh.Maps);
            whole = Math.Min(whole, Milliseconds(() => empty.Apply(planner.PlanAnew(snapshot))));
        }

        using var program = Load(plan, snapshot);
        var tables = new XdpTables(program.Maps);
        tables.Apply(planner.Plan(snapshot));
        var changes = new List<double>();
        for (var i = 0; i < Changes; i++)
        {
            snapshot = LargeTier.WithDown(snapshot, $"s{i * 7}", i);
            changes.Add(Milliseconds(() => tables.Apply(planner.Plan(snapshot))));
        }

        changes.Sort();
        return [new Row("1,000 services of 100 backends, put in place, least of 5", whole, 2000, null), new Row("one backend of them goes down, median", changes[Changes / 2], 10, null)];
    }

    private static XdpProgram Load(PlannedService[] plan, Snapshot snapshot)
    {
        var settings = new Layout.Settings { Cpus = (uint)BpfCpus.Possible, ServiceLines = XdpSizes.ServiceLines(plan), Tick = BpfClock.Tick };
        var sizes = XdpSizes.For(snapshot.Config.L4 with { FlowsPerCpu = 0 }, plan, BpfCpus.Possible);
        return XdpProgram.Load(ProgramFile.Read(Programs.Object("xdp_lb")), new PinTree("/nonexistent"), sizes, settings);
    }

    private static double Milliseconds(Action action)
    {
        var started = Stopwatch.GetTimestamp();
        action();
        return Stopwatch.GetElapsedTime(started).TotalMilliseconds;
    }
}
