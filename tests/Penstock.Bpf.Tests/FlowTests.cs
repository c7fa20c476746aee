// SPDX-License-Identifier: Apache-2.0
using Penstock.L4.Xdp;
using Penstock.Linux.Bpf;
using static Penstock.Bpf.Tests.Wire;

namespace Penstock.Bpf.Tests;

/// <summary>What the flow table remembers, and for how long.</summary>
public sealed class FlowTests
{
    private const string Client = "198.51.100.7", Vip = "203.0.113.10";
    private const ushort AgeMask = (1 << 14) - 1; // FLOW_AGE_MASK

    private static readonly int OtherCpu = Math.Min(1, BpfCpus.Possible - 1);

    [BpfFact]
    public void Flow_WhenTheRingChanges_KeepsItsBackend()
    {
        using var plane = new DataPlane();
        var service = plane.AddService(Vip, 80, Tcp6, Layout.ForwardingKind.Ipip, ["10.0.0.11"]);
        plane.Run(In(Tcp(Client, 1234, Vip, 80, Syn)));
        plane.Run(In(Tcp(Client, 1234, Vip, 80)));
        var other = plane.AddBackend(service, "10.0.0.12", Layout.ForwardingKind.Ipip);
        plane.WriteRing(1, [other]);

        plane.Run(In(Tcp(Client, 1234, Vip, 80)));
        plane.Run(In(Tcp(Client, 1235, Vip, 80, Syn)));

        plane.Counters(1).ShouldBe(new Layout.BackendStats { Packets = 3, Bytes = 174, NewFlows = 1, Misses = 1 });
        plane.Counters(other).ShouldBe(new Layout.BackendStats { Packets = 1, Bytes = 58, NewFlows = 1, Misses = 1 });
    }

    [BpfFact]
    public void Flow_WhenItsBackendDrains_StaysAndNewOnesGoElsewhere()
    {
        using var plane = new DataPlane();
        var service = plane.AddService(Vip, 80, Tcp6, Layout.ForwardingKind.Ipip, ["10.0.0.11"]);
        plane.Run(In(Tcp(Client, 1234, Vip, 80)));
        var other = plane.AddBackend(service, "10.0.0.12", Layout.ForwardingKind.Ipip);
        plane.WriteRing(1, [other]);
        plane.ChangeBackend(1, backend => backend with { State = Layout.StateKind.Drain });

        plane.Run(In(Tcp(Client, 1234, Vip, 80)));
        plane.Run(In(Tcp(Client, 1234, Vip, 80, Syn)));

        plane.Counters(1).Packets.ShouldBe(2UL);
        plane.Counters(other).Packets.ShouldBe(1UL);
    }

    [BpfTheory]
    [InlineData(Layout.StateKind.Down, 1)]
    [InlineData(Layout.StateKind.Ready, 2)]
    internal void Flow_WhenItsBackendIsDownOrAnother_Moves(Layout.StateKind state, byte generation)
    {
        using var plane = new DataPlane();
        var service = plane.AddService(Vip, 80, Tcp6, Layout.ForwardingKind.Ipip, ["10.0.0.11"], changeBackend: backend => backend with { Generation = 1 });
        plane.Run(In(Tcp(Client, 1234, Vip, 80)));
        var other = plane.AddBackend(service, "10.0.0.12", Layout.ForwardingKind.Ipip);
        plane.WriteRing(1, [other]);
        plane.ChangeBackend(1, backend => backend with { State = state, Generation = generation });

        plane.Run(In(Tcp(Client, 1234, Vip, 80)));
        plane.Run(In(Tcp(Client, 1234, Vip, 80)));

        plane.Counters(other).ShouldBe(new Layout.BackendStats { Packets = 2, Bytes = 116, Misses = 1 });
    }

    [BpfFact]
    public void Flow_OfAServiceWhoseLastBackendDrains_Stays()
    {
        using var plane = new DataPlane();
        plane.AddService(Vip, 80, Tcp6, Layout.ForwardingKind.Ipip, ["10.0.0.11"]);
        plane.Run(In(Tcp(Client, 1234, Vip, 80)));
        DrainTheLast(plane);

        plane.Run(In(Tcp(Client, 1234, Vip, 80))).Verdict.ShouldBe(XdpVerdict.Transmit);
        plane.Run(In(Tcp(Client, 1235, Vip, 80))).Verdict.ShouldBe(XdpVerdict.Drop);

        plane.Drops().ShouldBe(new Dictionary<DropReason, ulong> { [DropReason.NoBackend] = 1 });
        plane.ServiceCounters(1).ShouldBe(default, "a drop is no answer");
    }

