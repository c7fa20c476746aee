// SPDX-License-Identifier: Apache-2.0
using System.Net;
using Penstock.L4.Xdp;
using Penstock.Linux.Bpf;
using static Penstock.Bpf.Tests.Wire;

namespace Penstock.Bpf.Tests;

/// <summary>Both ways through nat, and tunnels that end here.</summary>
public sealed class NatTests
{
    private const string Client4 = "198.51.100.7", Vip4 = "203.0.113.10", Client6 = "2001:db8:1::7", Vip6 = "2001:db8::10";
    private const int FirstPort = 40000, Nobody = 0, Client = 1, Server = 2;
    private static readonly (int Protocol, int Tci)[][] s_otherTags = [[(0x88a8, 10), (0x8100, 20)], [(0x8100, 10), (0x8100, 20)], [(0x88a8, 10)]];

    [BpfTheory]
    [InlineData(Client4, Vip4, "10.0.0.11", "10.0.0.1", Tcp6)]
    [InlineData(Client6, Vip6, "fd00::11", "fd00::1", Tcp6)]
    [InlineData(Client4, Vip4, "10.0.0.11", "10.0.0.1", Udp17)]
    [InlineData(Client6, Vip6, "fd00::11", "fd00::1", Udp17)]
    public void Flow_ThroughNat_IsTranslatedThereAndBack(string client, string vip, string server, string source, int protocol)
    {
        using var plane = Plane(vip, server, source, protocol);
        byte[] Packet(string from, int fromPort, string to, int toPort, int ttl) => protocol == Udp17
            ? Udp(from, fromPort, to, toPort, ttl: ttl)
            : Tcp(from, fromPort, to, toPort, Syn, ttl: ttl);

        new PacketCase("there", In(Packet(client, 1234, vip, 80, 64)), XdpVerdict.Transmit, Out(Packet(source, FirstPort, server, 8080, 63))).Check(plane);
        new PacketCase("there again", In(Packet(client, 1234, vip, 80, 64)), XdpVerdict.Transmit, Out(Packet(source, FirstPort, server, 8080, 63))).Check(plane);
        new PacketCase("back", Frame(OutMac, NextMac, Packet(server, 8080, source, FirstPort, 64)), XdpVerdict.Transmit, Back(Packet(vip, 80, client, 1234, 63))).Check(plane);
        plane.Returns(1).ShouldBe(new Layout.ReturnStats { Packets = 1, Bytes = (ulong)Frame(OutMac, NextMac, Packet(server, 8080, source, FirstPort, 64)).Length });
        new PacketCase("back to nobody", In(Packet(server, 8080, source, FirstPort + 1, 64)), XdpVerdict.Pass).Check(plane);
        new PacketCase("no port left", In(Packet(client, 1235, vip, 80, 64)), XdpVerdict.Drop, Drop: DropReason.NatPorts).Check(plane);
    }

    [BpfTheory]
    [InlineData(Client4, Vip4, "10.0.0.11", "10.0.0.1", Tcp6)]
    [InlineData(Client6, Vip6, "fd00::11", "fd00::1", Udp17)]
    public void Source_BeyondItsNewFlows_KeepsThoseItHas(string client, string vip, string server, string source, int protocol)
    {
        using var plane = Plane(vip, server, source, protocol, ports: 200, service => service with { SourceFlows = 2, Flags = Layout.ServiceFlags.Nat | Layout.ServiceFlags.Limit });
        byte[] Packet(int port) => In(protocol == Udp17 ? Udp(client, port, vip, 80) : Tcp(client, port, vip, 80, Syn));
        plane.Run(Packet(1000)).Verdict.ShouldBe(XdpVerdict.Transmit);

        // Seconds may pass in between: two of each second get through.
        var sent = Enumerable.Range(2000, 100).Count(port => plane.Run(Packet(port)).Verdict == XdpVerdict.Transmit);

        sent.ShouldBeInRange(1, 20);
        plane.Drops().ShouldBe(new Dictionary<DropReason, ulong> { [DropReason.SourceFlows] = (ulong)(100 - sent) });
        plane.Run(Packet(1000)).Verdict.ShouldBe(XdpVerdict.Transmit);
    }

