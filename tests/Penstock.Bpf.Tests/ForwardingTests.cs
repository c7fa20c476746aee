// SPDX-License-Identifier: Apache-2.0
using System.Net;
using System.Runtime.InteropServices;
using Penstock.L4.Xdp;
using Penstock.Linux.Bpf;
using Penstock.Model.L4;
using static Penstock.Bpf.Tests.Wire;

namespace Penstock.Bpf.Tests;

/// <summary>How a packet for each kind of service leaves, byte for byte.</summary>
public sealed class ForwardingTests
{
    private const string Client4 = "198.51.100.7", Vip4 = "203.0.113.10", Client6 = "2001:db8:1::7", Vip6 = "2001:db8::10";
    private const string Server4 = "10.0.0.11", Server6 = "fd00::11";
    private const int DontFragment = 0x4000;

    private static readonly Dictionary<string, PacketCase> Table = Cases().ToDictionary(packet => packet.Description, StringComparer.Ordinal);

    /// <summary>Loaded once: the verifier takes its time.</summary>
    private static readonly Lazy<DataPlane> Shared = new(Plane);

    public static TheoryData<string> Descriptions => [.. Table.Keys];

    [BpfFact]
    public void Program_ForKernelsWithoutFramesOfSeveralBuffers_Forwards()
    {
        using var plane = new DataPlane(settings => settings with { Features = settings.Features & ~(Layout.Features.Jumbo | Layout.Features.Capture) });
        plane.AddService("203.0.113.10", 80, Tcp6, Layout.ForwardingKind.L2, ["10.0.0.11"]);
        var packet = Tcp("198.51.100.7", 1234, "203.0.113.10", 80);

        new PacketCase("to the next hop", In(packet), XdpVerdict.Transmit, Out(packet)).Check(plane);
    }

    [BpfTheory]
    [MemberData(nameof(Descriptions))]
    public void Frame_OfTheTable_LeavesAsItSays(string description)
    {
        var plane = Shared.Value;

        Table[description].Check(plane);
    }

    [BpfTheory]
    [MemberData(nameof(Descriptions))]
    public void Frame_CutAnywhere_NeverLeaves(string description)
    {
        var plane = Shared.Value;
        var packet = Table[description];

        for (var length = 14; length < packet.Frame.Length - packet.Padding; length++)
        {
            var (drops, sent) = (plane.Drops(), plane.Sent());
            var (verdict, frame) = plane.Run(packet.Frame[..length]);

            verdict.ShouldBeOneOf(XdpVerdict.Pass, XdpVerdict.Drop);
            frame.ShouldBe(packet.Frame[..length]);
            if (verdict == XdpVerdict.Drop)
                drops[DropReason.IpLength] = drops.GetValueOrDefault(DropReason.IpLength) + 1;
            plane.Drops().ShouldBe(drops, ignoreOrder: true, $"{length} bytes");
            plane.Sent().ShouldBe(sent, $"{length} bytes");
        }
    }

    [BpfTheory]
    [InlineData(80)]
    [InlineData(81)]
    [InlineData(83)]
    [InlineData(87)]
    public void Frame_WithoutRoomInFrontOfIt_IsDroppedForThatReason(int port)
    {
        const int Before = 216; // of 256 bytes that a test run has, 40 are the kernel's
        var plane = Shared.Value;
        var frame = Join(new byte[Before], In(Tcp(Client4, 1234, Vip4, port)));
        var drops = plane.Drops().GetValueOrDefault(DropReason.NoRoom);

        // What stands in front is metadata to the kernel.
        plane.Program.TestRun(frame, new byte[512], MemoryMarshal.AsBytes<uint>([Before, (uint)frame.Length, 0, 1, 0, 0])).Verdict.ShouldBe(XdpVerdict.Drop);

        plane.Drops().GetValueOrDefault(DropReason.NoRoom).ShouldBe(drops + 1);
    }

