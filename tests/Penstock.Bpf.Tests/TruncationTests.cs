// SPDX-License-Identifier: Apache-2.0
using System.Buffers.Binary;
using System.Net;
using System.Runtime.InteropServices;
using Penstock.L4.Capture;
using Penstock.L4.Xdp;
using Penstock.Linux.Bpf;
using static Penstock.Bpf.Tests.Wire;

namespace Penstock.Bpf.Tests;

/// <summary>
/// Frames of every kind that the tables of other tests do not cut, cut at every byte: as they are, which their length of IP tells, and as packets that are that short, for only
/// those get to what is read deeper inside. Either leaves by a verdict that the counters agree with.
/// </summary>
public sealed class TruncationTests
{
    private const string Client4 = "198.51.100.7", Vip4 = "203.0.113.10", Client6 = "2001:db8:1::7", Vip6 = "2001:db8::10";
    private const string Server4 = "10.0.0.11", Server6 = "fd00::11", Router4 = "192.0.2.99", Router6 = "2001:db8:9::9", Tunnel4 = "10.0.0.2", Tunnel6 = "fd00::2";
    private const int Web = 80, Dns = 53, Translated = 443, Quic = 4433, Blocked = 81, Overridden = 82, Rejecting = 83, ByClient = 84;
    private const int Ethernet = 14, NatPort = 40000, MoreFragments = 0x2000;

    private static readonly Dictionary<string, byte[]> Table = Frames().ToDictionary(frame => frame.What, frame => frame.Bytes, StringComparer.Ordinal);

    /// <summary>Loaded once: the verifier takes its time.</summary>
    private static readonly Lazy<DataPlane> Shared = new(Plane);

    public static TheoryData<string> Descriptions => [.. Table.Keys];

    [BpfTheory]
    [MemberData(nameof(Descriptions))]
    public void Frame_CutAnywhere_NeverLeaves(string description)
    {
        var plane = Shared.Value;
        var frame = Table[description];

        var l3 = ((frame[12] << 8) | frame[13]) == 0x8100 ? Ethernet + 4 : Ethernet;
        var header = frame[l3] >> 4 == 4 ? 20 : 40;

        for (var length = Ethernet; length < frame.Length; length++)
            Check(plane, frame[..length], $"{length} bytes", length < l3 + header ? DropReason.None : DropReason.IpLength).ShouldBe(length < l3 + header ? XdpVerdict.Pass : XdpVerdict.Drop, $"{length} bytes");
    }

    [BpfTheory]
    [MemberData(nameof(Descriptions))]
    public void Packet_ThatEndsAnywhere_HasAVerdictThatIsCounted(string description)
    {
        var plane = Shared.Value;
        var frame = Table[description];

        for (var length = Ethernet + (frame[Ethernet] >> 4 == 4 ? 20 : 40); length < frame.Length; length++)
            Check(plane, Ended(frame[..length]), $"{length} bytes").ShouldBeOneOf(XdpVerdict.Pass, XdpVerdict.Drop, XdpVerdict.Transmit);
    }

    [BpfTheory]
    [MemberData(nameof(Descriptions))]
    public void Frame_CutAnywhereWhileCaptured_IsOfNoServiceOfTheFrameBefore(string description)
    {
        var plane = Shared.Value;
        var frame = Table[description];
        var services = new List<uint>();
        using var ring = new BpfRingReader(plane.Map("captures"), sample => services.Add(MemoryMarshal.Read<SampleLayout.Sample>(sample).Service));
        uint? Captured(byte[] packet)
        {
            services.Clear();
            Check(plane, packet, $"{packet.Length} bytes");
            ring.Poll(TimeSpan.Zero);
            return services.Count == 0 ? null : services.ShouldHaveSingleItem();
        }

        plane.Map("capture_filter").Update(0u, new SampleLayout.Filter { Until = ulong.MaxValue, Service = SampleLayout.NoService, OneIn = 1, Verdicts = 0x1f, Bytes = 64 });
        try
        {
            var own = Captured(frame).ShouldNotBeNull();
            var before = Join(frame[..Ethernet], Enumerable.Range(0, frame.Length - Ethernet).Select(_ => (byte)Web).ToArray());
            foreach (var other in new[] { before, Table["IPv4 of lists"], Table["IPv6 of lists"] })
            {
                for (var length = Ethernet; length < frame.Length; length++)
                {
                    plane.Run(other);
                    ring.Poll(TimeSpan.Zero);
                    if (Captured(frame[..length]) is { } service)
                        service.ShouldBeOneOf(own, SampleLayout.NoService);
                }
            }
        }
        finally
        {
            plane.Map("capture_filter").Update(0u, default(SampleLayout.Filter));
        }
    }

