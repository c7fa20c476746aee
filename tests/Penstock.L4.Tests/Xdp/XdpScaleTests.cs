// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using System.Net;
using Penstock.L4.Xdp;
using Penstock.Linux.Bpf;
using Penstock.Model.L4;
using Penstock.Tests;
using Xunit.Abstractions;

namespace Penstock.L4.Tests.Xdp;

/// <summary>What a large configuration takes, from a snapshot to the real maps. Limits, of CPU time, are four times what is promised for the clock, for machines that are slow.</summary>
[Collection(AloneCollection.Name)]
public sealed class XdpScaleTests(ITestOutputHelper output) : IDisposable
{
    private const int Slack = 4;

    private readonly List<IDisposable> _owned = [];

    public void Dispose()
    {
        foreach (var one in _owned)
            one.Dispose();
    }

    [XdpFact]
    public void Apply_ThousandServicesOfAHundredBackends_TakesTwoSecondsAndOneChangeTenMilliseconds()
    {
        var snapshot = LargeTier.Of(1000, 100);
        var planner = new XdpPlanner(new HostNetwork(), new LinkHops(new HostNetwork()), TimeProvider.System);
        var tables = Tables(snapshot.Config.L4, planner.Plan(snapshot));

        var whole = Milliseconds(() => tables.Apply(planner.Plan(snapshot)));
        var changes = new List<double>();
        for (var i = 0; i < 20; i++)
        {
            snapshot = LargeTier.WithDown(snapshot, $"s{i * 7}", i);
            changes.Add(Milliseconds(() => tables.Apply(planner.Plan(snapshot))));
        }

        changes.Sort();
        output.WriteLine($"1,000 services of 100 backends: {whole:0} ms; one backend down: median {changes[10]:0.0} ms, at most {changes[^1]:0.0} ms");
        whole.ShouldBeLessThan(Slack * 2000);
        changes[10].ShouldBeLessThan(Slack * 10);
    }

    [XdpFact]
    public void Apply_MillionBlockedNetworks_TakesSecondsAndADifferenceLittle()
    {
        var rules = Enumerable.Range(0, 1_000_000).Select(i => new SourceRule(SourcePrefix.OfIPv4(0x0A000000u + ((uint)i << 8), 24), Layout.SourceVerdict.Block)).ToImmutableArray();
        var service = new PlannedService("web", new ServiceAddress(TransportProtocol.Tcp, IPAddress.Parse("203.0.113.10"), 80, 80), new Layout.Service { Flags = Layout.ServiceFlags.Block }, 251, []);
        var tables = Tables(new L4Config(), [service with { Sources = rules }]);

        var whole = Milliseconds(() => tables.Apply([service with { Sources = rules }]));
        var difference = Milliseconds(() => tables.Apply([service with { Sources = [.. rules.AsSpan()[1..]] }]));
        var before = GC.GetTotalMemory(forceFullCollection: true);
        XdpTables? adopted = null;
        var adoption = Milliseconds(() => adopted = new XdpTables(_maps!)); // set by Tables
        var held = GC.GetTotalMemory(forceFullCollection: true) - before;

        output.WriteLine($"1,000,000 networks: {whole:0} ms; one less: {difference:0} ms; adopted in {adoption:0} ms, {held >> 20} MiB");
        adopted!.Services.Values.Single().Sources.Length.ShouldBe(999_999); // set above
        _maps!.FindSource(0, IPAddress.Parse("10.0.1.7")).ShouldBe(Layout.SourceVerdict.Block); // set by Tables
        _maps.FindSource(0, IPAddress.Parse("10.0.0.7")).ShouldBeNull();
        whole.ShouldBeLessThan(Slack * 3000);
        difference.ShouldBeLessThan(Slack * 200);
        held.ShouldBeLessThan(100L << 20);
    }

    private XdpMaps? _maps;

    private XdpTables Tables(L4Config config, PlannedService[] plan)
    {
        var settings = new Layout.Settings { Cpus = (uint)BpfCpus.Possible, ServiceLines = XdpSizes.ServiceLines(plan), Tick = BpfClock.Tick };
        var sizes = XdpSizes.For(config with { FlowsPerCpu = 0 }, plan, BpfCpus.Possible);
        var program = XdpProgram.Load(ProgramFile.Read(ProgramObject.Path("xdp_lb")), new PinTree("/nonexistent"), sizes, settings);
        _owned.Add(program);
        _maps = program.Maps;
        return new XdpTables(program.Maps);
    }

    /// <summary>CPU time of the process, ms: unlike the clock the same however much else the machine does.</summary>
    private static double Milliseconds(Action action)
    {
        var before = Environment.CpuUsage.TotalTime;
        action();
        return (Environment.CpuUsage.TotalTime - before).TotalMilliseconds;
    }
}
