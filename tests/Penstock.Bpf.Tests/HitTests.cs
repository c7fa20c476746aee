// SPDX-License-Identifier: Apache-2.0
using System.Net;
using System.Runtime.InteropServices;
using Penstock.L4.Capture;
using Penstock.L4.Xdp;
using Penstock.Linux.Bpf;
using static Penstock.Bpf.Tests.Wire;

namespace Penstock.Bpf.Tests;

/// <summary>Counters and captures say alike of which packets the flow was known.</summary>
public sealed class HitTests
{
    private const string Client = "198.51.100.7", Vip = "203.0.113.10", Server = "10.0.0.11";
    private const int FragmentId = 7, FirstLength = 64, MoreFragments = 0x2000;

    [BpfFact]
    public void QuicPacket_ThatNamesItsServer_IsAHitOnlyIfTheTableHasItsFlow()
    {
        using var plane = new DataPlane();
        plane.AddService(Vip, 443, Udp17, Layout.ForwardingKind.Ipip, [Server], service => service with { Flags = Layout.ServiceFlags.Quic, QuicOffset = 1, QuicLength = 2 });
        plane.Map("quic_servers").Update(((ulong)0x0102 << 32) | 1, 1u);
        const string Named = "\u0040\u00aa\u0001\u0002\u0009\u0009\u0009\u0009", Nameless = "\u0040\u00aa\u0001\u0003\u0009\u0009\u0009\u0009";

        Known(plane, In(Udp(Client, 1234, Vip, 443, Named)), In(Udp(Client, 1234, Vip, 443, Named)), In(Udp(Client, 1234, Vip, 443, Nameless)), In(Udp(Client, 1234, Vip, 443, Named)))
            .ShouldBe([false, false, false, true]);
        plane.Counters(1).ShouldSatisfyAllConditions(all => all.Packets.ShouldBe(4UL), all => all.Misses.ShouldBe(3UL), all => all.NewFlows.ShouldBe(1UL));
    }

    [BpfTheory]
    [InlineData(false)]
    [InlineData(true)]
    public void Parts_OfAFlow_AreHitsOnlyIfTheTableHasIt(bool isKnown)
    {
        using var plane = new DataPlane();
        plane.AddService(Vip, 53, Udp17, Layout.ForwardingKind.Ipip, [Server]);
        if (isKnown)
            plane.Run(In(Udp(Client, 1234, Vip, 53)));
        var before = plane.Counters(1);

        Known(plane, [.. Parts(Vip, 53)]).ShouldBe([isKnown, isKnown]);

        var after = plane.Counters(1);
        (after.Packets - before.Packets, after.Misses - before.Misses, after.NewFlows - before.NewFlows).ShouldBe((2UL, isKnown ? 0UL : 2UL, isKnown ? 0UL : 1UL));
    }

    [BpfFact]
    public void LaterPart_BeforeTheFirst_IsOfNoKnownFlow()
    {
        using var plane = new DataPlane();
        plane.AddService(Vip, 53, Udp17, Layout.ForwardingKind.Ipip, [Server]);
        plane.AddVip(Vip, new Layout.Vip { UdpFragmentPort = 0x3500 });
        plane.Run(In(Udp(Client, 0, Vip, 53)));

        Known(plane, [.. Parts(Vip, 53).Reverse()]).ShouldBe([false, false]);
        plane.Counters(1).ShouldSatisfyAllConditions(all => all.Packets.ShouldBe(3UL), all => all.Misses.ShouldBe(3UL), all => all.NewFlows.ShouldBe(2UL));
    }

    [BpfFact]
    public void NatFlow_ThatHasLostAHalf_IsAMissAndNoNewFlow()
    {
        using var plane = new DataPlane();
        plane.AddVip(DataPlane.Tunnel4, new Layout.Vip { Flags = Layout.VipFlags.NatSource });
        plane.AddService(Vip, 80, Tcp6, Layout.ForwardingKind.Nat, [Server], service => service with { Flags = Layout.ServiceFlags.Nat });
        var known = Known(plane, In(Tcp(Client, 1234, Vip, 80, Syn)), In(Tcp(Client, 1234, Vip, 80)));
        plane.Map("nat_flows").Delete(Layout.NatKey.Of(new IPEndPoint(IPAddress.Parse(Client), 1234), new IPEndPoint(IPAddress.Parse(Vip), 80), Tcp6));

        known.Concat(Known(plane, In(Tcp(Client, 1234, Vip, 80)), In(Tcp(Client, 1234, Vip, 80)))).ShouldBe([false, true, false, true]);
        plane.Counters(1).ShouldSatisfyAllConditions(all => all.Packets.ShouldBe(4UL), all => all.Misses.ShouldBe(2UL), all => all.NewFlows.ShouldBe(1UL));
    }