    [BpfFact]
    public void Tunnel_CutAnywhereOnARealServer_PassesAsItIs()
    {
        using var loaded = BpfObject.Open(Programs.Object("decap"));
        loaded.SetConstant("gue_port", (ushort)0xc017, ".rodata.settings");
        loaded.Load();
        using var program = loaded.Program("decap");
        using var endpoints = loaded.Map("tunnel_endpoints");
        foreach (var address in new[] { Server4, Server6 })
            endpoints.Update(Layout.Address.Of(IPAddress.Parse(address)), 1u);
        foreach (var inner in new[] { Tcp(Client4, 1234, Vip4, Web, payload: ""), Udp(Client6, 1234, Vip6, Dns, payload: "") })
        {
            var protocol = inner[0] >> 4 == 4 ? Ipip : Ipv6InIp;
            foreach (var (from, to, header) in new[] { ("10.0.0.1", Server4, 20), ("fd00::1", Server6, 40) })
            {
                foreach (var (outer, room) in new[] { (Ip(from, to, protocol, inner), 0), (Ip(from, to, Udp17, Gue(50000, 6080, inner)), 8) })
                {
                    var frame = In(outer, (0x8100, 7));
                    var most = frame.Length - inner.Length + 20; // What it looks at: the stack reads the rest.
                    for (var length = Ethernet; length <= frame.Length; length++)
                    {
                        var output = new byte[frame.Length];
                        var run = program.TestRun(frame.AsSpan()[..length], output);

                        run.Verdict.ShouldBe(XdpVerdict.Pass);
                        output[..run.Length].ShouldBe(length < most ? frame[..length] : In(inner, (0x8100, 7))[..(length - header - room)], $"{length} bytes");
                    }
                }
            }
        }
    }

    // A drop is of one reason, and of nothing else; what is sent is counted once; what passes may be of a service, for want of a flow.
    private static XdpVerdict Check(DataPlane plane, byte[] frame, string what, DropReason? reason = null)
    {
        var (drops, sent) = (plane.Drops(), plane.Sent());
        var (verdict, output) = plane.Run(frame);

        var counted = plane.Drops().Where(drop => drop.Value != drops.GetValueOrDefault(drop.Key)).ToArray();
        counted.Length.ShouldBe(verdict == XdpVerdict.Drop ? 1 : 0, what);
        if (verdict == XdpVerdict.Drop)
        {
            counted[0].Value.ShouldBe(drops.GetValueOrDefault(counted[0].Key) + 1, what);
            counted[0].Key.ShouldBe(reason ?? counted[0].Key, what);
        }

        (plane.Sent() - sent).ShouldBeInRange(verdict == XdpVerdict.Transmit ? 1UL : 0, verdict == XdpVerdict.Drop ? 0UL : 1, what);
        if (verdict == XdpVerdict.Pass && frame.Length - output.Length is not 20 and not 40) // or a tunnel's header is off
            output.ShouldBe(frame, what);
        return verdict;
    }

    // The frame with an IP header that says so much and no more.
    private static byte[] Ended(byte[] frame)
    {
        var ip = frame.AsSpan(Ethernet);
        if (ip[0] >> 4 == 6)
        {
            BinaryPrimitives.WriteUInt16BigEndian(ip[4..], (ushort)(ip.Length - 40));
            return frame;
        }

        BinaryPrimitives.WriteUInt16BigEndian(ip[2..], (ushort)ip.Length);
        ip[10] = ip[11] = 0;
        BinaryPrimitives.WriteUInt16BigEndian(ip[10..], Checksum(ip[..20]));
        return frame;
    }

    private static DataPlane Plane()
    {
        var plane = new DataPlane(settings => settings with { NatPortFirst = NatPort, NatPortLast = NatPort });
        foreach (var (vip, client, server, tunnel) in new[] { (Vip4, Client4, Server4, Tunnel4), (Vip6, Client6, Server6, Tunnel6) })
        {
            plane.AddVip(vip == Vip4 ? DataPlane.Tunnel4 : DataPlane.Tunnel6, new Layout.Vip { Flags = Layout.VipFlags.NatSource });
            plane.AddVip(vip, new Layout.Vip { UdpFragmentPort = BinaryPrimitives.ReverseEndianness((ushort)Dns) });
            plane.AddService(vip, Web, Tcp6, Layout.ForwardingKind.Ipip, [server]);
            plane.AddService(vip, Dns, Udp17, Layout.ForwardingKind.Ipip, [server]);
            plane.AddService(vip, Translated, Tcp6, Layout.ForwardingKind.Nat, [server], service => service with { Flags = Layout.ServiceFlags.Nat });
            plane.AddService(vip, Quic, Udp17, Layout.ForwardingKind.Ipip, [server], service => service with { Flags = Layout.ServiceFlags.Quic, QuicOffset = 1, QuicLength = 2 });
            plane.AddService(vip, Blocked, Tcp6, Layout.ForwardingKind.Ipip, [server], service => service with { Flags = Layout.ServiceFlags.Allow | Layout.ServiceFlags.Block });
            plane.AddService(vip, Overridden, Tcp6, Layout.ForwardingKind.L2, [server], service => service with { Flags = Layout.ServiceFlags.Overrides | Layout.ServiceFlags.Limit, SourcePackets = 10_000_000 });
            plane.AddService(vip, Rejecting, Tcp6, Layout.ForwardingKind.Ipip, [], service => service with { EmptyAction = 1 });
            plane.AddService(vip, Rejecting, Udp17, Layout.ForwardingKind.Ipip, [], service => service with { EmptyAction = 1 });
            plane.AddService(vip, ByClient, Tcp6, Layout.ForwardingKind.Gue, [server], service => service with { Flags = Layout.ServiceFlags.ClientHash });
            plane.AddService(tunnel, 0, vip == Vip4 ? Ipip : Ipv6InIp, Layout.ForwardingKind.Local, [], service => service with { Flags = Layout.ServiceFlags.Decap });
            plane.Run(In(Tcp(client, 1234, vip, Translated, Syn))).Verdict.ShouldBe(XdpVerdict.Transmit);
        }

        return plane;
    }

