// SPDX-License-Identifier: Apache-2.0
using System.Net;
using Penstock.L4.Xdp;
using Penstock.Linux;
using Penstock.Linux.Bpf;
using static Penstock.Bpf.Tests.OwnNetwork;
using static Penstock.Bpf.Tests.Wire;

namespace Penstock.Bpf.Tests;

/// <summary>By nat between two interfaces: clients come by h0, servers are at h1.</summary>
[Collection(CookieTests.Forking)]
public sealed class NatWayTests
{
    private const string Client4 = "198.51.100.7", Vip4 = "203.0.113.10", Client6 = "2001:db8:1::7", Vip6 = "2001:db8::10";
    private const int Port = 40000, Mtu = 1300;

    [BpfTheory]
    [InlineData(Client4, Vip4, "10.0.0.11", "10.0.0.1")]
    [InlineData(Client6, Vip6, "fd00::11", "fd00::1")]
    public void Flow_BetweenTwoInterfaces_IsRedirectedBothWays(string client, string vip, string server, string source) => InNetwork(vip, server, source, (plane, h0, h1) =>
    {
        foreach (var flags in new[] { Syn, Ack })
            new PacketCase("there", In(Tcp(client, 1234, vip, 80, flags)), XdpVerdict.Redirect, Out(Tcp(source, Port, server, 80, flags, ttl: 63))).Check(plane, h0);
        new PacketCase("back", Frame(OutMac, NextMac, Tcp(server, 80, source, Port)), XdpVerdict.Redirect, Back(Tcp(vip, 80, client, 1234, ttl: 63))).Check(plane, h1);
        new PacketCase("back, with a tag", Frame(OutMac, NextMac, Tcp(server, 80, source, Port), (0x8100, 9)), XdpVerdict.Redirect, Back(Tcp(vip, 80, client, 1234, ttl: 63))).Check(plane, h1);
        plane.Returns(1).Packets.ShouldBe(2UL);
        plane.Counters(1).Packets.ShouldBe(2UL);
    });

    [BpfTheory]
    [InlineData(Client4, Vip4, "10.0.0.11", "10.0.0.1")]
    [InlineData(Client6, Vip6, "fd00::11", "fd00::1")]
    public void Packet_BeyondTheMtuOfTheWayOut_IsAnsweredWithWhatFits(string client, string vip, string server, string source) => InNetwork(vip, server, source, (plane, h0, h1) =>
    {
        var header = vip == Vip4 ? 20 : 40;
        byte[] Segment(string from, int fromPort, string to, int toPort, int length, int ttl = 64) => Tcp(from, fromPort, to, toPort, payload: new string('x', length - header - 20), ttl: ttl);
        byte[] TooBig(string from, string to, byte[] packet) => vip == Vip4 ? Icmp(from, to, 3, 4, Mtu, packet[..(header + 8)], tos: 0xc0) : Icmp(from, to, 2, 0, Mtu, packet[..(header + 8)]);
        plane.ChangeBackend(1, backend => backend with { Mtu = Mtu });
        plane.Run(In(Tcp(client, 1234, vip, 80, Syn)), ingress: h0).Verdict.ShouldBe(XdpVerdict.Redirect);

        var large = Segment(client, 1234, vip, 80, Mtu + 1);
        new PacketCase("more, there", In(large), XdpVerdict.Transmit, Back(TooBig(vip, client, large))).Check(plane, h0);
        new PacketCase("as much, there", In(Segment(client, 1234, vip, 80, Mtu)), XdpVerdict.Redirect, Out(Segment(source, Port, server, 80, Mtu, ttl: 63))).Check(plane, h0);

        Ip($"link set h0 mtu {Mtu}");
        var answer = Segment(server, 80, source, Port, Mtu + 1);
        new PacketCase("more, back", Frame(OutMac, NextMac, answer), XdpVerdict.Transmit, Out(TooBig(source, server, answer))).Check(plane, h1);
        new PacketCase("as much, back", Frame(OutMac, NextMac, Segment(server, 80, source, Port, Mtu)), XdpVerdict.Redirect, Back(Segment(vip, 80, client, 1234, Mtu, ttl: 63))).Check(plane, h1);
        plane.Returns(1).Packets.ShouldBe(1UL);
    });

