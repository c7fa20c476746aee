// SPDX-License-Identifier: Apache-2.0
using System.Net;
using Penstock.L4;
using Penstock.L4.Xdp;
using Penstock.Linux.Bpf;
using Penstock.Model.L4;
using static Penstock.Bpf.Tests.Wire;

namespace Penstock.Bpf.Tests;

/// <summary>What is said of a packet, beside what the program does with it.</summary>
public sealed class ExplainTests
{
    private const string Client4 = "198.51.100.7", Vip4 = "203.0.113.10", Client6 = "2001:db8:1::7", Vip6 = "2001:db8::10";
    private const int Port = 80, RingSlots = 16;

    private static readonly string[] s_servers = ["10.0.0.11", "10.0.0.12", "10.0.0.13"];

    [BpfTheory]
    [InlineData(Client4, Vip4, Tcp6, Layout.ServiceFlags.None)]
    [InlineData(Client6, Vip6, Udp17, Layout.ServiceFlags.None)]
    [InlineData(Client4, Vip4, Udp17, Layout.ServiceFlags.ClientHash)]
    [InlineData(Client6, Vip6, Tcp6, Layout.ServiceFlags.ClientHash)]
    internal void NewFlow_IsSaidToGoWhereTheProgramSendsIt(string client, string vip, int protocol, Layout.ServiceFlags flags)
    {
        using var plane = new DataPlane();
        plane.AddService(vip, Port, protocol, Layout.ForwardingKind.Ipip, s_servers, service => service with { Flags = flags });

        for (var port = 1000; port < 1012; port++)
        {
            var before = Packets(plane);
            var said = Explain(plane, vip, protocol, client, port);
            plane.Run(In(protocol == Udp17 ? Udp(client, port, vip, Port) : Tcp(client, port, vip, Port)));

            said.Backend.ShouldBe(s_servers[Array.FindIndex(Packets(plane).Zip(before, (now, then) => now - then).ToArray(), packets => packets == 1)]);
            said.Why.ShouldContain("no flow is remembered");
            Explain(plane, vip, protocol, client, port).ShouldSatisfyAllConditions(known => known.Why.ShouldContain("the flow table of CPU 0 remembers it"), known => known.Backend.ShouldBe(said.Backend));
        }
    }

    [BpfTheory]
    [InlineData(25, false)]
    [InlineData(33, true)]
    public void UdpFlow_IdleBeyondItsTimeout_IsNotSaidToBeRemembered(int idleSeconds, bool moves)
    {
        using var plane = Moved(Udp17, service => service with { FlowTimeout = 30 });
        Change(plane, set => FlowTests.Aged(set, idleSeconds));

        var said = Explain(plane, Vip4, Udp17);

        said.Backend.ShouldBe(moves ? "10.0.0.12" : "10.0.0.11");
        said.Why.ShouldContain(moves ? "no flow is remembered" : "the flow table of CPU 0 remembers it");
        plane.Run(In(Udp(Client4, 1234, Vip4, Port)));
        plane.Counters(2).Packets.ShouldBe(moves ? 1UL : 0UL, "as the program does");
    }

    [BpfFact]
    public void UdpFlow_SeenByAClockThatIsASecondAhead_IsNotOld()
    {
        using var plane = Moved(Udp17, service => service with { FlowTimeout = 30 });
        Change(plane, set => FlowTests.SeenAt(set, BpfClock.Seconds + 1));

        Explain(plane, Vip4, Udp17).Backend.ShouldBe("10.0.0.11");
    }

    [BpfFact]
    public void Flow_ThatIsStale_IsNotSaidToBeRemembered()
    {
        using var plane = Moved(Tcp6, service => service);
        Explain(plane, Vip4).Backend.ShouldBe("10.0.0.11");
        Change(plane, StaleFlowTests.Stale);

        Explain(plane, Vip4).ShouldSatisfyAllConditions(said => said.Backend.ShouldBe("10.0.0.12"), said => said.Why.ShouldContain("no flow is remembered"));
    }

    [BpfFact]
    public void Flow_KnownToSeveralCpus_IsSaidToGoWhereTheLastPacketWent()
    {
        using var plane = Moved(Tcp6, service => service, cpus: 2);
        plane.Map("flows").TryLookup(0u, out Layout.FlowSet set).ShouldBeTrue();
        plane.Map("flows").Update((uint)BpfCpus.Possible, FlowTests.SeenAt(set, BpfClock.Seconds - 20));
        for (var way = 0; way < Layout.FlowWays; way++)
            set.Choice[way] = set.Choice[way] == 0 ? 0u : 2; // backend 2, of generation 0
        plane.Map("flows").Update((uint)BpfCpus.Possible + 1, FlowTests.SeenAt(set, BpfClock.Seconds - 10));
        plane.Map("flows").Update(0u, default(Layout.FlowSet));

        Explain(plane, Vip4).ShouldSatisfyAllConditions(said => said.Backend.ShouldBe("10.0.0.12"), said => said.Why.ShouldContain($"the flow table of CPU {BpfCpus.Possible + 1} remembers it"));
    }