    [BpfTheory]
    [InlineData(Layout.ServiceFlags.None)]
    [InlineData(Layout.ServiceFlags.Nat)]
    internal void Flow_BegunAnewWhileItsBackendDrains_IsNotKnown(Layout.ServiceFlags flags)
    {
        using var plane = new DataPlane();
        var forwarding = flags == Layout.ServiceFlags.Nat ? Layout.ForwardingKind.Nat : Layout.ForwardingKind.Ipip;
        var service = plane.AddService(Vip, 80, Tcp6, forwarding, [Server], service => service with { Flags = flags });
        plane.Run(In(Tcp(Client, 1234, Vip, 80, Syn)));
        plane.ChangeBackend(1, backend => backend with { State = Layout.StateKind.Drain });
        plane.WriteRing(1, [plane.AddBackend(service, "10.0.0.12", forwarding)]);

        Known(plane, In(Tcp(Client, 1234, Vip, 80)), In(Tcp(Client, 1234, Vip, 80, Syn)), In(Tcp(Client, 1234, Vip, 80))).ShouldBe([true, false, true]);
        plane.Counters(2).ShouldSatisfyAllConditions(all => all.Packets.ShouldBe(2UL), all => all.Misses.ShouldBe(1UL));
    }

    [BpfTheory]
    [InlineData(25, true)]
    [InlineData(33, false)]
    public void UdpFlow_IdleBeyondItsTimeout_IsNotKnown(int idleSeconds, bool isKnown)
    {
        using var plane = new DataPlane(settings => settings with { FlowSets = 1 });
        plane.AddService(Vip, 53, Udp17, Layout.ForwardingKind.Ipip, [Server], service => service with { FlowTimeout = 30 });
        plane.Run(In(Udp(Client, 1234, Vip, 53)));
        plane.Map("flows").TryLookup(0u, out Layout.FlowSet set).ShouldBeTrue();
        plane.Map("flows").Update(0u, FlowTests.Aged(set, idleSeconds));

        Known(plane, In(Udp(Client, 1234, Vip, 53))).ShouldBe([isKnown]);
        plane.Counters(1).Misses.ShouldBe(isKnown ? 1UL : 2UL);
    }

    [BpfFact]
    public void Flow_ThatIsStale_IsNotKnown()
    {
        using var plane = new DataPlane(settings => settings with { FlowSets = 1 });
        plane.AddService(Vip, 80, Tcp6, Layout.ForwardingKind.Ipip, [Server]);
        plane.Run(In(Tcp(Client, 1234, Vip, 80)));
        plane.Map("flows").TryLookup(0u, out Layout.FlowSet set).ShouldBeTrue();
        plane.Map("flows").Update(0u, StaleFlowTests.Stale(set));

        Known(plane, In(Tcp(Client, 1234, Vip, 80)), In(Tcp(Client, 1234, Vip, 80))).ShouldBe([false, true]);
        plane.Counters(1).Misses.ShouldBe(2UL);
    }

    // What a capture says of the flow of each frame, sent one after the other.
    private static List<bool> Known(DataPlane plane, params byte[][] frames)
    {
        var known = new List<bool>();
        using var ring = new BpfRingReader(plane.Map("captures"), sample => known.Add(MemoryMarshal.Read<SampleLayout.Sample>(sample).FlowHit != 0));
        plane.Map("capture_filter").Update(0u, new SampleLayout.Filter { Until = ulong.MaxValue, Service = SampleLayout.NoService, OneIn = 1, Verdicts = 0x1f, Bytes = 64 });
        foreach (var frame in frames)
            plane.Run(frame).Verdict.ShouldBe(XdpVerdict.Transmit);
        plane.Map("capture_filter").Update(0u, default(SampleLayout.Filter));
        ring.Poll(TimeSpan.Zero);
        return known;
    }

    private static IEnumerable<byte[]> Parts(string vip, int port)
    {
        var datagram = UdpOnly(Client, 1234, vip, port, new string('x', 100));
        return
        [
            In(Ip(Client, vip, Udp17, datagram[..FirstLength], id: FragmentId, fragment: MoreFragments)),
            In(Ip(Client, vip, Udp17, datagram[FirstLength..], id: FragmentId, fragment: FirstLength / 8)),
        ];
    }
}
