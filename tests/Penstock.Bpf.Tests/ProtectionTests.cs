// SPDX-License-Identifier: Apache-2.0
using System.Net;
using Penstock.L4.Xdp;
using Penstock.Linux.Bpf;
using static Penstock.Bpf.Tests.Wire;

namespace Penstock.Bpf.Tests;

/// <summary>Bad packets, lists, limits, and choices by address or connection id.</summary>
public sealed class ProtectionTests
{
    private const string Client4 = "198.51.100.7", Vip4 = "203.0.113.10", Client6 = "2001:db8:1::7", Vip6 = "2001:db8::10";

    private static readonly Dictionary<string, PacketCase> Table = Malformed().ToDictionary(packet => packet.Description, StringComparer.Ordinal);

    /// <summary>Loaded once: the verifier takes its time.</summary>
    private static readonly Lazy<DataPlane> Shared = new(() => Plane(Layout.ServiceFlags.None));

    public static TheoryData<string> Descriptions => [.. Table.Keys];

    [BpfTheory]
    [MemberData(nameof(Descriptions))]
    public void BadFrame_OfTheTable_IsDroppedForItsReason(string description)
    {
        Table[description].Check(Shared.Value);
    }

    [BpfTheory]
    [InlineData(Client4, Vip4, "198.51.100.0/24")]
    [InlineData(Client6, Vip6, "2001:db8:1::/48")]
    public void BlockList_OfAPrefix_StopsIt(string client, string vip, string prefix)
    {
        using var plane = Plane(Layout.ServiceFlags.Block);
        var other = client.Contains(':', StringComparison.Ordinal) ? "2001:db8:9::1" : "192.0.2.9";
        foreach (var service in new[] { 1u, 3u })
            plane.Map("source_lists").Update(Layout.SourceKey.Of(service, IPNetwork.Parse(prefix)), Layout.SourceVerdict.Block);

        new PacketCase("blocked", In(Tcp(client, 1234, vip, 80)), XdpVerdict.Drop, Drop: DropReason.SourceBlocked).Check(plane);
        plane.Run(In(Tcp(other, 1234, vip, 80))).Verdict.ShouldBe(XdpVerdict.Transmit);
    }

    [BpfFact]
    public void Drops_WhoseServiceIsKnown_AreCountedForItAlone()
    {
        using var plane = new DataPlane();
        var blocking = plane.AddService(Vip4, 80, Tcp6, Layout.ForwardingKind.Ipip, ["10.0.0.11"], service => service with { Flags = Layout.ServiceFlags.Block });
        var empty = plane.AddService(Vip4, 81, Tcp6, Layout.ForwardingKind.Ipip, []);
        var narrow = plane.AddService(Vip6, 80, Tcp6, Layout.ForwardingKind.Ipip, ["10.0.0.11"], changeBackend: backend => backend with { State = Layout.StateKind.Down });
        plane.Map("source_lists").Update(Layout.SourceKey.Of(blocking, IPNetwork.Parse("198.51.100.7/32")), Layout.SourceVerdict.Block);

        foreach (var cpu in Enumerable.Range(0, Environment.ProcessorCount))
            plane.Run(In(Tcp(Client4, 1234, Vip4, 80)), cpu);
        plane.Run(In(Tcp(Client4, 1234, Vip4, 81)));
        plane.Run(In(Tcp(Client6, 1234, Vip6, 80)));
        plane.Run(In(Tcp(Client4, 1234, Vip4, 80, Syn | Fin)));

        plane.Drops(blocking).ShouldBe(new Dictionary<DropReason, ulong> { [DropReason.SourceBlocked] = (ulong)Environment.ProcessorCount });
        plane.Drops(empty).ShouldBe(new Dictionary<DropReason, ulong> { [DropReason.NoBackend] = 1 });
        plane.Drops(narrow).ShouldBe(new Dictionary<DropReason, ulong> { [DropReason.BackendDown] = 1 });
        plane.Drops().Values.Aggregate(0UL, (sum, count) => sum + count).ShouldBe((ulong)Environment.ProcessorCount + 3, "malformed ones are of no service");
    }