    [BpfTheory]
    [InlineData(Layout.ForwardingKind.Local, 1000u, true)]
    [InlineData(Layout.ForwardingKind.Local, 999u, false)]
    [InlineData(Layout.ForwardingKind.Ipip, 1000u, false)] // of a peer
    internal void Syn_WhileCookiesAreSent_IsSaidToBeAnsweredByOne(Layout.ForwardingKind forwarding, uint syns, bool isAnswered)
    {
        using var plane = new DataPlane();
        plane.AddService(Vip4, Port, Tcp6, forwarding, ["10.0.0.11"], service => service with { Flags = Layout.ServiceFlags.SynCookies, SynThreshold = 1000 });

        // Of this second: once more where that is over.
        PacketExplanation? said = null;
        for (var attempt = 0; attempt < 100 && said?.Why.Contains("SYNs in this second", StringComparison.Ordinal) != isAnswered; attempt++)
        {
            plane.Map("syn_windows").UpdatePerCpu(1u, new Layout.SynWindow { Second = BpfClock.Seconds, Syns = syns });
            said = Explain(plane, Vip4);
        }

        said!.Why.Contains("; more than 1000 SYNs in this second on CPU 0", StringComparison.Ordinal).ShouldBe(isAnswered, said.Why); // it was asked once at least
        said.Becomes.StartsWith("a SYN: answered by a cookie", StringComparison.Ordinal).ShouldBe(isAnswered);
        said.Becomes.Contains("dropped as syn_cookie", StringComparison.Ordinal).ShouldBe(isAnswered);
        if (isAnswered)
            plane.Run(In(Tcp(Client4, 1234, Vip4, Port))).Verdict.ShouldBe(XdpVerdict.Pass);
        plane.Map("syn_windows").UpdatePerCpu(1u, new Layout.SynWindow { Second = BpfClock.Seconds - 60, Syns = syns });
        Explain(plane, Vip4).Becomes.ShouldNotContain("cookie", customMessage: "a minute later");
    }

    [BpfTheory]
    [InlineData(Layout.VipFlags.None, XdpVerdict.Pass, "passed up this host's stack, unchanged")]
    [InlineData(Layout.VipFlags.Closed, XdpVerdict.Drop, "dropped: no_service")]
    internal void PortWithoutAService_IsSaidToBeWhatItIs(Layout.VipFlags flags, XdpVerdict verdict, string becomes)
    {
        using var plane = new DataPlane();
        plane.AddVip(Vip4, new Layout.Vip { Flags = flags });

        Explain(plane, Vip4).ShouldBe(new PacketExplanation("", "", $"no service listens at tcp://{Vip4}:{Port}", "", becomes));
        plane.Run(In(Tcp(Client4, 1234, Vip4, Port))).Verdict.ShouldBe(verdict);
    }

    [BpfFact]
    public void AnswerByNat_IsSaidToGoToItsClient()
    {
        using var plane = new DataPlane(settings => settings with { NatPortFirst = 40000, NatPortLast = 40000 });
        plane.AddVip(DataPlane.Tunnel4, new Layout.Vip { Flags = Layout.VipFlags.NatSource });
        plane.AddService(Vip4, Port, Tcp6, Layout.ForwardingKind.Nat, ["10.0.0.11"], service => service with { Flags = Layout.ServiceFlags.Nat });
        Explain(plane, DataPlane.Tunnel4, Tcp6, "10.0.0.11", Port, 40000).Becomes.ShouldBe("passed up this host's stack, unchanged");
        plane.Run(In(Tcp(Client4, 1234, Vip4, Port, Syn), (0x8100, 100)));

        Explain(plane, DataPlane.Tunnel4, Tcp6, "10.0.0.11", Port, 40000).ShouldBe(new PacketExplanation(
            "web", "10.0.0.11", "an answer of this backend: the table of nat flows remembers its client", "02:00:00:00:00:01 by lo, VLAN 100", "203.0.113.10:80 > 198.51.100.7:1234 tcp"));
    }

