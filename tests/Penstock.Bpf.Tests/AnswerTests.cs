// SPDX-License-Identifier: Apache-2.0
using Penstock.L4.Xdp;
using Penstock.Linux.Bpf;
using static Penstock.Bpf.Tests.Wire;

namespace Penstock.Bpf.Tests;

/// <summary>ICMP, and what the program answers by itself, byte for byte.</summary>
public sealed class AnswerTests
{
    private const string Client4 = "198.51.100.7", Vip4 = "203.0.113.10", Client6 = "2001:db8:1::7", Vip6 = "2001:db8::10";
    private const string Server = "10.0.0.11", Router4 = "192.0.2.254", Router6 = "2001:db8:2::254";
    private const int Dns = 53, Web = 80, Empty = 81, Rejecting = 82, Passing = 83, Small = 84;

    private static readonly Dictionary<string, PacketCase> Table = Cases().ToDictionary(packet => packet.Description, StringComparer.Ordinal);

    /// <summary>Loaded once: the verifier takes its time.</summary>
    private static readonly Lazy<DataPlane> Shared = new(Plane);

    public static TheoryData<string> Descriptions => [.. Table.Keys];

    [BpfTheory]
    [MemberData(nameof(Descriptions))]
    public void Frame_OfTheTable_IsAnsweredAsItSays(string description)
    {
        var plane = Shared.Value;

        Table[description].Check(plane);
    }

    [BpfTheory]
    [MemberData(nameof(Descriptions))]
    public void Frame_CutAnywhere_IsNotAnswered(string description)
    {
        var plane = Shared.Value;
        var packet = Table[description];

        for (var length = 14; length < packet.Frame.Length; length++)
        {
            var drops = plane.Drops().Values.Aggregate(0UL, (sum, count) => sum + count);
            var (verdict, _) = plane.Run(packet.Frame[..length]);

            verdict.ShouldBeOneOf(XdpVerdict.Pass, XdpVerdict.Drop);
            plane.Drops().Values.Aggregate(0UL, (sum, count) => sum + count).ShouldBe(drops + (verdict == XdpVerdict.Drop ? 1UL : 0), $"{length} bytes");
        }
    }

    [BpfFact]
    public void Error_AboutAKnownFlow_FollowsItThoughTheRingChanged()
    {
        using var plane = new DataPlane();
        var service = plane.AddService(Vip4, Web, Tcp6, Layout.ForwardingKind.Ipip, [Server]);
        plane.Run(In(Tcp(Client4, 1234, Vip4, Web)));
        plane.WriteRing(1, [plane.AddBackend(service, "10.0.0.12", Layout.ForwardingKind.Ipip)]);

        plane.Run(In(Icmp(Router4, Vip4, 3, 4, 1400, Tcp(Vip4, Web, Client4, 1234)[..28])));

        plane.Counters(1).Packets.ShouldBe(2UL);
    }

    [BpfFact]
    public void Replies_BeyondTheirCap_AreDropped()
    {
        using var plane = new DataPlane(settings => settings with { RepliesPerSecond = 0 });
        plane.AddVip(Vip4, new Layout.Vip { Flags = Layout.VipFlags.Echo });
        plane.AddService(Vip4, Rejecting, Tcp6, Layout.ForwardingKind.Ipip, [], service => service with { EmptyAction = 1 });

        plane.Run(In(Icmp(Client4, Vip4, 8, 0, 1, []))).Verdict.ShouldBe(XdpVerdict.Drop);
        plane.Run(In(Tcp(Client4, 1234, Vip4, Rejecting, Syn))).Verdict.ShouldBe(XdpVerdict.Drop);

        plane.Drops().ShouldBe(new Dictionary<DropReason, ulong> { [DropReason.NoBackend] = 1, [DropReason.Replies] = 1 });
    }

