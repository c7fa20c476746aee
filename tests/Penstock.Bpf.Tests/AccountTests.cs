// SPDX-License-Identifier: Apache-2.0
using System.Net;
using System.Runtime.InteropServices;
using Penstock.L4.Capture;
using Penstock.L4.Xdp;
using Penstock.Linux.Bpf;
using static Penstock.Bpf.Tests.Wire;

namespace Penstock.Bpf.Tests;

/// <summary>Each packet of a service is counted once: towards a backend, answered here or passed up the stack, or dropped.</summary>
[Collection(CookieTests.Forking)]
public sealed class AccountTests
{
    private const string Client = "198.51.100.7", Vip = "203.0.113.10", Server = "10.0.0.11", Source = "10.0.0.1";
    private const byte Reject = 1, Pass = 2;
    private static readonly byte[] s_packet = In(Tcp(Client, 1234, Vip, 80, Syn));
    private static readonly byte[] s_large = In(Tcp(Client, 1234, Vip, 80, Syn, payload: new string('x', 1400)));

    private static readonly (ulong, ulong, ulong) s_towards = (1, 0, 0), s_answered = (0, 1, 0), s_dropped = (0, 0, 1);

    [BpfFact]
    public void Packet_OfABackend_IsCountedThere() => Check(Layout.ForwardingKind.Ipip, s_packet, XdpVerdict.Transmit, s_towards);

    [BpfFact]
    public void Packet_OfNoBackend_IsDroppedAnsweredOrPassed()
    {
        Check(Layout.ForwardingKind.Ipip, s_packet, XdpVerdict.Drop, s_dropped, service => service with { RingSlots = 0 });
        Check(Layout.ForwardingKind.Ipip, s_packet, XdpVerdict.Transmit, s_answered, service => service with { RingSlots = 0, EmptyAction = Reject });
        Check(Layout.ForwardingKind.Ipip, s_packet, XdpVerdict.Drop, s_dropped, service => service with { RingSlots = 0, EmptyAction = Reject }, replies: 0);
        Check(Layout.ForwardingKind.Ipip, s_packet, XdpVerdict.Pass, s_answered, service => service with { RingSlots = 0, EmptyAction = Pass });
    }

    [BpfFact]
    public void Packet_ThatMayNotCome_IsDropped()
    {
        Check(Layout.ForwardingKind.Ipip, s_packet, XdpVerdict.Drop, s_dropped, service => service with { Flags = Layout.ServiceFlags.Allow });
        Check(Layout.ForwardingKind.Ipip, s_packet, XdpVerdict.Drop, s_dropped, change: null, backend => backend with { State = Layout.StateKind.Down });
    }

    [BpfTheory]
    [InlineData(Layout.ForwardingKind.Ipip)]
    [InlineData(Layout.ForwardingKind.L2)]
    [InlineData(Layout.ForwardingKind.Nat)]
    internal void Packet_ThatItsBackendDoesNotGet_IsNotTowardsIt(Layout.ForwardingKind forwarding) => OwnNetwork.Run(cookies: 1, () =>
    {
        Layout.Service Of(Layout.Service service) => forwarding == Layout.ForwardingKind.Nat ? service with { Flags = Layout.ServiceFlags.Nat } : service;
        Layout.Backend Narrow(Layout.Backend backend) => backend with { Mtu = 1300, InterfaceIndex = 1 };
        Check(forwarding, s_packet, XdpVerdict.Transmit, s_towards, Of);
        Check(forwarding, s_packet, XdpVerdict.Drop, s_dropped, Of, backend => backend with { Flags = Layout.BackendFlags.Fib });
        Check(forwarding, s_large, XdpVerdict.Transmit, s_answered, Of, Narrow);
        Check(forwarding, s_large, XdpVerdict.Drop, s_dropped, Of, Narrow, replies: 0);
    });

