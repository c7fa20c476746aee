// SPDX-License-Identifier: Apache-2.0
using System.Buffers.Binary;
using System.Net;
using System.Runtime.InteropServices;
using Penstock.L4.Xdp;
using Penstock.Linux.Bpf;
using Penstock.Model.L4;
using static Penstock.Bpf.Tests.Wire;

namespace Penstock.Bpf.Tests;

/// <summary>All parts of a datagram meet at one backend, in whatever order they come.</summary>
public sealed class FragmentTests
{
    private const string Client4 = "198.51.100.7", Vip4 = "203.0.113.10", Client6 = "2001:db8:1::7", Vip6 = "2001:db8::10";

    [BpfTheory]
    [InlineData(Client4, Vip4, false)]
    [InlineData(Client4, Vip4, true)]
    [InlineData(Client6, Vip6, false)]
    [InlineData(Client6, Vip6, true)]
    public void Parts_OfManyDatagrams_MeetAtOneBackend(string client, string vip, bool reversed)
    {
        using var plane = Plane(vip, fragmentPort: 53);

        for (var id = 1; id <= 40; id++)
        {
            var parts = Parts(client, 1000 + id, vip, id);
            var before = Packets(plane);
            foreach (var part in reversed ? parts.Reverse() : parts)
                plane.Run(In(part)).Verdict.ShouldBe(XdpVerdict.Transmit);

            Packets(plane).Zip(before, (now, then) => now - then).Order().ShouldBe([0UL, 0UL, 2UL]);
        }
    }

    [BpfFact]
    public void Part_OfAKnownFlow_GoesWhereTheFlowGoes()
    {
        using var plane = Plane(Vip4, fragmentPort: 0);
        for (var port = 1000; port < 1020; port++)
        {
            plane.Run(In(Udp(Client4, port, Vip4, 53)));
            var before = Packets(plane);
            foreach (var part in Parts(Client4, port, Vip4, port))
                plane.Run(In(part)).Verdict.ShouldBe(XdpVerdict.Transmit);
            plane.Run(In(Udp(Client4, port, Vip4, 53)));

            Packets(plane).Zip(before, (now, then) => now - then).Order().ShouldBe([0UL, 0UL, 3UL]);
        }
    }

    [BpfFact]
    public void LaterPart_ThatNothingPlaces_IsDropped()
    {
        using var plane = Plane(Vip4, fragmentPort: 0);

        new PacketCase("later part", In(Parts(Client4, 1000, Vip4, 1)[1]), XdpVerdict.Drop, Drop: DropReason.Fragment).Check(plane);
    }

    [BpfTheory]
    [InlineData(Client4, Vip4)]
    [InlineData(Client6, Vip6)]
    public void LaterPart_OfThisHostsOwnTraffic_Passes(string client, string vip)
    {
        using var plane = Plane(vip, fragmentPort: 0);
        plane.AddVip(vip, new Layout.Vip { Flags = Layout.VipFlags.NatSource });

        new PacketCase("later part", In(Parts(client, 1000, vip, 1)[1]), XdpVerdict.Pass).Check(plane);
    }

    [BpfFact]
    public void Part_OfADatagramWithTheIdOfAnotherServicesOne_GoesToItsOwn()
    {
        using var plane = Plane(Vip4, fragmentPort: 53);
        plane.Run(In(Parts(Client4, 1000, Vip4, 1)[0]));
        plane.AddService(Vip4, 5060, Udp17, Layout.ForwardingKind.Ipip, ["10.0.0.21"]);

        foreach (var part in Parts(Client4, 1000, Vip4, 1, 5060))
            plane.Run(In(part)).Verdict.ShouldBe(XdpVerdict.Transmit);

        plane.Counters(4).Packets.ShouldBe(2UL);
    }

    [BpfTheory]
    [InlineData(26, true)]
    [InlineData(32, false)]
    public void Part_OfADatagramWithAnIdSeenBefore_FollowsTheOtherForHalfAMinute(int secondsAgo, bool follows)
    {
        using var plane = Plane(Vip4, fragmentPort: 0);
        plane.Run(In(Parts(Client4, 1000, Vip4, 1)[0]));
        foreach (var (key, known) in plane.Map("fragments").Entries<FragmentKey, Fragment>())
            plane.Map("fragments").Update(key, known with { Seen = (ushort)(known.Seen - secondsAgo) });

        plane.Run(In(Parts(Client4, 1000, Vip4, 1)[1])).Verdict.ShouldBe(follows ? XdpVerdict.Transmit : XdpVerdict.Drop);
    }