    [BpfTheory]
    [InlineData(Client4, Vip4, 5000)]
    [InlineData(Client6, Vip6, 5000)]
    [InlineData(Client4, Vip4, 8900)]
    [InlineData(Client6, Vip6, 8900)]
    public void JumboFrame_BeyondTheMtu_IsAnsweredWithWhatFits(string client, string vip, int bytes)
    {
        using var plane = Plane();
        var packet = Tcp(client, 1234, vip, Small, payload: new string('x', bytes));
        var error = vip == Vip4 ? Icmp(vip, client, 3, 4, 1380, packet[..28], tos: 0xc0) : Icmp(vip, client, 2, 0, 1380, packet[..48]);

        new PacketCase("several buffers", In(packet), XdpVerdict.Transmit, Back(error)).Check(plane);
        new PacketCase("with a VLAN tag", In(packet, (0x8100, 7)), XdpVerdict.Transmit, Back(error, (0x8100, 7))).Check(plane);
    }

    [BpfTheory]
    [InlineData(134, XdpVerdict.Drop)] // up to the ports
    [InlineData(138, XdpVerdict.Drop)]
    [InlineData(142, XdpVerdict.Transmit)]
    public void Frame_WhoseFirstBufferEndsWithinTheQuote_IsNotAnswered(int linear, XdpVerdict verdict)
    {
        using var plane = Plane();
        var packet = Udp(Client6, 1234, Vip6, Rejecting, new string('x', 5000));
        packet = Ip(Client6, Vip6, 60, Join([Udp17, (72 / 8) - 1, 1, 68], new byte[68], packet[40..]));

        plane.Run(In(packet), linear: linear).Verdict.ShouldBe(verdict);
    }

    [BpfFact]
    public void EmptyService_ThatRejects_CountsIt()
    {
        using var plane = Plane();

        plane.Run(In(Tcp(Client4, 1234, Vip4, Rejecting, Syn)));

        plane.ServiceCounters(4).ShouldBe(new Layout.ServiceStats { Packets = 1, Bytes = 58, Rejected = 1 });
    }

    private static DataPlane Plane()
    {
        var plane = new DataPlane();
        foreach (var vip in new[] { Vip4, Vip6 })
        {
            plane.AddVip(vip, new Layout.Vip { Flags = Layout.VipFlags.Echo | Layout.VipFlags.Closed });
            plane.AddService(vip, Dns, Udp17, Layout.ForwardingKind.Ipip, [Server]);
            plane.AddService(vip, Web, Tcp6, Layout.ForwardingKind.Ipip, [Server]);
            plane.AddService(vip, Empty, Tcp6, Layout.ForwardingKind.Ipip, []);
            plane.AddService(vip, Rejecting, Tcp6, Layout.ForwardingKind.Ipip, [], service => service with { EmptyAction = 1 });
            plane.AddService(vip, Rejecting, Udp17, Layout.ForwardingKind.Ipip, [], service => service with { EmptyAction = 1 });
            plane.AddService(vip, Passing, Tcp6, Layout.ForwardingKind.Ipip, [], service => service with { EmptyAction = 2 });
            plane.AddService(vip, Small, Tcp6, Layout.ForwardingKind.Ipip, [Server], changeBackend: backend => backend with { Mtu = 1400, InterfaceIndex = 1 });
        }

        return plane;
    }

