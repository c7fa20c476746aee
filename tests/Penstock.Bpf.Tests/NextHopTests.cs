// SPDX-License-Identifier: Apache-2.0
using System.Net;
using Penstock.L4;
using Penstock.L4.Xdp;
using Penstock.Linux;
using Penstock.Linux.Bpf;
using Penstock.Model.L4;
using static Penstock.Bpf.Tests.OwnNetwork;
using static Penstock.Bpf.Tests.Wire;

namespace Penstock.Bpf.Tests;

/// <summary>
/// Frames to backends whose next hop the kernel is asked for: by the interface they came in by, h0, or by another, h1. Both have <see cref="OutMac"/>, and all next hops <see cref="NextMac"/>.
/// What is said of them goes with it.
/// </summary>
[Collection(CookieTests.Forking)]
public sealed class NextHopTests
{
    private const string Client4 = "198.51.100.7", Vip4 = "203.0.113.10", Client6 = "2001:db8:1::7", Vip6 = "2001:db8::10";
    private const string Mac = "02:00:00:00:00:03";

    /// <summary>Loaded once: the verifier takes its time.</summary>
    private static readonly Lazy<DataPlane> Shared = new(Plane);

    private readonly DataPlane _plane = Shared.Value;

    [BpfTheory]
    [InlineData("10.9.0.11", XdpVerdict.Transmit)]
    [InlineData("10.9.1.11", XdpVerdict.Redirect)]
    [InlineData("10.77.0.1", XdpVerdict.Redirect)] // behind a router
    [InlineData("fd09::11", XdpVerdict.Transmit)]
    [InlineData("fd09:1::11", XdpVerdict.Redirect)]
    [InlineData("fd77::1", XdpVerdict.Redirect)]
    public void Frame_ToABackend_LeavesAsTheKernelRoutes(string server, XdpVerdict verdict) => InNetwork((h0, _) =>
    {
        foreach (var (client, vip) in new[] { (Client4, Vip4), (Client6, Vip6) })
        {
            Serve(vip, server);
            var packet = Tcp(client, 1234, vip, 80);
            var source = server.Contains(':', StringComparison.Ordinal) ? DataPlane.Tunnel6 : DataPlane.Tunnel4;
            var label = source == DataPlane.Tunnel6 ? (int)(HashOf(client, vip) & 0xfffff) : 0;

            new PacketCase($"{vip} to {server}", In(packet), verdict, Out(Ip(source, server, vip == Vip4 ? Ipip : Ipv6InIp, packet, label: label))).Check(_plane, h0);
        }

        Explained().NextHop.ShouldBe($"{Mac} by {(verdict == XdpVerdict.Transmit ? "h0" : "h1")}, as the kernel routes to {server}");
    });

    [BpfTheory]
    [InlineData("10.9.0.12", "none, nobody on h0 answers for 10.9.0.12: dropped as no_route")]
    [InlineData("10.99.0.1", "none, there is no route to 10.99.0.1: dropped as no_route")]
    [InlineData("fd09::12", "none, nobody on h0 answers for fd09::12: dropped as no_route")]
    [InlineData("fd99::1", "none, there is no route to fd99::1: dropped as no_route")]
    public void Frame_ThatTheKernelKnowsNoWayFor_IsDropped(string server, string hop) => InNetwork((h0, _) =>
    {
        Serve(Vip4, server);

        new PacketCase(server, In(Tcp(Client4, 1234, Vip4, 80)), XdpVerdict.Drop, Drop: DropReason.NoRoute).Check(_plane, h0);
        Explained().NextHop.ShouldBe(hop);
    });