    [BpfTheory]
    [InlineData(Syn, 115, true)]
    [InlineData(Syn, 125, false)]
    [InlineData(Ack, 7400, true)]
    [InlineData(Ack, 7450, false)]
    public void NatFlow_ThatHasTimedOut_IsNotSaidToBeRemembered(int flags, int idleSeconds, bool lasts)
    {
        using var plane = new DataPlane();
        plane.AddVip(DataPlane.Tunnel4, new Layout.Vip { Flags = Layout.VipFlags.NatSource });
        plane.AddService(Vip4, Port, Tcp6, Layout.ForwardingKind.Nat, ["10.0.0.11"], service => service with { Flags = Layout.ServiceFlags.Nat });
        plane.Run(In(Tcp(Client4, 1234, Vip4, Port, Syn)));
        if (flags == Ack)
            plane.Run(In(Tcp(Client4, 1234, Vip4, Port, Ack)));
        NatTests.Age(plane, idleSeconds);

        Explain(plane, Vip4).Why.Contains("the table of nat flows remembers it", StringComparison.Ordinal).ShouldBe(lasts);
    }

    [BpfFact]
    public void Service_WhoseOnlyBackendDrains_IsSaidToKeepFlowsFromBefore()
    {
        using var plane = new DataPlane();
        plane.AddService(Vip4, Port, Tcp6, Layout.ForwardingKind.Ipip, ["10.0.0.11"], service => service with { SecondLine = service.RingLine, SecondSlots = RingSlots, RingSlots = 0 });
        plane.ChangeBackend(1, backend => backend with { State = Layout.StateKind.Drain });

        Explain(plane, Vip4).ShouldBe(new PacketExplanation(
            "web", "", "no backend is ready; segments of a flow that began before 10.0.0.11 was in drain go there", "", "dropped: no_backend"));
        plane.Run(In(Tcp(Client4, 1234, Vip4, Port, Syn))).Verdict.ShouldBe(XdpVerdict.Drop);
        plane.Run(In(Tcp(Client4, 1234, Vip4, Port))).Verdict.ShouldBe(XdpVerdict.Transmit);
    }

    [BpfTheory]
    [InlineData(0, 0, "02:00:00:00:00:03")]
    [InlineData(1, 0, "02:00:00:00:00:03 by lo")]
    [InlineData(1, 100, "02:00:00:00:00:03 by lo, VLAN 100")]
    [InlineData(0, -1, "02:00:00:00:00:03, without a VLAN tag")]
    public void NextHop_ThatIsConfigured_IsSaidWithItsInterfaceAndVlan(uint egress, int vlan, string hop)
    {
        using var plane = new DataPlane();
        plane.AddService(Vip4, Port, Tcp6, Layout.ForwardingKind.L2, ["10.0.0.11"], changeBackend: backend => backend with
        {
            InterfaceIndex = egress,
            Flags = vlan == 0 ? Layout.BackendFlags.Mac : Layout.BackendFlags.Mac | Layout.BackendFlags.Vlan,
            VlanBigEndian = System.Buffers.Binary.BinaryPrimitives.ReverseEndianness((ushort)Math.Max(0, vlan)),
        });

        Explain(plane, Vip4).NextHop.ShouldBe(hop);
    }

    /// <summary>What is said of a packet to the service that a test has added first.</summary>
    internal static PacketExplanation Explain(DataPlane plane, string vip, int protocol = Tcp6, string client = Client4, int fromPort = 1234, int toPort = Port)
    {
        var listen = new ServiceAddress((TransportProtocol)protocol, IPAddress.Parse(vip), Port, Port);
        return new XdpExplainer(plane.Maps, [new ServiceEntry(listen, 1)], [new PlannedService("web", listen, default, RingSlots, [])], plane.Settings, [])
            .Explain(new IPEndPoint(IPAddress.Parse(client), fromPort), new IPEndPoint(IPAddress.Parse(vip), toPort), (TransportProtocol)protocol);
    }

    // A flow that goes to 10.0.0.11, remembered by CPU 0, while the ring says 10.0.0.12.
    private static DataPlane Moved(int protocol, Func<Layout.Service, Layout.Service> change, uint cpus = 0)
    {
        var plane = new DataPlane(settings => settings with { FlowSets = 1, Cpus = settings.Cpus + cpus });
        var service = plane.AddService(Vip4, Port, protocol, Layout.ForwardingKind.Ipip, ["10.0.0.11"], change);
        plane.Run(In(protocol == Udp17 ? Udp(Client4, 1234, Vip4, Port) : Tcp(Client4, 1234, Vip4, Port)));
        plane.WriteRing(1, [plane.AddBackend(service, "10.0.0.12", Layout.ForwardingKind.Ipip)]);
        return plane;
    }

    private static void Change(DataPlane plane, Func<Layout.FlowSet, Layout.FlowSet> change)
    {
        plane.Map("flows").TryLookup(0u, out Layout.FlowSet set).ShouldBeTrue();
        plane.Map("flows").Update(0u, change(set));
    }

    private static ulong[] Packets(DataPlane plane) => [plane.Counters(1).Packets, plane.Counters(2).Packets, plane.Counters(3).Packets];
}