    private static IEnumerable<PacketCase> Cases()
    {
        foreach (var (family, client, vip, router) in new[] { ("IPv4", Client4, Vip4, Router4), ("IPv6", Client6, Vip6, Router6) })
        {
            var v4 = vip == Vip4;
            var (header, encapsulated) = v4 ? (20, Ipip) : (40, Ipv6InIp);
            byte[] Outer(byte[] inner, int tos = 0) => Ip(DataPlane.Tunnel4, Server, encapsulated, inner, tos);
            byte[] Error(int type4, int code4, int type6, int code6, uint rest, byte[] quoted, int tos) =>
                v4 ? Icmp(vip, client, type4, code4, rest, quoted, tos: tos) : Icmp(vip, client, type6, code6, rest, quoted);

            yield return new($"{family} echo is answered", In(Icmp(client, vip, v4 ? 8 : 128, 0, 0x00010002, Text("ping"), ttl: 9)), XdpVerdict.Transmit,
                Back(Icmp(vip, client, v4 ? 0 : 129, 0, 0x00010002, Text("ping"))));
            yield return new($"{family} echo answer passes", In(Icmp(client, vip, v4 ? 0 : 129, 0, 1, Text("ping"))), XdpVerdict.Pass);

            var answer = Tcp(vip, Web, client, 1234, payload: new string('x', 600));
            var tooBig = Icmp(router, vip, v4 ? 3 : 2, v4 ? 4 : 0, 1400, answer[..(header + 8)]);
            yield return new($"{family} error about a TCP flow", In(tooBig), XdpVerdict.Transmit, Out(Outer(tooBig)));
            var unreachable = Icmp(router, vip, v4 ? 3 : 1, 1, 0, Udp(vip, Dns, client, 1234));
            yield return new($"{family} error about a UDP flow", In(unreachable), XdpVerdict.Transmit, Out(Outer(unreachable)));
            yield return new($"{family} error about a packet we did not send", In(Icmp(router, vip, v4 ? 3 : 1, 1, 0, Udp(client, Dns, vip, 1234))), XdpVerdict.Pass);

            if (!v4)
            {
                byte[] Quote(int extension, byte[] header) => Icmp(router, vip, 2, 0, 1400, Ip(vip, client, extension, Join(header, UdpOnly(vip, Dns, client, 1234, "answer"))));
                foreach (var (what, error) in new[]
                {
                    ("first part of a datagram", Quote(44, [Udp17, 0, 0, 1, 0, 0, 0, 9])), ("packet with an extension", Quote(60, [Udp17, 0, 1, 4, 0, 0, 0, 0])),
                    ("part behind an extension", Quote(60, Join([44, 0, 1, 4, 0, 0, 0, 0], [Udp17, 0, 0, 1, 0, 0, 0, 9]))),
                })
                {
                    yield return new($"{family} error about the {what}", In(error), XdpVerdict.Transmit, Out(Outer(error)));
                }

                yield return new($"{family} error about a later part", In(Quote(44, [Udp17, 0, 0, 8, 0, 0, 0, 9])), XdpVerdict.Pass);
                yield return new($"{family} error about extensions that never end", In(Icmp(router, vip, 2, 0, 1400, Ip(vip, client, 60, Join([.. Enumerable.Repeat<byte[]>([60, 0, 1, 4, 0, 0, 0, 0], 9)])))), XdpVerdict.Drop, Drop: DropReason.IcmpQuote);
            }

            yield return new($"{family} to a closed port", In(Tcp(client, 1234, vip, 99)), XdpVerdict.Drop, Drop: DropReason.NoService);
            yield return new($"{family} without backend is dropped", In(Tcp(client, 1234, vip, Empty)), XdpVerdict.Drop, Drop: DropReason.NoBackend);
            yield return new($"{family} without backend passes", In(Tcp(client, 1234, vip, Passing)), XdpVerdict.Pass);
            yield return new($"{family} SYN is reset", In(Tcp(client, 1234, vip, Rejecting, Syn, payload: "", ttl: 3)), XdpVerdict.Transmit,
                Back(Reset(vip, Rejecting, client, 1234, Rst | Ack, 0, 1001)));
            yield return new($"{family} segment is reset", In(Tcp(client, 1234, vip, Rejecting, Ack, payload: "data")), XdpVerdict.Transmit,
                Back(Reset(vip, Rejecting, client, 1234, Rst, 2000, 0)));
            yield return new($"{family} reset is not reset", In(Tcp(client, 1234, vip, Rejecting, Rst)), XdpVerdict.Drop, Drop: DropReason.NoBackend);
            var datagram = Udp(client, 1234, vip, Rejecting, "something");
            yield return new($"{family} datagram is refused", In(datagram), XdpVerdict.Transmit, Back(Error(3, 3, 1, 4, 0, datagram[..(header + 8)], 0xc0)));

            var large = Tcp(client, 1234, vip, Small, payload: new string('x', 1380 - header - 20 + 1));
            yield return new($"{family} beyond the MTU with outer header", In(large), XdpVerdict.Transmit, Back(Error(3, 4, 2, 0, 1380, large[..(header + 8)], 0xc0)));
            yield return new($"{family} beyond the MTU with a VLAN tag", In(large, (0x8100, 7)), XdpVerdict.Transmit, Back(Error(3, 4, 2, 0, 1380, large[..(header + 8)], 0xc0), (0x8100, 7)));
            var larger = Icmp(router, vip, v4 ? 3 : 1, 1, 0, Tcp(vip, Small, client, 1234, payload: new string('x', 1380)));
            yield return new($"{family} error beyond the MTU is not answered by another", In(larger), XdpVerdict.Drop, Drop: DropReason.TooBig);
            if (!v4)
                yield return new($"{family} error beyond the MTU behind an extension is not answered either", In(Ip(router, vip, 60, Join([Icmp58, 0, 1, 4, 0, 0, 0, 0], larger[40..]))), XdpVerdict.Drop, Drop: DropReason.TooBig);
            var fitting = Tcp(client, 1234, vip, Small, payload: new string('x', 1380 - header - 20));
            yield return new($"{family} just within the MTU", In(fitting), XdpVerdict.Transmit, Out(Outer(fitting)));

            foreach (var (what, bytes) in v4 ? new[] { ("a word of options", 4), ("all options", 40) } : [("an extension", 8), ("long extensions", 80), ("extensions beyond what is quoted", 200)])
            {
                // IPv4: header, options, ports; IPv6: 128 bytes, whatever there is.
                byte[] Quoted(byte[] packet) => v4 ? packet[..(20 + bytes + 8)] : packet[..Math.Min(packet.Length & ~3, 128)];
                byte[] With(byte[] packet) => v4
                    ? Ip(client, vip, packet[9], packet[20..], options: [.. Enumerable.Repeat((byte)1, bytes)])
                    : Ip(client, vip, 60, Join([packet[6], (byte)((bytes / 8) - 1), 1, (byte)(bytes - 4)], new byte[bytes - 4], packet[40..]));
                yield return new($"{family} SYN with {what} is reset", In(With(Tcp(client, 1234, vip, Rejecting, Syn, payload: "")), (0x8100, 7)), XdpVerdict.Transmit,
                    Back(Reset(vip, Rejecting, client, 1234, Rst | Ack, 0, 1001), (0x8100, 7)));
                yield return new($"{family} segment with {what} is reset", In(With(Tcp(client, 1234, vip, Rejecting, Ack, payload: "data"))), XdpVerdict.Transmit,
                    Back(Reset(vip, Rejecting, client, 1234, Rst, 2000, 0)));
                var refused = With(Udp(client, 1234, vip, Rejecting, "something"));
                yield return new($"{family} datagram with {what} is refused", In(refused), XdpVerdict.Transmit, Back(Error(3, 3, 1, 4, 0, Quoted(refused), 0xc0)));
                var beyond = With(large);
                yield return new($"{family} beyond the MTU with {what}", In(beyond, (0x8100, 7)), XdpVerdict.Transmit, Back(Error(3, 4, 2, 0, 1380, Quoted(beyond), 0xc0), (0x8100, 7)));
            }
        }
    }

    private static byte[] Reset(string from, int fromPort, string to, int toPort, int flags, uint sequence, uint acknowledged)
    {
        var packet = Tcp(from, fromPort, to, toPort, flags, payload: "", sequence: sequence, acknowledged: acknowledged);
        // The window and the checksum over it are what a client sends; a reset has none.
        return Rewindow(packet, from.Contains(':', StringComparison.Ordinal) ? 40 : 20);
    }

    private static byte[] Rewindow(byte[] packet, int tcp)
    {
        var checksum = (ushort)~((packet[tcp + 16] << 8) | packet[tcp + 17]);
        var sum = checksum + (ushort)~((packet[tcp + 14] << 8) | packet[tcp + 15]);
        sum = (ushort)~((sum & 0xffff) + (sum >> 16));
        packet[tcp + 14] = packet[tcp + 15] = 0;
        packet[tcp + 16] = (byte)(sum >> 8);
        packet[tcp + 17] = (byte)sum;
        return packet;
    }
}