    [BpfTheory]
    [InlineData(Client4, Vip4, "198.51.100.0/24", "198.51.100.7/32", "198.51.100.8", "192.0.2.9")]
    [InlineData(Client6, Vip6, "2001:db8:1::/48", "2001:db8:1::7/128", "2001:db8:1::8", "2001:db8:9::1")]
    public void AllowList_OfAPrefix_StopsAllOthersAndLongestPrefixWins(string client, string vip, string allowed, string blocked, string neighbour, string other)
    {
        using var plane = Plane(Layout.ServiceFlags.Allow | Layout.ServiceFlags.Block);
        var service = vip == Vip4 ? 1u : 3;
        plane.Map("source_lists").Update(Layout.SourceKey.Of(service, IPNetwork.Parse(allowed)), Layout.SourceVerdict.Allow);
        plane.Map("source_lists").Update(Layout.SourceKey.Of(service, IPNetwork.Parse(blocked)), Layout.SourceVerdict.Block);

        new PacketCase("blocked", In(Tcp(client, 1234, vip, 80)), XdpVerdict.Drop, Drop: DropReason.SourceBlocked).Check(plane);
        new PacketCase("not allowed", In(Tcp(other, 1234, vip, 80)), XdpVerdict.Drop, Drop: DropReason.SourceNotAllowed).Check(plane);
        plane.Run(In(Tcp(neighbour, 1234, vip, 80))).Verdict.ShouldBe(XdpVerdict.Transmit);
    }

    [BpfTheory]
    [InlineData(Client4, Vip4, "192.0.2.9")]
    [InlineData(Client6, Vip6, "2001:db8:1::8")]
    public void Source_BeyondItsPackets_IsDroppedAndOthersAreNot(string client, string vip, string other)
    {
        using var plane = Plane(Layout.ServiceFlags.Limit, service => service with { SourcePackets = 5 });

        // Seconds may pass in between: five of each second get through.
        var sent = Enumerable.Range(0, 100).Count(_ => plane.Run(In(Tcp(client, 1234, vip, 80))).Verdict == XdpVerdict.Transmit);

        sent.ShouldBeInRange(5, 25);
        plane.Drops().ShouldBe(new Dictionary<DropReason, ulong> { [DropReason.SourcePackets] = (ulong)(100 - sent) });
        plane.Run(In(Tcp(other, 1234, vip, 80))).Verdict.ShouldBe(XdpVerdict.Transmit);
    }

    [BpfTheory]
    [InlineData(Client4, Vip4)]
    [InlineData(Client6, Vip6)]
    public void Source_BeyondItsNewFlows_KeepsThoseItHas(string client, string vip)
    {
        using var plane = Plane(Layout.ServiceFlags.Limit, service => service with { SourceFlows = 2 });
        plane.Run(In(Tcp(client, 1000, vip, 80, Syn)));

        var sent = Enumerable.Range(2000, 100).Count(port => plane.Run(In(Tcp(client, port, vip, 80, Syn))).Verdict == XdpVerdict.Transmit);

        sent.ShouldBeInRange(1, 10);
        plane.Drops().ShouldBe(new Dictionary<DropReason, ulong> { [DropReason.SourceFlows] = (ulong)(100 - sent) });
        plane.Run(In(Tcp(client, 1000, vip, 80))).Verdict.ShouldBe(XdpVerdict.Transmit);
    }

