// SPDX-License-Identifier: Apache-2.0
using System.Net;
using Penstock.L4.Xdp;
using Penstock.Linux.Bpf;
using static Penstock.Bpf.Tests.Wire;

namespace Penstock.Bpf.Tests;

/// <summary>Flows by nat of which one of two entries is gone, as when the table is full; and those that are one too many.</summary>
public sealed class NatHalfTests
{
    private const string Client = "198.51.100.7", Vip = "203.0.113.10", Server = "10.0.0.11", Source = "10.0.0.1";
    private const int FirstPort = 40000, There = 0, Back = 1;

    [BpfTheory]
    [InlineData(There)]
    [InlineData(Back)]
    public void Flow_WithoutAHalf_IsWholeAgainWithTheNextPacketOfTheClient(int lost)
    {
        using var plane = Plane();
        var (verdict, sent) = plane.Run(In(Tcp(Client, 1234, Vip, 80, Syn)));
        verdict.ShouldBe(XdpVerdict.Transmit);
        var port = (sent[34] << 8) | sent[35];
        Lose(plane, lost);

        new PacketCase("there", In(Tcp(Client, 1234, Vip, 80)), XdpVerdict.Transmit, Out(Tcp(Source, port, Server, 8080, ttl: 63))).Check(plane);
        new PacketCase("back", Frame(OutMac, NextMac, Tcp(Server, 8080, Source, port)), XdpVerdict.Transmit, Wire.Back(Tcp(Vip, 80, Client, 1234, ttl: 63))).Check(plane);
        plane.Map("nat_flows").Keys<Layout.NatKey>().Count.ShouldBe(2);
    }

    [BpfFact]
    public void Flow_WithoutTheClientsHalf_IsWholeAgainWithAnAnswer()
    {
        using var plane = Plane();
        var (_, sent) = plane.Run(In(Tcp(Client, 1234, Vip, 80, Syn)));
        var port = (sent[34] << 8) | sent[35];
        Lose(plane, There);

        new PacketCase("back", Frame(OutMac, NextMac, Tcp(Server, 8080, Source, port)), XdpVerdict.Transmit, Wire.Back(Tcp(Vip, 80, Client, 1234, ttl: 63))).Check(plane);
        plane.Map("nat_flows").Keys<Layout.NatKey>().Count.ShouldBe(2);
    }

    [BpfFact]
    public void Flow_WhosePortAnotherHasTaken_EndsAndGetsNothingOfThat()
    {
        using var plane = Plane(ports: 1);
        plane.Run(In(Tcp(Client, 1234, Vip, 80, Syn))).Verdict.ShouldBe(XdpVerdict.Transmit);
        Lose(plane, Back);
        plane.Run(In(Tcp(Client, 4321, Vip, 80, Syn))).Verdict.ShouldBe(XdpVerdict.Transmit);

        var (verdict, frame) = plane.Run(In(Tcp(Client, 1234, Vip, 80)));
        verdict.ShouldBe(XdpVerdict.Transmit);
        frame[14 + 20 + 13].ShouldBe((byte)Rst);
        frame.AsSpan(30, 4).ToArray().ShouldBe(IPAddress.Parse(Client).GetAddressBytes());
        new PacketCase("back", Frame(OutMac, NextMac, Tcp(Server, 8080, Source, FirstPort)), XdpVerdict.Transmit, Wire.Back(Tcp(Vip, 80, Client, 4321, ttl: 63))).Check(plane);
    }

    [BpfTheory]
    [InlineData(Ack)]
    [InlineData(Syn | Ack)]
    [InlineData(Fin | Ack)]
    public void Segment_OfAConnectionThatNobodyKnows_IsReset(int flags)
    {
        using var plane = Plane();

        var (verdict, frame) = plane.Run(In(Tcp(Client, 1234, Vip, 80, flags)));

        verdict.ShouldBe(XdpVerdict.Transmit);
        frame[14 + 20 + 13].ShouldBe((byte)Rst);
        plane.ServiceCounters(1).Rejected.ShouldBe(1UL);
        plane.Map("nat_flows").Keys<Layout.NatKey>().ShouldBeEmpty();
    }

    [BpfTheory]
    [InlineData(Client, Vip, Server)]
    [InlineData("2001:db8:1::7", "2001:db8::10", "fd00::11")]
    public void SegmentWithOptions_OfAConnectionThatNobodyKnows_IsReset(string client, string vip, string server)
    {
        using var plane = new DataPlane();
        plane.AddService(vip, 80, Tcp6, Layout.ForwardingKind.Nat, [server], service => service with { Flags = Layout.ServiceFlags.Nat });
        var packet = Tcp(client, 1234, vip, 80, options: [1, 1, 1, 1]);
        if (vip != Vip)
            packet = Ip(client, vip, 60, Join([Tcp6, 0, 1, 4, 0, 0, 0, 0], packet[40..]));

        new PacketCase("with options", In(packet), XdpVerdict.Transmit, Wire.Back(Tcp(vip, 80, client, 1234, Rst, "", sequence: 2000, acknowledged: 0, window: 0))).Check(plane);
        plane.ServiceCounters(1).Rejected.ShouldBe(1UL);
    }