    [BpfFact]
    public void Segment_OfNoNatFlow_IsDropped()
    {
        using var plane = Plane(Vip4, "10.0.0.11", "10.0.0.1", Tcp6);

        new PacketCase("no flow", In(Tcp(Client4, 1234, Vip4, 80)), XdpVerdict.Drop, Drop: DropReason.NatUnknown).Check(plane);
    }

    [BpfTheory]
    [InlineData(Client4, Vip4, "10.0.0.11", "10.0.0.1", "192.0.2.99", Tcp6)]
    [InlineData(Client6, Vip6, "fd00::11", "fd00::1", "2001:db8:9::9", Tcp6)]
    [InlineData(Client4, Vip4, "10.0.0.11", "10.0.0.1", "192.0.2.99", Udp17)]
    [InlineData(Client6, Vip6, "fd00::11", "fd00::1", "2001:db8:9::9", Udp17)]
    public void IcmpError_AboutANatFlow_IsTranslatedBothWays(string client, string vip, string server, string source, string router, int protocol)
    {
        using var plane = Plane(vip, server, source, protocol);
        byte[] Packet(string from, int fromPort, string to, int toPort) => protocol == Udp17
            ? Udp(from, fromPort, to, toPort)
            : Tcp(from, fromPort, to, toPort, Syn);
        var v6 = client.Contains(':', StringComparison.Ordinal);
        byte[] TooBig(string from, string to, byte[] quoted, int ttl) => Icmp(from, to, v6 ? 2 : 3, v6 ? 0 : 4, 1400, quoted, ttl);
        plane.Run(In(Packet(client, 1234, vip, 80)));

        // A router on the way to the server, about what the client sent.
        new PacketCase("to the client", Frame(OutMac, NextMac, TooBig(router, source, Packet(source, FirstPort, server, 8080), 64)), XdpVerdict.Transmit,
            Back(TooBig(vip, client, Packet(client, 1234, vip, 80), 63))).Check(plane);
        // A router on the way to the client, about what the server sent.
        new PacketCase("to the server", In(TooBig(router, vip, Packet(vip, 80, client, 1234), 64)), XdpVerdict.Transmit,
            Out(TooBig(source, server, Packet(server, 8080, source, FirstPort), 63))).Check(plane);
        // Of TCP as little as has to be quoted: ports, no checksum.
        var quoted = v6 ? 48 : 28;
        new PacketCase("eight bytes", In(TooBig(router, vip, Packet(vip, 80, client, 1234)[..quoted], 64)), XdpVerdict.Transmit,
            Out(TooBig(source, server, Packet(server, 8080, source, FirstPort)[..quoted], 63))).Check(plane);
        new PacketCase("of no flow", In(TooBig(router, vip, Packet(vip, 80, client, 1235), 64)), XdpVerdict.Pass).Check(plane);
    }

    [BpfTheory]
    [InlineData(Client4, Vip4, "10.0.0.11", "10.0.0.1")]
    [InlineData(Client6, Vip6, "fd00::11", "fd00::1")]
    public void Fragments_ByNat_FollowTheFirst(string client, string vip, string server, string source)
    {
        using var plane = Plane(vip, server, source, Udp17);
        var there = Parts(client, 1234, vip, 80, 64);
        var thereAfter = Parts(source, FirstPort, server, 8080, 63);
        var back = Parts(server, 8080, source, FirstPort, 64);
        var backAfter = Parts(vip, 80, client, 1234, 63);

        new PacketCase("later part first", In(there[1]), XdpVerdict.Pass).Check(plane); // it may be this host's own
        for (var part = 0; part < 2; part++)
            new PacketCase($"there {part}", In(there[part]), XdpVerdict.Transmit, Out(thereAfter[part])).Check(plane);
        for (var part = 0; part < 2; part++)
            new PacketCase($"back {part}", Frame(OutMac, NextMac, back[part]), XdpVerdict.Transmit, Back(backAfter[part])).Check(plane);
        plane.Returns(1).Packets.ShouldBe(2UL);
    }