    [BpfTheory]
    [InlineData(Layout.ForwardingKind.Ipip, Layout.ServiceFlags.None)]
    [InlineData(Layout.ForwardingKind.Ipip, Layout.ServiceFlags.Limit)] // the long way
    [InlineData(Layout.ForwardingKind.L2, Layout.ServiceFlags.None)]
    [InlineData(Layout.ForwardingKind.Nat, Layout.ServiceFlags.Nat)]
    [InlineData(Layout.ForwardingKind.Nat, Layout.ServiceFlags.Nat | Layout.ServiceFlags.Limit)]
    internal void Flow_WhoseFirstPacketDoesNotLeave_IsCountedOnce(Layout.ForwardingKind forwarding, Layout.ServiceFlags flags) => OwnNetwork.Run(cookies: 1, () =>
    {
        Layout.Backend Unrouted(Layout.Backend backend) => backend with { Flags = Layout.BackendFlags.Fib };
        Layout.Backend Narrow(Layout.Backend backend) => backend with { Mtu = 1300, InterfaceIndex = 1 };
        foreach (var (frame, verdict, change) in new (byte[], XdpVerdict, Func<Layout.Backend, Layout.Backend>)[] { (s_packet, XdpVerdict.Drop, Unrouted), (s_large, XdpVerdict.Transmit, Narrow) })
        {
            using var plane = Plane(forwarding, service => service with { Flags = flags }, change, replies: 1000);
            plane.Run(frame).Verdict.ShouldBe(verdict);
            plane.Counters(1).ShouldBe(new Layout.BackendStats { NewFlows = 1 });

            plane.ChangeBackend(1, backend => backend with { Flags = Layout.BackendFlags.Mac });
            plane.Run(s_packet).Verdict.ShouldBe(XdpVerdict.Transmit);

            plane.Counters(1).ShouldBe(new Layout.BackendStats { Packets = 1, Bytes = (ulong)s_packet.Length, NewFlows = 1 }, "a packet whose flow is known, and no new one");
        }
    });

    [BpfTheory]
    [InlineData(Client, Vip, Server, Source, Layout.ServiceFlags.Nat)]
    [InlineData(Client, Vip, Server, Source, Layout.ServiceFlags.Nat | Layout.ServiceFlags.Limit)] // the long way
    [InlineData("2001:db8:1::7", "2001:db8::10", "fd00::11", "fd00::1", Layout.ServiceFlags.Nat)]
    [InlineData("2001:db8:1::7", "2001:db8::10", "fd00::11", "fd00::1", Layout.ServiceFlags.Nat | Layout.ServiceFlags.Limit)]
    internal void Flow_WhoseFirstPacketHasSpentItsHops_IsCountedOnce(string client, string vip, string server, string source, Layout.ServiceFlags flags)
    {
        using var plane = new DataPlane();
        plane.AddVip(source, new Layout.Vip { Flags = Layout.VipFlags.NatSource });
        plane.AddService(vip, 80, Tcp6, Layout.ForwardingKind.Nat, [server], service => service with { Flags = flags });
        byte[] First(int ttl) => In(Tcp(client, 1234, vip, 80, Syn, ttl: ttl));

        new PacketCase("spent", First(1), XdpVerdict.Drop, Drop: DropReason.HopLimit).Check(plane);
        plane.Counters(1).ShouldBe(new Layout.BackendStats { NewFlows = 1 });

        plane.Run(First(64)).Verdict.ShouldBe(XdpVerdict.Transmit);
        plane.Counters(1).ShouldBe(new Layout.BackendStats { Packets = 1, Bytes = (ulong)First(64).Length, NewFlows = 1 }, "a packet whose flow is known, and no new one");
    }

    [BpfFact]
    public void Packet_ByNat_IsDroppedForWhatItsFlowLacks()
    {
        Layout.Service Of(Layout.Service service) => service with { Flags = Layout.ServiceFlags.Nat };
        Check(Layout.ForwardingKind.Nat, In(Tcp(Client, 1234, Vip, 80, Syn, ttl: 1)), XdpVerdict.Drop, s_dropped, Of);
        Check(Layout.ForwardingKind.Nat, In(Tcp(Client, 1234, Vip, 80)), XdpVerdict.Drop, s_dropped, Of, replies: 0);
        Check(Layout.ForwardingKind.Nat, In(Tcp(Client, 1234, Vip, 80)), XdpVerdict.Transmit, s_answered, Of);
        Check(Layout.ForwardingKind.Nat, In(Icmp("192.0.2.99", Vip, 3, 4, 1400, Tcp(Vip, 80, Client, 1234))), XdpVerdict.Pass, s_answered, Of);
    }