    private static DataPlane Plane()
    {
        var plane = new DataPlane();
        foreach (var vip in new[] { Vip4, Vip6 })
        {
            plane.AddService(vip, 80, Tcp6, Layout.ForwardingKind.Ipip, [Server4]);
            plane.AddService(vip, 53, Udp17, Layout.ForwardingKind.Ipip, [Server4]);
            plane.AddService(vip, 81, Tcp6, Layout.ForwardingKind.Ipip, [Server6]);
            plane.AddService(vip, 82, Tcp6, Layout.ForwardingKind.Gue, [Server4], changeBackend: backend => backend with { PortBigEndian = 0xc017 });
            plane.AddService(vip, 83, Tcp6, Layout.ForwardingKind.Gue, [Server6], changeBackend: backend => backend with { PortBigEndian = 0xc017 });
            plane.AddService(vip, 84, Tcp6, Layout.ForwardingKind.L2, [Server4]);
            plane.AddService(vip, 85, Tcp6, Layout.ForwardingKind.Local, [Server4]);
            plane.AddService(vip, 86, Tcp6, Layout.ForwardingKind.Ipip, [Server4], changeBackend: backend => backend with { Flags = Layout.BackendFlags.None });
            plane.AddService(vip, 87, Tcp6, Layout.ForwardingKind.Ipip, [Server4], changeBackend: backend => backend with { Flags = Layout.BackendFlags.Mac | Layout.BackendFlags.Vlan, VlanBigEndian = 0x6400 });
            plane.AddService(vip, 88, Tcp6, Layout.ForwardingKind.L2, [Server4], changeBackend: backend => backend with { Flags = Layout.BackendFlags.Mac | Layout.BackendFlags.Vlan });
            plane.AddService(vip, 89, Tcp6, Layout.ForwardingKind.Ipip, [Server4], changeBackend: backend => backend with { InterfaceIndex = 7 });
        }

        return plane;
    }

    /// <summary>The hash by which a TCP flow from port 1234 is known, with the seed of <see cref="DataPlane"/>.</summary>
    private static ulong HashOf(string client, string vip, int port) =>
        FlowHash.Of(new(IPAddress.Parse(client), 1234), new(IPAddress.Parse(vip), port), TransportProtocol.Tcp, HashOn.Flow, seed: 42);

    [BpfTheory]
    [InlineData(Layout.ForwardingKind.Ipip)]
    [InlineData(Layout.ForwardingKind.L2)]
    internal void Frame_ByAVlanInterface_LeavesByTheOneBelowWithItsTag(Layout.ForwardingKind forwarding)
    {
        const uint VlanInterface = 77, Ingress = 1;
        using var plane = new DataPlane();
        plane.Map("vlan_links").Update(VlanInterface, Layout.VlanLink.Of((int)Ingress, 100));
        plane.AddService("203.0.113.10", 80, Tcp6, forwarding, ["10.0.0.11"], changeBackend: backend => backend with { InterfaceIndex = VlanInterface });
        var packet = Tcp("198.51.100.7", 1234, "203.0.113.10", 80);
        var sent = forwarding == Layout.ForwardingKind.L2 ? packet : Ip(DataPlane.Tunnel4, "10.0.0.11", Ipip, packet);

        foreach (var tags in new (int, int)[][] { [], [(0x8100, 5)] })
            new PacketCase($"{tags.Length} tags", In(packet, tags), XdpVerdict.Transmit, Out(sent, (0x8100, 100))).Check(plane);
    }