    [BpfTheory]
    [InlineData(Client4, Vip4, "10.0.0.11", "10.0.0.1")]
    [InlineData(Client6, Vip6, "fd00::11", "fd00::1")]
    public void LaterPart_BeforeTheFirst_IsOfNoFlow(string client, string vip, string server, string source)
    {
        using var plane = Plane(vip, server, source, Udp17);
        plane.AddVip(vip, new Layout.Vip { UdpFragmentPort = 0x5000 });
        plane.Run(In(Udp(client, 0, vip, 80))).Verdict.ShouldBe(XdpVerdict.Transmit);

        new PacketCase("later part first", In(Parts(client, 1234, vip, 80, 64)[1]), XdpVerdict.Drop, Drop: DropReason.Fragment).Check(plane);
    }

    [BpfTheory]
    [InlineData(Syn, 0, 115, true)]
    [InlineData(Syn, 0, 122, false)]
    [InlineData(Syn, Ack, 122, true)]
    [InlineData(Syn, Ack, 7435, true)]
    [InlineData(Syn, Ack, 7442, false)]
    [InlineData(Syn, Fin | Ack, 122, false)]
    [InlineData(Syn, Rst, 122, false)]
    public void Flow_OfTcp_LastsAsItsStateSays(int first, int second, int idleSeconds, bool lasts)
    {
        using var plane = Plane(Vip4, "10.0.0.11", "10.0.0.1", Tcp6);
        plane.Run(In(Tcp(Client4, 1234, Vip4, 80, first)));
        if (second != 0)
            plane.Run(In(Tcp(Client4, 1234, Vip4, 80, second)));
        Age(plane, idleSeconds);

        new PacketCase("after the pause", In(Tcp(Client4, 1234, Vip4, 80)), lasts ? XdpVerdict.Transmit : XdpVerdict.Drop,
            lasts ? Out(Tcp("10.0.0.1", FirstPort, "10.0.0.11", 8080, ttl: 63)) : null, lasts ? DropReason.None : DropReason.NatUnknown).Check(plane);
        // The only port is free again exactly when its flow is over.
        new PacketCase("another flow", In(Tcp(Client4, 4321, Vip4, 80, Syn)), lasts ? XdpVerdict.Drop : XdpVerdict.Transmit,
            lasts ? null : Out(Tcp("10.0.0.1", FirstPort, "10.0.0.11", 8080, Syn, ttl: 63)), lasts ? DropReason.NatPorts : DropReason.None).Check(plane);
    }

    /// <summary>A reset that nobody believes, for it was forged, costs no connection; one that is believed does not keep the port.</summary>
    [BpfTheory]
    [InlineData(Rst, Client, false)]
    [InlineData(Rst, Server, false)]
    [InlineData(Rst | Ack, Server, false)]
    [InlineData(Rst, Client, true, Client)]
    [InlineData(Rst, Server, true, Server)]
    [InlineData(Rst, Client, false, Server)] // it was on its way
    [InlineData(Rst, Server, false, Client)]
    [InlineData(Rst, Client, false, Client, Fin | Ack)]
    public void Flow_AfterAReset_LastsAsBeforeWhereItsSenderGoesOn(int reset, int by, bool lasts, int next = Nobody, int flags = Ack)
    {
        using var plane = Plane(Vip4, "10.0.0.11", "10.0.0.1", Tcp6);
        void Send(int from, int tcpFlags) => plane.Run(from == Client ? In(Tcp(Client4, 1234, Vip4, 80, tcpFlags)) : Frame(OutMac, NextMac, Tcp("10.0.0.11", 8080, "10.0.0.1", FirstPort, tcpFlags))).Verdict.ShouldBe(XdpVerdict.Transmit);
        Send(Client, Syn);
        Send(Server, Syn | Ack);
        Send(Client, Ack);
        Send(by, reset);
        if (next != Nobody)
            Send(next, flags);

        Age(plane, 115);
        new PacketCase("its port, soon", In(Tcp(Client4, 4321, Vip4, 80, Syn)), XdpVerdict.Drop, Drop: DropReason.NatPorts).Check(plane);
        Age(plane, 7);
        new PacketCase("its port, later", In(Tcp(Client4, 4321, Vip4, 80, Syn)), lasts ? XdpVerdict.Drop : XdpVerdict.Transmit,
            lasts ? null : Out(Tcp("10.0.0.1", FirstPort, "10.0.0.11", 8080, Syn, ttl: 63)), lasts ? DropReason.NatPorts : DropReason.None).Check(plane);
    }