    [BpfFact]
    public void Reset_OfAConnectionThatNobodyKnows_IsDropped()
    {
        using var plane = Plane();

        new PacketCase("reset", In(Tcp(Client, 1234, Vip, 80, Rst | Ack)), XdpVerdict.Drop, Drop: DropReason.NatUnknown).Check(plane);
        plane.Map("nat_flows").Keys<Layout.NatKey>().ShouldBeEmpty();
    }

    [BpfFact]
    public void NewFlows_BeyondTheCap_AreDroppedForThatReason()
    {
        using var plane = Plane(change: settings => settings with { NewFlowsPerSecond = 2 });
        plane.Run(In(Tcp(Client, 1000, Vip, 80, Syn))).Verdict.ShouldBe(XdpVerdict.Transmit);

        var sent = Enumerable.Range(2000, 100).Count(port => plane.Run(In(Tcp(Client, port, Vip, 80, Syn))).Verdict == XdpVerdict.Transmit);

        sent.ShouldBeInRange(1, 20); // seconds may pass
        plane.Drops().ShouldBe(new Dictionary<DropReason, ulong> { [DropReason.NewFlows] = (ulong)(100 - sent) });
        plane.Run(In(Tcp(Client, 1000, Vip, 80))).Verdict.ShouldBe(XdpVerdict.Transmit);
    }

    [BpfTheory]
    [InlineData("10.0.0.11", "10.0.0.1", "198.51.100.7", "203.0.113.10")]
    [InlineData("fd00::11", "fd00::1", "2001:db8:1::7", "2001:db8::10")]
    public void Packet_WhoseHopsAreSpent_IsDroppedEitherWay(string server, string source, string client, string vip)
    {
        using var plane = new DataPlane(settings => settings with { NatPortLast = settings.NatPortFirst });
        plane.AddVip(source, new Layout.Vip { Flags = Layout.VipFlags.NatSource });
        var service = plane.AddService(vip, 80, Tcp6, Layout.ForwardingKind.Nat, [server], service => service with { Flags = Layout.ServiceFlags.Nat });
        plane.Run(In(Tcp(client, 1234, vip, 80, Syn)));

        new PacketCase("there", In(Tcp(client, 1234, vip, 80, ttl: 1)), XdpVerdict.Drop, Drop: DropReason.HopLimit).Check(plane);
        new PacketCase("back", In(Tcp(server, 80, source, plane.Settings.NatPortFirst, ttl: 1)), XdpVerdict.Drop, Drop: DropReason.HopLimit).Check(plane);
        plane.Drops(service).ShouldBe(new Dictionary<DropReason, ulong> { [DropReason.HopLimit] = 2 });
    }

    [BpfTheory]
    [InlineData("fd00::11", "198.51.100.7", "203.0.113.10")]
    [InlineData("10.0.0.11", "2001:db8:1::7", "2001:db8::10")]
    public void Flow_ToABackendOfTheOtherFamily_IsDroppedForThatReason(string server, string client, string vip)
    {
        using var plane = new DataPlane();
        plane.AddService(vip, 80, Tcp6, Layout.ForwardingKind.Nat, [server], service => service with { Flags = Layout.ServiceFlags.Nat });

        new PacketCase("there", In(Tcp(client, 1234, vip, 80, Syn)), XdpVerdict.Drop, Drop: DropReason.NatFamily).Check(plane);
    }

    // Entries are looked at once a second: as if that had passed.
    private static void Lose(DataPlane plane, int direction)
    {
        var flows = plane.Map("nat_flows");
        foreach (var key in flows.Keys<Layout.NatKey>())
        {
            flows.TryLookup(key, out Layout.NatFlow flow).ShouldBeTrue();
            if (flow.Direction == direction)
                flows.Delete(key);
            else
                flows.Update(key, flow with { Seen = flow.Seen - 2 });
        }
    }

    private static DataPlane Plane(int ports = 200, Func<Layout.Settings, Layout.Settings>? change = null)
    {
        var plane = new DataPlane(settings => (change ?? (same => same))(settings with { NatPortFirst = FirstPort, NatPortLast = (ushort)(FirstPort + ports - 1) }));
        plane.AddVip(Source, new Layout.Vip { Flags = Layout.VipFlags.NatSource });
        plane.AddService(Vip, 80, Tcp6, Layout.ForwardingKind.Nat, [Server], service => service with { Flags = Layout.ServiceFlags.Nat },
            backend => backend with { Source = Layout.Address.Of(IPAddress.Parse(Source)), PortBigEndian = 0x901f });
        return plane;
    }
}