    [BpfFact]
    public void Service_ThatChanges_IsLookedUpAnewOnce()
    {
        using var plane = new DataPlane();
        plane.AddService(Vip, 80, Tcp6, Layout.ForwardingKind.Ipip, ["10.0.0.11"]);
        plane.Run(In(Tcp(Client, 1234, Vip, 80, Syn))).Verdict.ShouldBe(XdpVerdict.Transmit);

        plane.WriteService(Vip, 80, Tcp6, plane.NewService(Layout.ForwardingKind.Ipip, ["10.0.0.12"]));
        plane.Run(In(Tcp(Client, 1234, Vip, 80, Syn)));
        plane.WriteService(Vip, 80, Tcp6, new Layout.Service { Id = 3 });

        plane.Counters(2).Packets.ShouldBe(1UL);
        plane.Run(In(Tcp(Client, 1234, Vip, 80, Syn))).Verdict.ShouldBe(XdpVerdict.Drop);
    }

    [BpfFact]
    public void Services_ThatShareALine_AreToldApart()
    {
        using var plane = new DataPlane(settings => settings with { ServiceLines = 1 });
        plane.AddService(Vip, 80, Tcp6, Layout.ForwardingKind.Ipip, ["10.0.0.11"]);
        plane.AddService(Vip, 81, Tcp6, Layout.ForwardingKind.Ipip, ["10.0.0.12"]);

        for (var i = 0; i < 10; i++)
            plane.Run(In(Tcp(Client, 1234, Vip, 80 + (i % 2))));

        plane.Counters(1).Packets.ShouldBe(5UL);
        plane.Counters(2).Packets.ShouldBe(5UL);
    }

    [BpfFact]
    public void FlowTable_WhenFull_KeepsEstablishedFlowsAgainstASynFlood()
    {
        using var plane = new DataPlane(settings => settings with { FlowSets = 1 });
        plane.AddService(Vip, 80, Tcp6, Layout.ForwardingKind.Ipip, ["10.0.0.11"]);
        for (var i = 0; i < 2; i++)
            plane.Run(In(Tcp(Client, 1234, Vip, 80)));
        for (var port = 2000; port < 2100; port++)
            plane.Run(In(Tcp(Client, port, Vip, 80, Syn)));

        plane.Run(In(Tcp(Client, 1234, Vip, 80)));

        plane.Counters(1).Misses.ShouldBe(101UL);
    }

    [BpfFact]
    public void FlowTable_WhenFull_KeepsEstablishedFlowsAgainstSegmentsOfNoConnection()
    {
        using var plane = new DataPlane(settings => settings with { FlowSets = 1 });
        plane.AddService(Vip, 80, Tcp6, Layout.ForwardingKind.Ipip, ["10.0.0.11"]);
        for (var i = 0; i < 2; i++)
            plane.Run(In(Tcp(Client, 1234, Vip, 80)));
        for (var port = 2000; port < 2100; port++)
            plane.Run(In(Tcp(Client, port, Vip, 80)));

        plane.Run(In(Tcp(Client, 1234, Vip, 80)));

        plane.Counters(1).Misses.ShouldBe(101UL);
    }

    [BpfFact]
    public void NewFlows_BeyondTheCap_AreBalancedButNotRemembered()
    {
        using var plane = new DataPlane(settings => settings with { NewFlowsPerSecond = 1, FlowSets = 64 });
        plane.AddService(Vip, 80, Tcp6, Layout.ForwardingKind.Ipip, ["10.0.0.11"]);

        for (var port = 2000; port < 2100; port++)
            plane.Run(In(Tcp(Client, port, Vip, 80))).Verdict.ShouldBe(XdpVerdict.Transmit);
        for (var port = 2099; port >= 2000; port--)
            plane.Run(In(Tcp(Client, port, Vip, 80)));

        plane.Counters(1).Misses.ShouldBeGreaterThan(190UL);
    }