    [BpfFact]
    public void Answer_OnAnotherCpu_FindsItsFlow()
    {
        using var plane = Plane(Vip4, "10.0.0.11", "10.0.0.1", Tcp6);
        plane.Run(In(Tcp(Client4, 1234, Vip4, 80, Syn)));

        var (verdict, frame) = plane.Run(Frame(OutMac, NextMac, Tcp("10.0.0.11", 8080, "10.0.0.1", FirstPort, Syn | Ack)), Math.Min(1, BpfCpus.Possible - 1));

        verdict.ShouldBe(XdpVerdict.Transmit);
        frame.ShouldBe(Back(Tcp(Vip4, 80, Client4, 1234, Syn | Ack, ttl: 63)));
    }

    [BpfFact]
    public void Flows_OfADrainedBackend_StayAndNewOnesFindNone()
    {
        using var plane = Plane(Vip4, "10.0.0.11", "10.0.0.1", Tcp6);
        plane.Run(In(Tcp(Client4, 1234, Vip4, 80, Syn)));
        plane.ChangeBackend(1, backend => backend with { State = Layout.StateKind.Drain });
        plane.WriteService(Vip4, 80, Tcp6, new Layout.Service { Id = 1, Flags = Layout.ServiceFlags.Nat });

        new PacketCase("its flow", In(Tcp(Client4, 1234, Vip4, 80)), XdpVerdict.Transmit, Out(Tcp("10.0.0.1", FirstPort, "10.0.0.11", 8080, ttl: 63))).Check(plane);
        new PacketCase("a new one", In(Tcp(Client4, 1235, Vip4, 80, Syn)), XdpVerdict.Drop, Drop: DropReason.NoBackend).Check(plane);
        new PacketCase("the same, begun anew", In(Tcp(Client4, 1234, Vip4, 80, Syn)), XdpVerdict.Drop, Drop: DropReason.NoBackend).Check(plane);
    }

    [BpfFact]
    public void Ports_OfARange_ServeNearlyAsManyFlows()
    {
        const int Ports = 200, Flows = 180;
        using var plane = Plane(Vip4, "10.0.0.11", "10.0.0.1", Udp17, Ports);
        var taken = new HashSet<int>();

        for (var flow = 0; flow < Flows; flow++)
        {
            var (verdict, frame) = plane.Run(In(Udp(Client4, 2000 + flow, Vip4, 80)));
            verdict.ShouldBe(XdpVerdict.Transmit);
            taken.Add((frame[34] << 8) | frame[35]);
        }

        taken.Count.ShouldBe(Flows);
        taken.ShouldAllBe(port => port >= FirstPort && port < FirstPort + Ports);
    }

    [BpfFact]
    public void Port_ThatIsAServiceOfTheSource_IsLeftToIt()
    {
        using var plane = Plane(Vip4, "10.0.0.11", "10.0.0.1", Udp17, ports: 2);
        plane.AddService("10.0.0.1", FirstPort, Udp17, Layout.ForwardingKind.Ipip, ["10.0.0.12"]);

        new PacketCase("the other port", In(Udp(Client4, 1234, Vip4, 80)), XdpVerdict.Transmit, Out(Udp("10.0.0.1", FirstPort + 1, "10.0.0.11", 8080, ttl: 63))).Check(plane);
        new PacketCase("no port left", In(Udp(Client4, 1235, Vip4, 80)), XdpVerdict.Drop, Drop: DropReason.NatPorts).Check(plane);
    }