    /// <summary>Where there are several routers towards the client, one takes over from another while a flow lasts.</summary>
    [BpfTheory]
    [InlineData(Client4, Vip4, "10.0.0.11", "10.0.0.1")]
    [InlineData(Client6, Vip6, "fd00::11", "fd00::1")]
    public void Client_ThatComesByAnotherRouterOrInterface_HasItsAnswersThere(string client, string vip, string server, string source) => InNetwork(vip, server, source, (plane, h0, h1) =>
    {
        byte[] other = [2, 0, 0, 0, 0, 9], own = [2, 0, 0, 0, 0, 8];
        var (packet, answer) = (Tcp(client, 1234, vip, 80), Frame(OutMac, NextMac, Tcp(server, 80, source, Port)));
        var after = Tcp(vip, 80, client, 1234, ttl: 63);
        plane.Run(In(Tcp(client, 1234, vip, 80, Syn)), ingress: h0).Verdict.ShouldBe(XdpVerdict.Redirect);

        NatTests.Age(plane, 2); // it is looked at once a second
        plane.Run(Frame(OurMac, other, packet, (0x8100, 7)), ingress: h0).Verdict.ShouldBe(XdpVerdict.Redirect);
        new PacketCase("by the other router", answer, XdpVerdict.Redirect, Frame(other, OurMac, after, (0x8100, 7))).Check(plane, h1);

        NatTests.Age(plane, 2);
        new PacketCase("a second later", answer, XdpVerdict.Redirect, Frame(other, OurMac, after, (0x8100, 7))).Check(plane, h1); // an answer says nothing of the way to the client
        plane.Run(Frame(own, other, packet), ingress: h1).Verdict.ShouldBe(XdpVerdict.Transmit);
        new PacketCase("by the other interface", answer, XdpVerdict.Transmit, Frame(other, own, after)).Check(plane, h1);
    });

    /// <summary>Of a frame in several buffers the first is less than fits.</summary>
    [BpfTheory]
    [InlineData(Client4, Vip4, "10.0.0.11", "10.0.0.1")]
    [InlineData(Client6, Vip6, "fd00::11", "fd00::1")]
    public void JumboFrame_BeyondTheMtuOfTheWayBack_IsAnsweredWithWhatFits(string client, string vip, string server, string source) => InNetwork(vip, server, source, (plane, h0, h1) =>
    {
        const int Large = 4000;
        plane.Run(In(Tcp(client, 1234, vip, 80, Syn)), ingress: h0).Verdict.ShouldBe(XdpVerdict.Redirect);
        var (answer, after) = (Tcp(server, 80, source, Port, payload: new string('x', 5000)), Tcp(vip, 80, client, 1234, payload: new string('x', 5000), ttl: 63));
        var tooBig = vip == Vip4 ? Icmp(source, server, 3, 4, Large, answer[..28], tos: 0xc0) : Icmp(source, server, 2, 0, Large, answer[..48]);

        Ip($"link set h0 mtu {Large}");
        new PacketCase("more", Frame(OutMac, NextMac, answer), XdpVerdict.Transmit, Out(tooBig)).Check(plane, h1);
        Ip($"link set h0 mtu {after.Length}");
        new PacketCase("as much", Frame(OutMac, NextMac, answer), XdpVerdict.Redirect, Back(after)).Check(plane, h1);
    });

    private static void InNetwork(string vip, string server, string source, Action<DataPlane, uint, uint> test) => Run(cookies: 1, () =>
    {
        foreach (var device in new[] { "h0", "h1" })
        {
            Ip($"link add {device} type veth peer name {device}p");
            Ip($"link set {device}p up");
            Ip($"link set {device} up");
        }

        var (h0, h1) = ((uint)NetworkDevice.Index("h0"), (uint)NetworkDevice.Index("h1"));
        using var plane = new DataPlane(settings => settings with { NatPortFirst = Port, NatPortLast = Port });
        plane.AddVip(source, new Layout.Vip { Flags = Layout.VipFlags.NatSource });
        plane.AddService(vip, 80, Tcp6, Layout.ForwardingKind.Nat, [server], service => service with { Flags = Layout.ServiceFlags.Nat },
            backend => backend with { Source = Layout.Address.Of(IPAddress.Parse(source)), InterfaceIndex = h1 });
        test(plane, h0, h1);
    });
}