    [BpfTheory]
    [InlineData(Client4, Vip4, "198.51.100.0/24", "192.0.2.9")]
    [InlineData(Client6, Vip6, "2001:db8:1::/48", "2001:db8:9::1")]
    public void Override_OfAClientPrefix_NamesTheBackend(string client, string vip, string prefix, string other)
    {
        using var plane = Plane(Layout.ServiceFlags.Overrides);
        var service = vip == Vip4 ? 1u : 3;
        var special = plane.AddBackend(service, "10.0.0.99", Layout.ForwardingKind.Ipip);
        plane.Map("source_overrides").Update(Layout.SourceKey.Of(service, IPNetwork.Parse(prefix)), special);

        plane.Run(In(Tcp(client, 1234, vip, 80)));
        plane.Run(In(Tcp(other, 1234, vip, 80)));

        plane.Counters(special).Packets.ShouldBe(1UL);
        plane.Counters(service).Packets.ShouldBe(1UL);
    }

    [BpfTheory]
    [InlineData(Client4, Vip4, new byte[] { 0x40, 0xaa, 0x01, 0x02, 9, 9, 9, 9 })]
    [InlineData(Client4, Vip4, new byte[] { 0xc0, 0, 0, 0, 1, 8, 0xaa, 0x01, 0x02, 9, 9, 9, 9, 9 })]
    [InlineData(Client6, Vip6, new byte[] { 0x40, 0xaa, 0x01, 0x02, 9, 9, 9, 9 })]
    [InlineData(Client6, Vip6, new byte[] { 0xc0, 0, 0, 0, 1, 8, 0xaa, 0x01, 0x02, 9, 9, 9, 9, 9 })]
    public void QuicConnectionId_ThatCarriesAServer_ChoosesIt(string client, string vip, byte[] payload)
    {
        using var plane = Plane(Layout.ServiceFlags.Quic, service => service with { QuicOffset = 1, QuicLength = 2 });
        var service = vip == Vip4 ? 2u : 4;
        var named = plane.AddBackend(service, "10.0.0.99", Layout.ForwardingKind.Ipip);
        plane.Map("quic_servers").Update(((ulong)0x0102 << 32) | service, named);
        var text = System.Text.Encoding.Latin1.GetString(payload);

        for (var port = 1000; port < 1010; port++)
            plane.Run(In(Udp(client, port, vip, 53, text)));
        plane.Run(In(Udp(client, 1000, vip, 53, text.Replace("\u0001\u0002", "\u0001\u0003", StringComparison.Ordinal))));

        plane.Counters(named).Packets.ShouldBe(10UL);
        plane.Counters(service).Packets.ShouldBe(1UL);
    }

    [BpfTheory]
    [InlineData(new byte[] { 0xc0, 0, 0, 0, 1, 2, 0xaa, 0x01, 0x02, 9, 9, 9, 9, 9 })]
    [InlineData(new byte[] { 0xc0, 0, 0, 0, 1, 0, 0xaa, 0x01, 0x02, 9, 9, 9, 9, 9 })]
    public void QuicConnectionId_ShorterThanAServersOne_NamesNone(byte[] payload)
    {
        using var plane = Plane(Layout.ServiceFlags.Quic, service => service with { QuicOffset = 1, QuicLength = 2 });
        var named = plane.AddBackend(2, "10.0.0.99", Layout.ForwardingKind.Ipip);
        plane.Map("quic_servers").Update(((ulong)0x0102 << 32) | 2, named);

        plane.Run(In(Udp(Client4, 1000, Vip4, 53, System.Text.Encoding.Latin1.GetString(payload))));

        plane.Counters(named).Packets.ShouldBe(0UL);
        plane.Counters(2).Packets.ShouldBe(1UL);
    }

    private static DataPlane Plane(Layout.ServiceFlags flags, Func<Layout.Service, Layout.Service>? change = null)
    {
        var plane = new DataPlane();
        foreach (var vip in new[] { Vip4, Vip6 })
        {
            foreach (var (port, protocol) in new[] { (80, Tcp6), (53, Udp17) })
                plane.AddService(vip, port, protocol, Layout.ForwardingKind.Ipip, ["10.0.0.11"], service => (change?.Invoke(service) ?? service) with { Flags = flags });
        }

        return plane;
    }