    [BpfTheory]
    [InlineData(Client4, Vip4, "10.0.0.11", "10.0.0.1")]
    [InlineData(Client6, Vip6, "fd00::11", "fd00::1")]
    public void Flow_BetweenTwoVlans_HasTheTagOfEach(string client, string vip, string server, string source)
    {
        using var plane = Plane(vip, server, source, Tcp6);
        plane.ChangeBackend(1, backend => backend with { Flags = Layout.BackendFlags.Mac | Layout.BackendFlags.Vlan, VlanBigEndian = 0x1400 });
        var (there, back) = (Tcp(source, FirstPort, server, 8080, Syn, ttl: 63), Tcp(server, 8080, source, FirstPort, Syn | Ack));

        foreach (var tags in new (int, int)[][] { [(0x8100, 10)], [(0x8100, 0)], [] })
        {
            new PacketCase("there", In(Tcp(client, 1234, vip, 80, Syn), tags), XdpVerdict.Transmit, Out(there, (0x8100, 20))).Check(plane);
            new PacketCase("back", Frame(OutMac, NextMac, back, (0x8100, 20)), XdpVerdict.Transmit, Back(Tcp(vip, 80, client, 1234, Syn | Ack, ttl: 63), tags)).Check(plane);
            Forget(plane);
        }
    }

    [BpfTheory]
    [InlineData(Client4, Vip4, "10.0.0.11", "10.0.0.1")]
    [InlineData(Client6, Vip6, "fd00::11", "fd00::1")]
    public void Flow_WithOtherTags_KeepsThem(string client, string vip, string server, string source)
    {
        using var plane = Plane(vip, server, source, Tcp6);
        foreach (var tags in s_otherTags)
        {
            foreach (var vlan in new[] { tags[0].Tci, 30 })
            {
                (int, int)[] there = [(tags[0].Protocol, vlan), .. tags[1..]];
                plane.ChangeBackend(1, backend => vlan == 30 ? backend with { Flags = Layout.BackendFlags.Mac | Layout.BackendFlags.Vlan, VlanBigEndian = 0x1e00 } : backend with { Flags = Layout.BackendFlags.Mac });
                foreach (var flags in new[] { Syn, Ack })
                    new PacketCase("there", In(Tcp(client, 1234, vip, 80, flags), tags), XdpVerdict.Transmit, Out(Tcp(source, FirstPort, server, 8080, flags, ttl: 63), there)).Check(plane);
                new PacketCase("back", Frame(OutMac, NextMac, Tcp(server, 8080, source, FirstPort), there), XdpVerdict.Transmit, Back(Tcp(vip, 80, client, 1234, ttl: 63), tags)).Check(plane);
                Forget(plane);
            }
        }
    }

    [BpfTheory]
    [InlineData(Client4, Vip4, "10.0.0.11", "10.0.0.1")]
    [InlineData(Client6, Vip6, "fd00::11", "fd00::1")]
    public void Flow_WithOtherTagsThatItsWayLacks_IsDroppedForThem(string client, string vip, string server, string source)
    {
        const uint Vlan = 77;
        using var plane = Plane(vip, server, source, Tcp6);
        plane.Map("vlan_links").Update(Vlan, Layout.VlanLink.Of(1, 30));
        var ways = new Func<Layout.Backend, Layout.Backend>[]
        {
            backend => backend with { Flags = Layout.BackendFlags.Mac | Layout.BackendFlags.Vlan },
            backend => backend with { Flags = Layout.BackendFlags.Mac, InterfaceIndex = Vlan },
        };
        foreach (var way in ways)
        {
            plane.ChangeBackend(1, way);
            foreach (var tags in s_otherTags)
            {
                new PacketCase("first", In(Tcp(client, 1234, vip, 80, Syn), tags), XdpVerdict.Drop, Drop: DropReason.NatTags).Check(plane);
                new PacketCase("of a known flow", In(Tcp(client, 1234, vip, 80), tags), XdpVerdict.Drop, Drop: DropReason.NatTags).Check(plane);
                Forget(plane);
            }
        }

        plane.Counters(1).Packets.ShouldBe(0UL);
    }

    [BpfTheory]
    [InlineData(Ipip, Client4, Vip4)]
    [InlineData(Ipv6InIp, Client6, Vip6)]
    public void Tunnel_ThatEndsHere_IsTakenOff(int protocol, string client, string vip)
    {
        using var plane = new DataPlane();
        plane.AddService("10.0.0.2", 0, protocol, Layout.ForwardingKind.Local, [], service => service with { Flags = Layout.ServiceFlags.Decap });
        var inner = Tcp(client, 1234, vip, 80);

        new PacketCase("tunnel", In(Ip("10.0.0.9", "10.0.0.2", protocol, inner)), XdpVerdict.Pass, In(inner)).Check(plane);
        new PacketCase("tagged tunnel", In(Ip("10.0.0.9", "10.0.0.2", protocol, inner), (0x88a8, 1), (0x8100, 2)), XdpVerdict.Pass, In(inner, (0x88a8, 1), (0x8100, 2))).Check(plane);
        new PacketCase("nonsense", In(Ip("10.0.0.9", "10.0.0.2", protocol, new byte[40])), XdpVerdict.Drop, Drop: DropReason.Tunnel).Check(plane);
    }