    [BpfFact]
    public void Flow_ThatComesInOnAnotherCpu_KeepsItsBackend()
    {
        using var plane = new DataPlane();
        var service = plane.AddService(Vip, 80, Tcp6, Layout.ForwardingKind.Ipip, ["10.0.0.11"]);
        plane.Run(In(Tcp(Client, 1234, Vip, 80, Syn)));
        plane.WriteRing(1, [plane.AddBackend(service, "10.0.0.12", Layout.ForwardingKind.Ipip)]);

        for (var i = 0; i < 3; i++)
            plane.Run(In(Tcp(Client, 1234, Vip, 80)), OtherCpu);
        plane.Run(In(Tcp(Client, 1235, Vip, 80)), OtherCpu);

        plane.Counters(1).ShouldBe(new Layout.BackendStats { Packets = 4, Bytes = 232, NewFlows = 1, Misses = 1 + (ulong)OtherCpu });
        plane.Counters(2).ShouldBe(new Layout.BackendStats { Packets = 1, Bytes = 58, Misses = 1 });
    }

    [BpfFact]
    public void Flow_ThatComesInOnAnotherCpuWhenNoBackendTakesNewOnes_KeepsItsOwn()
    {
        using var plane = new DataPlane();
        plane.AddService(Vip, 80, Tcp6, Layout.ForwardingKind.Ipip, ["10.0.0.11"]);
        plane.Run(In(Tcp(Client, 1234, Vip, 80)));
        DrainTheLast(plane);

        plane.Run(In(Tcp(Client, 1234, Vip, 80)), OtherCpu).Verdict.ShouldBe(XdpVerdict.Transmit);

        plane.ChangeBackend(1, backend => backend with { State = Layout.StateKind.Down });
        plane.Run(In(Tcp(Client, 1234, Vip, 80)), OtherCpu).Verdict.ShouldBe(XdpVerdict.Drop);
    }

    [BpfTheory]
    [InlineData(Vip, Client, 80)]
    [InlineData(Vip, Client, 53)]
    [InlineData("2001:db8::10", "2001:db8:1::7", 80)]
    [InlineData("2001:db8::10", "2001:db8:1::7", 53)]
    public void IcmpError_OnAnotherCpuThanItsFlow_GoesToTheBackendOfTheFlow(string vip, string client, int port)
    {
        using var plane = new DataPlane();
        var isTcp = port == 80;
        var service = plane.AddService(vip, port, isTcp ? Tcp6 : Udp17, Layout.ForwardingKind.Ipip, ["10.0.0.11"]);
        plane.Run(In(isTcp ? Tcp(client, 1234, vip, port) : Udp(client, 1234, vip, port)));
        plane.WriteRing(1, [plane.AddBackend(service, "10.0.0.12", Layout.ForwardingKind.Ipip)]);
        var answer = isTcp ? Tcp(vip, port, client, 1234) : Udp(vip, port, client, 1234);
        var error = vip == Vip ? Icmp("198.51.100.1", vip, 3, 1, 0, answer) : Icmp("2001:db8:1::1", vip, 1, 1, 0, answer);

        plane.Run(In(error), OtherCpu);

        plane.Counters(1).Packets.ShouldBe(2UL);
        plane.Counters(2).Packets.ShouldBe(0UL);
    }

    [BpfTheory]
    [InlineData(0, 1)]
    [InlineData(100, 2)]
    public void Flow_KnownToSeveralCpus_GoesWhereTheLastPacketWent(int idleSeconds, uint backend)
    {
        using var plane = new DataPlane(settings => settings with { FlowSets = 1, Cpus = settings.Cpus + 2 });
        var (first, second) = ((uint)BpfCpus.Possible, (uint)BpfCpus.Possible + 1);
        var service = plane.AddService(Vip, 80, Tcp6, Layout.ForwardingKind.Ipip, ["10.0.0.11"]);
        var other = plane.AddBackend(service, "10.0.0.12", Layout.ForwardingKind.Ipip);
        plane.Run(In(Tcp(Client, 1234, Vip, 80)));
        plane.Map("flows").TryLookup(0u, out Layout.FlowSet known).ShouldBeTrue();
        plane.Map("flows").Update(first, Aged(known, idleSeconds));
        plane.Map("flows").Update(0u, default(Layout.FlowSet));
        plane.WriteRing(1, [other]);
        plane.Run(In(Tcp(Client, 1234, Vip, 80, Syn)));
        plane.Map("flows").TryLookup(0u, out known).ShouldBeTrue();
        plane.Map("flows").Update(second, Aged(known, 50));
        plane.Map("flows").Update(0u, default(Layout.FlowSet));

        plane.Run(In(Tcp(Client, 1234, Vip, 80)));

        plane.Counters(backend).Packets.ShouldBe(2UL);
    }