    private static IEnumerable<PacketCase> Malformed()
    {
        foreach (var (family, client, vip, header) in new[] { ("IPv4", Client4, Vip4, 20), ("IPv6", Client6, Vip6, 40) })
        {
            PacketCase Bad(string what, byte[] packet, DropReason reason, params (int At, int Value)[] changes)
            {
                foreach (var (at, value) in changes)
                    packet[at] = (byte)value;
                return new($"{family} {what}", In(packet), XdpVerdict.Drop, Drop: reason);
            }

            byte[] Segment(int flags = Ack) => Tcp(client, 1234, vip, 80, flags);
            yield return Bad("TCP without flags", Segment(0), DropReason.TcpFlags);
            yield return Bad("TCP SYN and FIN", Segment(Syn | Fin), DropReason.TcpFlags);
            yield return Bad("TCP SYN and RST", Segment(Syn | Rst), DropReason.TcpFlags);
            yield return Bad("TCP header too short", Segment(), DropReason.TcpOffset, (header + 12, 0x40));
            yield return Bad("TCP header beyond the packet", Segment(), DropReason.TcpOffset, (header + 12, 0xf0));
            yield return Bad("UDP length too small", Udp(client, 1234, vip, 53), DropReason.UdpLength, (header + 5, 7));
            yield return Bad("UDP length beyond the packet", Udp(client, 1234, vip, 53), DropReason.UdpLength, (header + 5, 13));
            yield return Bad("length beyond the frame", Segment(), DropReason.IpLength, header == 20 ? (3, 200) : (5, 200));
            yield return new($"{family} TCP cut short", In(Ip(client, vip, Tcp6, new byte[19])), XdpVerdict.Drop, Drop: DropReason.L4Header);
            var v4 = header == 20;
            var quoted = Udp(vip, 53, client, 1234)[..(header + 3)]; // one byte less than its ports
            yield return new($"{family} ICMP cut short", In(Ip(client, vip, v4 ? Icmp1 : Icmp58, new byte[7])), XdpVerdict.Drop, Drop: DropReason.IcmpHeader);
            yield return new($"{family} ICMP error whose quote is cut short", In(Icmp(client, vip, v4 ? 3 : 1, 1, 0, quoted)), XdpVerdict.Drop, Drop: DropReason.IcmpQuote);
            yield return new($"{family} UDP cut short", In(Ip(client, vip, Udp17, new byte[7])), XdpVerdict.Drop, Drop: DropReason.L4Header);
        }

        var shortHeader = Tcp(Client4, 1234, Vip4, 80);
        shortHeader[0] = 0x44;
        yield return new("IPv4 header length below 20", In(shortHeader), XdpVerdict.Drop, Drop: DropReason.IpHeader);
        var shortTotal = Tcp(Client4, 1234, Vip4, 80);
        shortTotal[3] = 19;
        var shortQuote = Udp(Vip4, 53, Client4, 1234);
        shortQuote[0] = 0x44;
        yield return new("IPv4 ICMP error whose quote has a header length below 20", In(Icmp(Client4, Vip4, 3, 1, 0, shortQuote)), XdpVerdict.Drop, Drop: DropReason.IcmpQuote);
        yield return new("IPv4 length below its header", In(shortTotal), XdpVerdict.Drop, Drop: DropReason.IpLength);
        var chain = Enumerable.Range(0, 7).SelectMany(i => new byte[] { (byte)(i == 6 ? 6 : 60), 0, 1, 4, 0, 0, 0, 0 }).ToArray();
        yield return new("IPv6 with seven extension headers", In(Ip(Client6, Vip6, 60, Join(chain, Tcp(Client6, 1234, Vip6, 80)[40..]))), XdpVerdict.Drop, Drop: DropReason.ExtensionHeaders);
    }
}