    private static IEnumerable<PacketCase> Cases()
    {
        foreach (var (family, client, vip) in new[] { ("IPv4", Client4, Vip4), ("IPv6", Client6, Vip6) })
        {
            var protocol = vip == Vip4 ? Ipip : Ipv6InIp;
            byte[] Segment(int port, int tos = 0) => Tcp(client, 1234, vip, port, tos: tos);
            byte[] Outer(byte[] inner, int tos = 0) => Ip(DataPlane.Tunnel4, Server4, protocol, inner, tos);
            var datagram = Udp(client, 1234, vip, 53);

            yield return new($"{family} TCP in IPv4", In(Segment(80)), XdpVerdict.Transmit, Out(Outer(Segment(80))));
            yield return new($"{family} UDP in IPv4", In(datagram), XdpVerdict.Transmit, Out(Outer(datagram)));
            yield return new($"{family} keeps the traffic class", In(Segment(80, 0xb9)), XdpVerdict.Transmit, Out(Outer(Segment(80, 0xb9), 0xb9)));
            yield return new($"{family} with a VLAN tag", In(Segment(80), (0x8100, 0x2064)), XdpVerdict.Transmit, Out(Outer(Segment(80)), (0x8100, 0x2064)));
            yield return new($"{family} with two VLAN tags", In(Segment(80), (0x88a8, 10), (0x8100, 20)), XdpVerdict.Transmit, Out(Outer(Segment(80)), (0x88a8, 10), (0x8100, 20)));
            yield return new($"{family} with three VLAN tags is not read", In(Segment(80), (0x88a8, 10), (0x8100, 20), (0x8100, 30)), XdpVerdict.Pass);
            var hash = HashOf(client, vip, 81);
            yield return new($"{family} TCP in IPv6", In(Segment(81, 3)), XdpVerdict.Transmit, Out(Ip(DataPlane.Tunnel6, Server6, protocol, Segment(81, 3), 3, label: (int)(hash & 0xfffff))));
            hash = HashOf(client, vip, 82);
            yield return new($"{family} in UDP in IPv4", In(Segment(82)), XdpVerdict.Transmit, Out(Ip(DataPlane.Tunnel4, Server4, Udp17, Gue(0xc000 | (int)(hash & 0x3fff), 6080, Segment(82)))));
            hash = HashOf(client, vip, 83);
            yield return new($"{family} in UDP in IPv6", In(Segment(83)), XdpVerdict.Transmit, Out(Ip(DataPlane.Tunnel6, Server6, Udp17, Gue(0xc000 | (int)(hash & 0x3fff), 6080, Segment(83)), label: (int)(hash & 0xfffff))));
            yield return new($"{family} by L2", In(Segment(84)), XdpVerdict.Transmit, Out(Segment(84)));
            yield return new($"{family} by L2 with a VLAN tag", In(Segment(84), (0x8100, 5)), XdpVerdict.Transmit, Out(Segment(84), (0x8100, 5)));
            yield return new($"{family} to this host", In(Segment(85)), XdpVerdict.Pass);
            yield return new($"{family} without a next hop returns to its sender", In(Segment(86)), XdpVerdict.Transmit, Back(Outer(Segment(86))));
            yield return new($"{family} gets a VLAN tag", In(Segment(87)), XdpVerdict.Transmit, Out(Outer(Segment(87)), (0x8100, 100)));
            yield return new($"{family} changes its VLAN", In(Segment(87), (0x8100, 5)), XdpVerdict.Transmit, Out(Outer(Segment(87)), (0x8100, 100)));
            yield return new($"{family} loses its VLAN tag", In(Segment(88), (0x8100, 5)), XdpVerdict.Transmit, Out(Segment(88)));
            yield return new($"{family} leaves by another interface", In(Segment(89)), XdpVerdict.Redirect, Out(Outer(Segment(89))));
            yield return new($"{family} of another port", In(Segment(90)), XdpVerdict.Pass);
            yield return new($"{family} to another address", In(Tcp(client, 1234, vip + "0", 80)), XdpVerdict.Pass);
        }

        var optional = Tcp(Client4, 1234, Vip4, 80, options: [7, 4, 4, 0]);
        yield return new("IPv4 with options", In(optional), XdpVerdict.Transmit, Out(Ip(DataPlane.Tunnel4, Server4, Ipip, optional)));
        var whole = Tcp(Client4, 1234, Vip4, 80, fragment: DontFragment);
        yield return new("IPv4 that must not be fragmented", In(whole), XdpVerdict.Transmit, Out(Ip(DataPlane.Tunnel4, Server4, Ipip, whole, fragment: DontFragment)));
        var padded = Tcp(Client4, 1234, Vip4, 80, payload: "");
        yield return new("IPv4 with padding after it", In(Join(padded, new byte[6])), XdpVerdict.Transmit, Out(Join(Ip(DataPlane.Tunnel4, Server4, Ipip, padded), new byte[6]))) { Padding = 6 };
        foreach (var (name, chain) in new (string, byte[])[] { ("hop-by-hop", [6, 0, 1, 4, 0, 0, 0, 0]), ("routing", [6, 1, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8]) })
        {
            var segment = Tcp(Client6, 1234, Vip6, 80)[40..];
            var extended = Ip(Client6, Vip6, name == "routing" ? 43 : 0, Join(chain, segment));
            yield return new($"IPv6 with a {name} header", In(extended), XdpVerdict.Transmit, Out(Ip(DataPlane.Tunnel4, Server4, Ipv6InIp, extended)));
        }
    }
}