    [BpfTheory]
    [InlineData(Client4, Vip4)]
    [InlineData(Client6, Vip6)]
    public void Packet_BeyondTheRoutesMtu_IsAnsweredWithWhatFits(string client, string vip) => InNetwork((h0, _) =>
    {
        const int Fits = 1300 - 20;
        Serve(vip, "10.77.1.1");
        var header = vip == Vip4 ? 20 : 40;
        byte[] Segment(int length) => Tcp(client, 1234, vip, 80, payload: new string('x', length - header - 20));
        var quoted = Segment(Fits + 1)[..(header + 8)];
        var error = vip == Vip4 ? Icmp(vip, client, 3, 4, Fits, quoted, tos: 0xc0) : Icmp(vip, client, 2, 0, Fits, quoted);

        new PacketCase("more", In(Segment(Fits + 1)), XdpVerdict.Transmit, Back(error)).Check(_plane, h0);
        byte[] options = [.. Enumerable.Repeat((byte)1, 8)];
        var whole = Segment(Fits - 7);
        var beyond = vip == Vip4 ? Ip(client, vip, Tcp6, whole[20..], options: options) : Ip(client, vip, 60, Join([Tcp6, 0, 1, 4, 0, 0, 0, 0], whole[40..]));
        error = vip == Vip4 ? Icmp(vip, client, 3, 4, Fits, beyond[..36], tos: 0xc0) : Icmp(vip, client, 2, 0, Fits, beyond[..128]);
        new PacketCase("more, with options", In(beyond), XdpVerdict.Transmit, Back(error)).Check(_plane, h0);
        new PacketCase("as much", In(Segment(Fits)), XdpVerdict.Redirect, Out(Ip(DataPlane.Tunnel4, "10.77.1.1", vip == Vip4 ? Ipip : Ipv6InIp, Segment(Fits)))).Check(_plane, h0);
    });

    [BpfFact]
    public void Frame_ThatIsRoutedByAVlanInterface_LeavesByTheOneBelow() => InNetwork((h0, h1) =>
    {
        _plane.Map("vlan_links").Update(h1, Layout.VlanLink.Of((int)h0, 100));
        try
        {
            Serve(Vip4, "10.9.1.11");
            var packet = Tcp(Client4, 1234, Vip4, 80);

            new PacketCase("tagged", In(packet), XdpVerdict.Transmit, Out(Ip(DataPlane.Tunnel4, "10.9.1.11", Ipip, packet), (0x8100, 100))).Check(_plane, h0);
        }
        finally
        {
            _plane.Map("vlan_links").Delete(h1);
        }
    });

    private static ulong HashOf(string client, string vip) => FlowHash.Of(new(IPAddress.Parse(client), 1234), new(IPAddress.Parse(vip), 80), TransportProtocol.Tcp, HashOn.Flow, seed: 42);

    private static void InNetwork(Action<uint, uint> test) => Run(cookies: 1, () =>
    {
        foreach (var (device, subnet, subnet6) in new[] { ("h0", "10.9.0", "fd09:"), ("h1", "10.9.1", "fd09:1:") })
        {
            Ip($"link add {device} address 02:00:00:00:00:04 type veth peer name {device}p");
            Ip($"link set {device}p up");
            Ip($"link set {device} up");
            Ip($"addr add {subnet}.1/24 dev {device}");
            Ip($"addr add {subnet6}:1/64 dev {device} nodad");
            foreach (var hop in new[] { $"{subnet}.11", $"{subnet}.254", $"{subnet6}:11", $"{subnet6}:254" })
                Ip($"neigh add {hop} lladdr {Mac} dev {device} nud permanent");
        }

        File.WriteAllText("/proc/sys/net/ipv4/conf/all/forwarding", "1");
        File.WriteAllText("/proc/sys/net/ipv6/conf/all/forwarding", "1");
        Ip("route add 10.77.0.0/24 via 10.9.1.254");
        Ip("route add 10.77.1.0/24 via 10.9.1.254 mtu lock 1300");
        Ip("route add fd77::/64 via fd09:1::254");
        test((uint)NetworkDevice.Index("h0"), (uint)NetworkDevice.Index("h1"));
    });

    private static DataPlane Plane()
    {
        var plane = new DataPlane();
        foreach (var vip in new[] { Vip4, Vip6 })
            plane.AddService(vip, 80, Tcp6, Layout.ForwardingKind.Ipip, ["10.0.0.1"], service => service with { Flags = Layout.ServiceFlags.NoFlows });
        return plane;
    }

    // Of the first service.
    private PacketExplanation Explained() => ExplainTests.Explain(_plane, Vip4);

    private void Serve(string vip, string server)
    {
        var service = vip == Vip4 ? 1u : 2;
        _plane.WriteRing(service, [_plane.AddBackend(service, server, Layout.ForwardingKind.Ipip, backend => backend with { Flags = Layout.BackendFlags.Fib })]);
    }
}