    [BpfFact]
    public void DecapProgram_OnARealServer_TakesOffWhatIsAddressedToIt()
    {
        using var loaded = BpfObject.Open(Programs.Object("decap"));
        loaded.SetConstant("gue_port", (ushort)0xc017, ".rodata.settings");
        loaded.Load();
        using var program = loaded.Program("decap");
        using var endpoints = loaded.Map("tunnel_endpoints");
        endpoints.Update(Layout.Address.Of(IPAddress.Parse("10.0.0.11")), 1u);
        var output = new byte[512];
        byte[] Run(byte[] frame)
        {
            var result = program.TestRun(frame, output);
            result.Verdict.ShouldBe(XdpVerdict.Pass);
            return output[..result.Length];
        }

        foreach (var inner in new[] { Tcp(Client4, 1234, Vip4, 80), Tcp(Client6, 1234, Vip6, 80) })
        {
            var protocol = inner[0] >> 4 == 4 ? Ipip : Ipv6InIp;
            var elsewhere = In(Ip("10.0.0.1", "10.0.0.12", protocol, inner));
            Run(In(Ip("10.0.0.1", "10.0.0.11", protocol, inner))).ShouldBe(In(inner));
            Run(In(Ip("10.0.0.1", "10.0.0.11", Udp17, Gue(50000, 6080, inner)), (0x8100, 5))).ShouldBe(In(inner, (0x8100, 5)));
            Run(elsewhere).ShouldBe(elsewhere);
        }
    }

    /// <summary>Has all flows by nat have been idle for so long.</summary>
    internal static void Age(DataPlane plane, int seconds)
    {
        foreach (var (key, flow) in plane.Map("nat_flows").Entries<Layout.NatKey, Layout.NatFlow>())
            plane.Map("nat_flows").Update(key, flow with { Seen = flow.Seen - (uint)seconds });
    }

    private static void Forget(DataPlane plane)
    {
        foreach (var key in plane.Map("nat_flows").Keys<Layout.NatKey>())
            plane.Map("nat_flows").Delete(key);
    }

    // Two parts of a datagram.
    private static byte[][] Parts(string from, int fromPort, string to, int toPort, int ttl)
    {
        const int First = 64, MoreFragments = 0x2000, Id = 7;
        var datagram = UdpOnly(from, fromPort, to, toPort, new string('x', 100));
        if (!from.Contains(':', StringComparison.Ordinal))
            return [Ip(from, to, Udp17, datagram[..First], ttl: ttl, id: Id, fragment: MoreFragments), Ip(from, to, Udp17, datagram[First..], ttl: ttl, id: Id, fragment: First / 8)];
        return
        [
            Ip(from, to, 44, Join([17, 0], Be16(1), Be32(Id), datagram[..First]), ttl: ttl),
            Ip(from, to, 44, Join([17, 0], Be16(First), Be32(Id), datagram[First..]), ttl: ttl),
        ];
    }

    private static DataPlane Plane(string vip, string server, string source, int protocol, int ports = 1, Func<Layout.Service, Layout.Service>? change = null)
    {
        var plane = new DataPlane(settings => settings with { NatPortFirst = FirstPort, NatPortLast = (ushort)(FirstPort + ports - 1), RepliesPerSecond = 0 });
        plane.AddVip(source, new Layout.Vip { Flags = Layout.VipFlags.NatSource });
        plane.AddService(vip, 80, protocol, Layout.ForwardingKind.Nat, [server], service => (change ?? (same => same))(service with { Flags = Layout.ServiceFlags.Nat }),
            backend => backend with { Source = Layout.Address.Of(IPAddress.Parse(source)), PortBigEndian = 0x901f });
        return plane;
    }
}