    [BpfTheory]
    [InlineData(Client4, Vip4, 0)]
    [InlineData(Client4, Vip4, 1)]
    [InlineData(Client6, Vip6, 0)]
    [InlineData(Client6, Vip6, 1)]
    public void Parts_OfASourceBeyondItsPackets_AreDropped(string client, string vip, int which)
    {
        using var plane = Plane(vip, fragmentPort: 0, service => service with { Flags = Layout.ServiceFlags.Limit, SourcePackets = 5 });
        var parts = Parts(client, 1000, vip, 1);
        plane.Run(In(parts[0])).Verdict.ShouldBe(XdpVerdict.Transmit);

        // Seconds may pass in between: five of each second get through.
        var sent = Enumerable.Range(0, 100).Count(_ => plane.Run(In(parts[which])).Verdict == XdpVerdict.Transmit);

        sent.ShouldBeInRange(4, 25);
        plane.Drops().ShouldBe(new Dictionary<DropReason, ulong> { [DropReason.SourcePackets] = (ulong)(100 - sent) });
    }

    [BpfTheory]
    [InlineData(Client4, Vip4)]
    [InlineData(Client6, Vip6)]
    public void FirstParts_OfASourceBeyondItsNewFlows_AreDropped(string client, string vip)
    {
        using var plane = Plane(vip, fragmentPort: 0, service => service with { Flags = Layout.ServiceFlags.Limit, SourceFlows = 2 });

        var sent = Enumerable.Range(2000, 100).Count(port => plane.Run(In(Parts(client, port, vip, 1)[0])).Verdict == XdpVerdict.Transmit);

        sent.ShouldBeInRange(2, 20); // of each second two
        plane.Drops().ShouldBe(new Dictionary<DropReason, ulong> { [DropReason.SourceFlows] = (ulong)(100 - sent) });
        plane.Run(In(Parts(client, 2000, vip, 1)[1])).Verdict.ShouldBe(XdpVerdict.Transmit, "a later part is no flow");
    }

    [BpfTheory]
    [InlineData(Layout.ServiceFlags.Block, DropReason.SourceBlocked)]
    [InlineData(Layout.ServiceFlags.Allow, DropReason.SourceNotAllowed)]
    internal void Rule_WrittenBetweenTwoParts_HoldsForTheSecond(Layout.ServiceFlags flags, DropReason reason)
    {
        using var plane = Plane(Vip4, fragmentPort: 0, service => service with { Flags = flags });
        var source = Layout.SourceKey.Of(1, IPNetwork.Parse($"{Client4}/32"));
        plane.Map("source_lists").Update(source, Layout.SourceVerdict.Allow);
        var parts = Parts(Client4, 1000, Vip4, 1);
        plane.Run(In(parts[0])).Verdict.ShouldBe(XdpVerdict.Transmit);

        plane.Map("source_lists").Update(source, Layout.SourceVerdict.Block);

        foreach (var part in parts)
            new PacketCase("part", In(part), XdpVerdict.Drop, Drop: reason).Check(plane);
    }

    [BpfFact]
    public void LaterParts_OfAService_AreOfTheOneThatTheFirstPartNames()
    {
        using var plane = Plane(Vip4, fragmentPort: 0, service => service with { Flags = Layout.ServiceFlags.Block });
        plane.AddService(Vip4, 5060, Udp17, Layout.ForwardingKind.Ipip, ["10.0.0.21"]);
        plane.Map("source_lists").Update(Layout.SourceKey.Of(1, IPNetwork.Parse($"{Client4}/32")), Layout.SourceVerdict.Block);

        foreach (var part in Parts(Client4, 1000, Vip4, 1, 5060))
            plane.Run(In(part)).Verdict.ShouldBe(XdpVerdict.Transmit);

        plane.Counters(4).Packets.ShouldBe(2UL);
    }

    [BpfTheory]
    [InlineData(Client4, Vip4)]
    [InlineData(Client6, Vip6)]
    public void LaterPart_BeforeTheFirst_GoesToTheRangeThatIsTheOnlyService(string client, string vip)
    {
        using var plane = new DataPlane();
        var range = plane.NewService(Layout.ForwardingKind.Ipip, ["10.0.0.11", "10.0.0.12", "10.0.0.13"]);
        var listen = new ServiceAddress(TransportProtocol.Udp, IPAddress.Parse(vip), 0, 65535);
        plane.AddVip(vip, VipPlan.Of([new PlannedService("s", listen, range, 16, [])], isClosed: true).Values.Single());
        plane.Map("service_ranges").Update(Layout.RangeKey.Of(listen.Address, Udp17, new PortPrefix(0, 0)), range);

        for (var id = 1; id <= 20; id++)
        {
            var before = Packets(plane);
            foreach (var part in Parts(client, 1000 + id, vip, id).Reverse())
                plane.Run(In(part)).Verdict.ShouldBe(XdpVerdict.Transmit);

            Packets(plane).Zip(before, (now, then) => now - then).Order().ShouldBe([0UL, 0UL, 2UL]);
        }
    }

