// SPDX-License-Identifier: Apache-2.0
using System.Net;
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

    [BpfFact]
    public void Packet_ByNat_IsDroppedForWhatItsFlowLacks()
    {
        Layout.Service Of(Layout.Service service) => service with { Flags = Layout.ServiceFlags.Nat };
        Check(Layout.ForwardingKind.Nat, In(Tcp(Client, 1234, Vip, 80, Syn, ttl: 1)), XdpVerdict.Drop, s_dropped, Of);
        Check(Layout.ForwardingKind.Nat, In(Tcp(Client, 1234, Vip, 80)), XdpVerdict.Drop, s_dropped, Of, replies: 0);
        Check(Layout.ForwardingKind.Nat, In(Tcp(Client, 1234, Vip, 80)), XdpVerdict.Transmit, s_answered, Of);
        Check(Layout.ForwardingKind.Nat, In(Icmp("192.0.2.99", Vip, 3, 4, 1400, Tcp(Vip, 80, Client, 1234))), XdpVerdict.Pass, s_answered, Of);
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