    [BpfTheory]
    [InlineData(false)]
    [InlineData(true)]
    public void Answer_OfABackendWhoseIdIsAnothers_IsNotThatOnes(bool goesTheLongWay)
    {
        using var plane = Plane(Layout.ForwardingKind.Nat, service => service with { Flags = Layout.ServiceFlags.Nat }, changeBackend: null, replies: 1000);
        var (_, sent) = plane.Run(s_packet);
        byte[]? options = goesTheLongWay ? [1, 1, 1, 1] : null;
        byte[] Answer(int ttl) => Frame(OutMac, NextMac, Tcp(Server, 80, Source, (sent[34] << 8) | sent[35], Syn | Ack, ttl: ttl, options: options));
        plane.Run(Answer(64)).Verdict.ShouldBe(XdpVerdict.Transmit); // has the source of nat remembered, besides
        plane.Returns(1).Packets.ShouldBe(1UL);

        plane.ChangeBackend(1, backend => backend with { Generation = (byte)(backend.Generation + 1) });

        var backends = new List<uint>();
        using var ring = new BpfRingReader(plane.Map("captures"), sample => backends.Add(MemoryMarshal.Read<SampleLayout.Sample>(sample).Backend));
        plane.Map("capture_filter").Update(0u, new SampleLayout.Filter { Until = ulong.MaxValue, Service = SampleLayout.NoService, OneIn = 1, Verdicts = 0x1f, Bytes = 64 });
        plane.Run(Answer(64)).Verdict.ShouldBe(XdpVerdict.Transmit);
        plane.ChangeBackend(1, backend => backend with { Generation = (byte)(backend.Generation - 1) });
        plane.Run(Answer(64)).Verdict.ShouldBe(XdpVerdict.Transmit);
        plane.Map("capture_filter").Update(0u, default(SampleLayout.Filter));
        ring.Poll(TimeSpan.Zero);
        backends.ShouldBe([0u, 1u], "a capture names a backend only while it has the id");
        plane.Returns(1).Packets.ShouldBe(2UL);

        plane.ChangeBackend(1, backend => backend with { Generation = (byte)(backend.Generation + 1) });
        plane.Run(Answer(64)).Verdict.ShouldBe(XdpVerdict.Transmit);
        plane.Run(Answer(1)).Verdict.ShouldBe(XdpVerdict.Drop);
        plane.Returns(1).Packets.ShouldBe(2UL);
        plane.Drops(1).ShouldBeEmpty();
        plane.Drops().ShouldBe(new Dictionary<DropReason, ulong> { [DropReason.HopLimit] = 1 });
        plane.Map("service_drops").Keys<Layout.ServiceDrop>().ShouldBeEmpty();
    }

    [BpfFact]
    public void Bytes_OfADrop_AreThoseOfTheFrame()
    {
        using var plane = Plane(Layout.ForwardingKind.Ipip, service => service with { RingSlots = 0 }, changeBackend: null, replies: 0);
        plane.Run(s_large);

        plane.Maps.Sum<Layout.ServiceDrop, Layout.DropStats>("service_drops", new Layout.ServiceDrop { Service = 1, Reason = (uint)DropReason.NoBackend })
            .ShouldBe(new Layout.DropStats { Packets = 1, Bytes = (ulong)s_large.Length });
        plane.Maps.Sum<uint, Layout.DropStats>("drop_stats", (uint)DropReason.NoBackend).Bytes.ShouldBe((ulong)s_large.Length);
    }

    private static void Check(
        Layout.ForwardingKind forwarding, byte[] frame, XdpVerdict verdict, (ulong, ulong, ulong) counted, Func<Layout.Service, Layout.Service>? change = null, Func<Layout.Backend, Layout.Backend>? changeBackend = null, uint replies = 1000)
    {
        using var plane = Plane(forwarding, change, changeBackend, replies);

        plane.Run(frame).Verdict.ShouldBe(verdict);

        (plane.Counters(1).Packets, plane.ServiceCounters(1).Packets, plane.Drops(1).Values.Aggregate(0UL, (sum, packets) => sum + packets)).ShouldBe(counted);
    }

    private static DataPlane Plane(Layout.ForwardingKind forwarding, Func<Layout.Service, Layout.Service>? change, Func<Layout.Backend, Layout.Backend>? changeBackend, uint replies)
    {
        var plane = new DataPlane(settings => settings with { RepliesPerSecond = replies });
        plane.AddVip(Source, new Layout.Vip { Flags = Layout.VipFlags.NatSource });
        plane.AddService(Vip, 80, Tcp6, forwarding, [Server], change, backend => (changeBackend ?? (same => same))(backend with { Source = Layout.Address.Of(IPAddress.Parse(Source)) }));
        return plane;
    }
}