    [BpfFact]
    public void LooksIntoOtherCpusTables_BeyondTheCap_AreNotTaken()
    {
        using var plane = new DataPlane(settings => settings with { NewFlowsPerSecond = 1, SearchesPerSecond = 1, FlowSets = 64 });
        var service = plane.AddService(Vip, 80, Tcp6, Layout.ForwardingKind.Ipip, ["10.0.0.11"]);
        plane.Run(In(Tcp(Client, 1234, Vip, 80)));
        plane.WriteRing(1, [plane.AddBackend(service, "10.0.0.12", Layout.ForwardingKind.Ipip)]);
        var error = In(Icmp("198.51.100.1", Vip, 3, 1, 0, Tcp(Vip, 80, Client, 1234)));

        for (var port = 2000; port < 2100; port++)
        {
            plane.Run(In(Tcp(Client, port, Vip, 80)), OtherCpu);
            plane.Run(error, OtherCpu);
        }

        // All but those that began a second.
        plane.Counters(2).Packets.ShouldBeGreaterThan(BpfCpus.Possible > 1 ? 190UL : 99UL);
    }

    [BpfFact]
    public void AffinityByClient_OfOnePort_HoldsForAll()
    {
        using var plane = new DataPlane();
        plane.AddService(Vip, 80, Tcp6, Layout.ForwardingKind.Ipip, ["10.0.0.11", "10.0.0.12", "10.0.0.13"], service => service with { Flags = Layout.ServiceFlags.ClientHash });

        for (var port = 2000; port < 2050; port++)
            plane.Run(In(Tcp(Client, port, Vip, 80)));

        new[] { 1u, 2u, 3u }.Count(id => plane.Counters(id).Packets == 50).ShouldBe(1);
    }

    [BpfTheory]
    [InlineData(25, false)]
    [InlineData(33, true)]
    public void UdpFlow_IdleBeyondItsTimeout_IsChosenAnew(int idleSeconds, bool moves)
    {
        using var plane = new DataPlane(settings => settings with { FlowSets = 1 });
        var service = plane.AddService(Vip, 53, Udp17, Layout.ForwardingKind.Ipip, ["10.0.0.11"], service => service with { FlowTimeout = 30 });
        plane.Run(In(Udp(Client, 1234, Vip, 53)));
        plane.WriteRing(1, [plane.AddBackend(service, "10.0.0.12", Layout.ForwardingKind.Ipip)]);
        plane.Map("flows").TryLookup(0u, out Layout.FlowSet set).ShouldBeTrue();
        plane.Map("flows").Update(0u, Aged(set, idleSeconds));

        plane.Run(In(Udp(Client, 1234, Vip, 53)));

        plane.Counters(2).Packets.ShouldBe(moves ? 1UL : 0UL);
    }

    [BpfFact]
    public void UdpFlow_OfAServiceByClient_TimesOutToo()
    {
        using var plane = new DataPlane(settings => settings with { FlowSets = 1 });
        var service = plane.AddService(Vip, 53, Udp17, Layout.ForwardingKind.Ipip, ["10.0.0.11"], service => service with { FlowTimeout = 30, Flags = Layout.ServiceFlags.ClientHash });
        plane.Run(In(Udp(Client, 1234, Vip, 53)));
        plane.WriteRing(1, [plane.AddBackend(service, "10.0.0.12", Layout.ForwardingKind.Ipip)]);
        plane.Map("flows").TryLookup(0u, out Layout.FlowSet set).ShouldBeTrue();
        plane.Map("flows").Update(0u, Aged(set, 33));

        plane.Run(In(Udp(Client, 1234, Vip, 53)));

        plane.Counters(2).Packets.ShouldBe(1UL);
    }

    [BpfFact]
    public void Flow_BegunAnewBeyondTheCap_IsRememberedInPlaceOfTheOneBefore()
    {
        using var plane = new DataPlane(settings => settings with { NewFlowsPerSecond = 1 });
        var service = plane.AddService(Vip, 80, Tcp6, Layout.ForwardingKind.Ipip, ["10.0.0.11"]);
        plane.Run(In(Tcp(Client, 1234, Vip, 80)));
        plane.WriteRing(1, [plane.AddBackend(service, "10.0.0.12", Layout.ForwardingKind.Ipip)]);
        plane.ChangeBackend(1, backend => backend with { State = Layout.StateKind.Drain });
        for (var port = 2000; port < 2010; port++)
            plane.Run(In(Tcp(Client, port, Vip, 80, Syn)));

        plane.Run(In(Tcp(Client, 1234, Vip, 80, Syn)));
        plane.Run(In(Tcp(Client, 1234, Vip, 80)));

        plane.Counters(1).Packets.ShouldBe(1UL);
        plane.Counters(2).Packets.ShouldBe(12UL);
    }