    [BpfFact]
    public void Parts_OfTwoRanges_AreOfTheOneThatTheirFirstPartNames()
    {
        using var plane = new DataPlane();
        plane.AddVip(Vip4, new Layout.Vip { Flags = Layout.VipFlags.Ranges | Layout.VipFlags.Closed });
        foreach (var (port, server) in new[] { (4096, "10.0.0.11"), (8192, "10.0.0.12") })
            plane.Map("service_ranges").Update(Layout.RangeKey.Of(IPAddress.Parse(Vip4), Udp17, new PortPrefix(port, 4)), plane.NewService(Layout.ForwardingKind.Ipip, [server]));

        foreach (var port in new[] { 4100, 8200, 4100 })
        {
            foreach (var part in Parts(Client4, 1000, Vip4, 1, port))
                plane.Run(In(part)).Verdict.ShouldBe(XdpVerdict.Transmit);
        }

        plane.Counters(1).Packets.ShouldBe(4UL);
        plane.Counters(2).Packets.ShouldBe(2UL);
    }

    [BpfFact]
    public void FirstPart_OfAKnownFlowWithTheIdOfAnother_GoesWhereItsFlowGoes()
    {
        using var plane = Plane(Vip4, fragmentPort: 0);
        for (var port = 1000; port < 1020; port++)
        {
            plane.Run(In(Udp(Client4, port, Vip4, 53)));
            var before = Packets(plane);
            foreach (var part in Parts(Client4, port, Vip4, 7))
                plane.Run(In(part)).Verdict.ShouldBe(XdpVerdict.Transmit);
            plane.Run(In(Udp(Client4, port, Vip4, 53)));

            Packets(plane).Zip(before, (now, then) => now - then).Order().ShouldBe([0UL, 0UL, 3UL]);
        }
    }

    [BpfFact]
    public void Part_Forwarded_IsEncapsulatedAsItIs()
    {
        using var plane = new DataPlane();
        plane.AddService(Vip4, 53, Udp17, Layout.ForwardingKind.Ipip, ["10.0.0.11"]);

        foreach (var part in Parts(Client4, 1000, Vip4, 1))
            new PacketCase("part", In(part), XdpVerdict.Transmit, Out(Ip(DataPlane.Tunnel4, "10.0.0.11", Ipip, part))).Check(plane);
    }

    [BpfFact]
    public void AtomicFragment_OfIpv6_IsAWholeDatagram()
    {
        using var plane = Plane(Vip6, fragmentPort: 0);
        var datagram = UdpOnly(Client6, 1000, Vip6, 53, "data");

        plane.Run(In(Ip(Client6, Vip6, 44, Join([17, 0], Be16(0), Be32(7), datagram)))).Verdict.ShouldBe(XdpVerdict.Transmit);
        plane.Run(In(Udp(Client6, 1000, Vip6, 53)));

        Packets(plane).Order().ShouldBe([0UL, 0UL, 2UL]);
    }

    private static DataPlane Plane(string vip, ushort fragmentPort, Func<Layout.Service, Layout.Service>? change = null)
    {
        var plane = new DataPlane();
        plane.AddService(vip, 53, Udp17, Layout.ForwardingKind.Ipip, ["10.0.0.11", "10.0.0.12", "10.0.0.13"], change);
        plane.AddVip(vip, new Layout.Vip { Flags = Layout.VipFlags.Closed, UdpFragmentPort = BinaryPrimitives.ReverseEndianness(fragmentPort) });
        return plane;
    }

    private static ulong[] Packets(DataPlane plane) => [plane.Counters(1).Packets, plane.Counters(2).Packets, plane.Counters(3).Packets];

    private static byte[][] Parts(string from, int fromPort, string to, int id, int toPort = 53)
    {
        var datagram = UdpOnly(from, fromPort, to, toPort, new string('x', 100));
        const int First = 64, MoreFragments = 0x2000;
        if (!from.Contains(':', StringComparison.Ordinal))
            return [Ip(from, to, Udp17, datagram[..First], id: id, fragment: MoreFragments), Ip(from, to, Udp17, datagram[First..], id: id, fragment: First / 8)];
        return
        [
            Ip(from, to, 44, Join([17, 0], Be16(1), Be32((uint)id), datagram[..First])),
            Ip(from, to, 44, Join([17, 0], Be16(First), Be32((uint)id), datagram[First..])),
        ];
    }

    // struct lb_fragment_key and struct lb_fragment.
    [StructLayout(LayoutKind.Sequential)]
    private record struct FragmentKey(Layout.Address Source, Layout.Address Destination, uint Id, uint Protocol);

    [StructLayout(LayoutKind.Sequential)]
    private record struct Fragment(uint Backend, ushort Generation, ushort Seen, uint Ports);
}
