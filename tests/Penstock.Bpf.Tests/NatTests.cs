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
    private const int FirstPort = 40000;

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
        new PacketCase("back to nobody", In(Packet(server, 8080, source, FirstPort + 1, 64)), XdpVerdict.Pass).Check(plane);
        new PacketCase("no port left", In(Packet(client, 1235, vip, 80, 64)), XdpVerdict.Drop, Drop: DropReason.NatPorts).Check(plane);
    }

    [BpfFact]
    public void Segment_OfNoNatFlow_IsDropped()
    {
        using var plane = Plane(Vip4, "10.0.0.11", "10.0.0.1", Tcp6);

        new PacketCase("no flow", In(Tcp(Client4, 1234, Vip4, 80)), XdpVerdict.Drop, Drop: DropReason.NatUnknown).Check(plane);
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

    private static DataPlane Plane(string vip, string server, string source, int protocol)
    {
        var plane = new DataPlane(settings => settings with { NatPortFirst = FirstPort, NatPortLast = FirstPort });
        plane.AddVip(source, new Layout.Vip { Flags = Layout.VipFlags.NatSource });
        plane.AddService(vip, 80, protocol, Layout.ForwardingKind.Nat, [server], service => service with { Flags = Layout.ServiceFlags.Nat },
            backend => backend with { Source = Layout.Address.Of(IPAddress.Parse(source)), PortBigEndian = 0x901f });
        return plane;
    }
}