    [BpfTheory]
    [InlineData(Vip, Client)]
    [InlineData("2001:db8::10", "2001:db8:1::7")]
    public void Service_OfARange_TakesItsPortsAndLeavesOneThatHasItsOwn(string vip, string client)
    {
        using var plane = new DataPlane();
        plane.AddService(vip, 8081, Tcp6, Layout.ForwardingKind.Ipip, ["10.0.0.11"]);
        plane.AddVip(vip, new Layout.Vip { Flags = Layout.VipFlags.Ranges | Layout.VipFlags.Closed });
        var range = plane.NewService(Layout.ForwardingKind.Ipip, ["10.0.0.12"]);
        plane.Map("service_ranges").Update(Layout.RangeKey.Of(System.Net.IPAddress.Parse(vip), Tcp6, new PortPrefix(8080, 13)), range); // 8080 to 8087

        foreach (var port in new[] { 8080, 8081, 8087, 8087 })
            plane.Run(In(Tcp(client, 1234, vip, port))).Verdict.ShouldBe(XdpVerdict.Transmit);

        plane.Counters(1).Packets.ShouldBe(1UL);
        plane.Counters(2).Packets.ShouldBe(3UL);
        foreach (var port in new[] { 8079, 8088 })
            new PacketCase($"{port}", In(Tcp(client, 1234, vip, port)), XdpVerdict.Drop, Drop: DropReason.NoService).Check(plane);
        new PacketCase("UDP", In(Udp(client, 1234, vip, 8080)), XdpVerdict.Drop, Drop: DropReason.NoService).Check(plane);
    }

    [BpfTheory]
    [InlineData(Vip, Client, 5000)]
    [InlineData("2001:db8::10", "2001:db8:1::7", 5000)]
    [InlineData(Vip, Client, 8900)]
    public void JumboFrame_OfSeveralBuffers_IsEncapsulatedWhole(string vip, string client, int bytes)
    {
        using var plane = new DataPlane();
        plane.AddService(vip, 80, Tcp6, Layout.ForwardingKind.Ipip, ["10.0.0.11"]);
        var inner = Tcp(client, 1234, vip, 80, payload: new string('x', bytes));
        var outer = Out(Ip(DataPlane.Tunnel4, "10.0.0.11", vip == Vip ? Ipip : Ipv6InIp, inner));

        var (verdict, frame) = plane.Run(In(inner));

        verdict.ShouldBe(XdpVerdict.Transmit);
        frame.Length.ShouldBe(outer.Length);
        Convert.ToHexString(frame).ShouldBe(Convert.ToHexString(outer));
        plane.Counters(1).Bytes.ShouldBe((ulong)(outer.Length - 20));
    }

    [BpfFact]
    public void Ring_OverManyFlows_IsSharedEvenly()
    {
        using var plane = new DataPlane();
        plane.AddService(Vip, 80, Tcp6, Layout.ForwardingKind.Ipip, ["10.0.0.11", "10.0.0.12"]);

        for (var port = 1; port <= 4000; port++)
            plane.Run(In(Tcp(Client, port, Vip, 80)));

        ((double)plane.Counters(1).Packets).ShouldBe(2000, 150);
    }

    /// <summary>Has the only backend drain: its service has none for new flows.</summary>
    private static void DrainTheLast(DataPlane plane)
    {
        plane.Map("services").TryLookup(Layout.ServiceKey.Of(System.Net.IPAddress.Parse(Vip), 80, Tcp6), out Layout.Service service).ShouldBeTrue();
        plane.WriteService(Vip, 80, Tcp6, service with { RingSlots = 0 });
        plane.ChangeBackend(1, backend => backend with { State = Layout.StateKind.Drain });
    }

    /// <summary>A set whose flows were last used so many seconds earlier.</summary>
    internal static Layout.FlowSet Aged(Layout.FlowSet set, int seconds)
    {
        for (var way = 0; way < Layout.FlowWays; way++)
            set.Use[way] = (ushort)((set.Use[way] & ~AgeMask) | ((set.Use[way] - seconds) & AgeMask));
        return set;
    }

    /// <summary>A set whose flows were last used at a second of the program's clock.</summary>
    internal static Layout.FlowSet SeenAt(Layout.FlowSet set, uint second)
    {
        for (var way = 0; way < Layout.FlowWays; way++)
            set.Use[way] = (ushort)((set.Use[way] & ~AgeMask) | (int)(second & AgeMask));
        return set;
    }
}