    private static IEnumerable<(string What, byte[] Bytes)> Frames()
    {
        foreach (var (family, client, vip, server, source, router, tunnel) in new[]
        {
            ("IPv4", Client4, Vip4, Server4, DataPlane.Tunnel4, Router4, Tunnel4), ("IPv6", Client6, Vip6, Server6, DataPlane.Tunnel6, Router6, Tunnel6),
        })
        {
            var v6 = vip == Vip6;
            var (tooBig, code) = v6 ? (2, 0) : (3, 4);
            yield return ($"{family} to nat", In(Tcp(client, 1234, vip, Translated)));
            yield return ($"{family} to nat with a VLAN tag", In(Tcp(client, 1234, vip, Translated), (0x8100, 7)));
            yield return ($"{family} from nat", In(Tcp(server, Translated, source, NatPort)));
            yield return ($"{family} error to nat", In(Icmp(router, vip, tooBig, code, 1400, Tcp(vip, Translated, client, 1234))));
            yield return ($"{family} error from nat", In(Icmp(router, source, tooBig, code, 1400, Tcp(source, NatPort, server, Translated))));
            yield return ($"{family} error about a flow", In(Icmp(router, vip, tooBig, code, 1400, Udp(vip, Dns, client, 1234))));
            yield return ($"{family} QUIC, long header", In(Udp(client, 1234, vip, Quic, "\u00c0\0\0\0\u0001\u0008\u00aa\u0001\u0002long header")));
            yield return ($"{family} QUIC, short header", In(Udp(client, 1234, vip, Quic, "@\u00aa\u0001\u0002short header")));
            yield return ($"{family} of lists", In(Tcp(client, 1234, vip, Blocked)));
            yield return ($"{family} of overrides and limits", In(Tcp(client, 1234, vip, Overridden)));
            yield return ($"{family} to reject", In(Tcp(client, 1234, vip, Rejecting, Syn)));
            // A length of UDP that lets the packet end anywhere behind its header.
            foreach (var (what, protocol, payload) in new[]
            {
                ("segment", Tcp6, Tcp(client, 1234, vip, Rejecting, Syn)[(v6 ? 40 : 20)..]), ("datagram", Udp17, Join(Be16(1234), Be16(Rejecting), Be16(8), Be16(0), new byte[60])),
            })
            {
                yield return ($"{family} {what} with options to reject", In(v6
                    ? Ip(client, vip, 60, Join([(byte)protocol, 9, 1, 76], new byte[76], payload))
                    : Ip(client, vip, protocol, payload, options: [.. Enumerable.Repeat((byte)1, 40)])));
            }

            yield return ($"{family} of affinity", In(Tcp(client, 1234, vip, ByClient)));
            yield return ($"{family} tunnel that ends here", In(Ip(v6 ? "fd00::9" : "10.0.0.9", tunnel, v6 ? Ipv6InIp : Ipip, Tcp(client, 1234, vip, Web))));
            var datagram = UdpOnly(client, 1234, vip, Dns, new string('x', 60));
            byte[] Part(int protocol, byte[] part, int id, int at, bool isLast) => v6
                ? Ip(client, vip, 44, Join([(byte)protocol, 0], Be16(at | (isLast ? 0 : 1)), Be32((uint)id), part))
                : Ip(client, vip, protocol, part, id: id, fragment: (at / 8) | (isLast ? 0 : MoreFragments));
            yield return ($"{family} first part", In(Part(Udp17, datagram[..32], 1, 0, isLast: false)));
            yield return ($"{family} later part", In(Part(Udp17, datagram[32..], 2, 32, isLast: true)));
            yield return ($"{family} first part of a segment", In(Part(Tcp6, Tcp(client, 1234, vip, Web)[(v6 ? 40 : 20)..], 3, 0, isLast: false)));
        }

        var chain = Join([60, 0, 1, 4, 0, 0, 0, 0], [43, 0, 1, 4, 0, 0, 0, 0], [44, 0, 0, 0, 0, 0, 0, 0], [6, 0, 0, 0, 0, 0, 0, 9]);
        yield return ("IPv6 extension headers", In(Ip(Client6, Vip6, 0, Join(chain, Tcp(Client6, 1234, Vip6, Web)[40..]))));
        yield return ("IPv4 options", In(Tcp(Client4, 1234, Vip4, Translated, options: [1, 1, 1, 1, 7, 4, 4, 0])));
    }
}
