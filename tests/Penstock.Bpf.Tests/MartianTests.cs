// SPDX-License-Identifier: Apache-2.0
using System.Net;
using Penstock.L4.Xdp;
using Penstock.Linux.Bpf;
using static Penstock.Bpf.Tests.Wire;

namespace Penstock.Bpf.Tests;

/// <summary>Packets from addresses that nobody sends from: where a real server would not see them, or they would be answered here, they end here.</summary>
public sealed class MartianTests
{
    private const string Vip4 = "203.0.113.10", Vip6 = "2001:db8::10";

    [BpfTheory]
    [InlineData("0.0.0.0", Vip4)]
    [InlineData("0.1.2.3", Vip4)]
    [InlineData("127.0.0.1", Vip4)]
    [InlineData("224.0.0.1", Vip4)]
    [InlineData("240.0.0.1", Vip4)]
    [InlineData("255.255.255.255", Vip4)]
    [InlineData(Vip4, Vip4)]
    [InlineData("::", Vip6)]
    [InlineData("::1", Vip6)]
    [InlineData("ff02::1", Vip6)]
    [InlineData(Vip6, Vip6)]
    public void Flow_OfAMartian_IsNotTranslated(string client, string vip)
    {
        using var plane = Nat(vip);

        plane.Run(In(Tcp(client, 1234, vip, 80, Syn))).Verdict.ShouldBe(XdpVerdict.Drop);

        plane.Drops().ShouldBe(new Dictionary<DropReason, ulong> { [DropReason.Martian] = 1 });
        plane.Map("nat_flows").Keys<Layout.NatKey>().ShouldBeEmpty();
    }

    [BpfTheory]
    [InlineData("1.0.0.1", Vip4)]
    [InlineData("126.255.255.255", Vip4)]
    [InlineData("128.0.0.1", Vip4)]
    [InlineData("223.255.255.255", Vip4)]
    [InlineData("::2", Vip6)]
    [InlineData("fe80::1", Vip6)]
    public void Flow_OfAnybodyElse_Is(string client, string vip)
    {
        using var plane = Nat(vip);

        plane.Run(In(Tcp(client, 1234, vip, 80, Syn))).Verdict.ShouldBe(XdpVerdict.Transmit);

        plane.Drops().ShouldBeEmpty();
    }

    [BpfFact]
    public void Echo_OfAMartian_IsNotAnswered()
    {
        using var plane = new DataPlane();
        plane.AddVip(Vip4, new Layout.Vip { Flags = Layout.VipFlags.Echo });

        plane.Run(In(Icmp("255.255.255.255", Vip4, 8, 0, 1, Text("ping")))).Verdict.ShouldBe(XdpVerdict.Drop);
        plane.Run(In(Icmp("198.51.100.7", Vip4, 8, 0, 1, Text("ping")))).Verdict.ShouldBe(XdpVerdict.Transmit);

        plane.Drops().ShouldBe(new Dictionary<DropReason, ulong> { [DropReason.Martian] = 1 });
    }

    [BpfFact]
    public void Segment_OfAMartian_IsNotRejected()
    {
        using var plane = new DataPlane();
        plane.AddService(Vip4, 80, Tcp6, Layout.ForwardingKind.Ipip, [], service => service with { EmptyAction = (byte)Layout.EmptyKind.Reject });

        plane.Run(In(Tcp("127.0.0.1", 1234, Vip4, 80, Syn))).Verdict.ShouldBe(XdpVerdict.Drop);

        plane.Drops().ShouldBe(new Dictionary<DropReason, ulong> { [DropReason.Martian] = 1 });
    }

    [BpfTheory]
    [InlineData("224.0.0.1", "198.51.100.7", Vip4)]
    [InlineData("ff02::1", "2001:db8:1::7", Vip6)]
    public void PacketBeyondTheMtu_OfAMartian_IsNotAnswered(string martian, string client, string vip)
    {
        using var plane = new DataPlane();
        plane.AddService(vip, 80, Tcp6, Layout.ForwardingKind.Ipip, ["10.0.0.11"], changeBackend: backend => backend with { Mtu = 1400, InterfaceIndex = 1 });
        byte[] Large(string from) => In(Tcp(from, 1234, vip, 80, payload: new string('x', 1400)));

        plane.Run(Large(client)).Verdict.ShouldBe(XdpVerdict.Transmit);
        new PacketCase("a martian's", Large(martian), XdpVerdict.Drop, Drop: DropReason.Martian).Check(plane);

        plane.Maps.Sum<uint, Layout.DropStats>("drop_stats", (uint)DropReason.Martian).Bytes.ShouldBe((ulong)Large(martian).Length);
        plane.Drops(1).ShouldBe(new Dictionary<DropReason, ulong> { [DropReason.Martian] = 1 });
    }

    private static DataPlane Nat(string vip)
    {
        var plane = new DataPlane();
        var (server, source) = vip == Vip4 ? ("10.0.0.11", "10.0.0.1") : ("fd00::11", "fd00::1");
        plane.AddVip(source, new Layout.Vip { Flags = Layout.VipFlags.NatSource });
        plane.AddService(vip, 80, Tcp6, Layout.ForwardingKind.Nat, [server], service => service with { Flags = Layout.ServiceFlags.Nat }, backend => backend with { Source = Layout.Address.Of(IPAddress.Parse(source)) });
        return plane;
    }
}
