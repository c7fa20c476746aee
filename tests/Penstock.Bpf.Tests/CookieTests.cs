// SPDX-License-Identifier: Apache-2.0
using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Penstock.L4.Xdp;
using Penstock.Linux.Bpf;
using static Penstock.Bpf.Tests.Wire;

namespace Penstock.Bpf.Tests;

/// <summary>SYNs answered in place of this host's listeners, which the program asks in a network of the test's own.</summary>
[Collection(Forking)]
public sealed class CookieTests
{
    /// <summary>Tests that are not beside one another: a child between fork and exec holds a lock that its parent has let go.</summary>
    public const string Forking = "forking";

    private const string Client4 = "198.51.100.7", Vip4 = "203.0.113.10", Client6 = "2001:db8:1::7", Vip6 = "2001:db8::10";
    private const int LoopbackMtu = 65536, Always = 2, WhenFull = 1, Never = 0;

    // What clients send: maximum segment size 1460, selective acknowledgement, timestamps, window scale 7.
    private static readonly byte[] ClientOptions = [2, 4, 5, 180, 4, 2, 8, 10, 0, 0, 0, 1, 0, 0, 0, 0, 1, 3, 3, 7];

    /// <summary>Loaded once: the verifier takes its time.</summary>
    private static readonly Lazy<DataPlane> Shared = new(() => new DataPlane());

    private readonly DataPlane _plane = Shared.Value;

    [BpfTheory]
    [InlineData(Client4, Vip4, 0, 20, false)]
    [InlineData(Client4, Vip4, 1, 20, true)]
    [InlineData(Client4, Vip4, 2, 0, false)]
    [InlineData(Client4, Vip4, 0, 40, true)]
    [InlineData(Client6, Vip6, 0, 20, false)]
    [InlineData(Client6, Vip6, 1, 0, true)]
    [InlineData(Client6, Vip6, 2, 40, false)]
    public void Syn_BeyondTheThreshold_IsAnsweredByACookieThatTheKernelKnows(string client, string vip, int tagCount, int optionBytes, bool isLong) => InNetwork(Always, port =>
    {
        var v6 = vip == Vip6;
        var service = Guard(vip, port);
        var tags = new[] { (0x88a8, 100), (0x8100, 7) }[(2 - tagCount)..];
        byte[] tcpOptions = [.. ClientOptions, .. Enumerable.Repeat((byte)1, 20)];
        var syn = Tcp(client, 40000, vip, port, Syn, isLong ? "early data" : "", sequence: 0xffffffff, tcpOptions: tcpOptions[..optionBytes], options: isLong && !v6 ? [1, 1, 1, 1] : null);
        if (isLong && v6)
            syn = Ip(client, vip, 60, Join([6, 0, 1, 4, 0, 0, 0, 0], syn[40..])); // destination options
        var frame = In(syn, tags);

        var (verdict, answer) = _plane.Run(Join(frame, new byte[Math.Max(0, 60 - frame.Length)]));

        verdict.ShouldBe(XdpVerdict.Transmit);
        var tcp = 14 + (4 * tagCount) + (v6 ? 40 : 20);
        var cookie = BinaryPrimitives.ReadUInt32BigEndian(answer.AsSpan(tcp + 4));
        var size = LoopbackMtu - (v6 ? 60 : 40);
        var expected = Back(Tcp(vip, port, client, 40000, Syn | Ack, "", fragment: v6 ? 0 : 0x4000, sequence: cookie, acknowledged: 0, window: 0xffff, tcpOptions: [2, 4, .. Be16(size)]), tags);
        Convert.ToHexString(answer).ShouldBe(Convert.ToHexString(expected));
        _plane.ServiceCounters(service.Id).Cookies.ShouldBe(1UL);
        _plane.Counters(service.Backend).Packets.ShouldBe(0UL, "no backend has seen it");
        new PacketCase("the client answers the cookie", In(Tcp(client, 40000, vip, port, sequence: 0, acknowledged: cookie + 1), tags), XdpVerdict.Pass).Check(_plane);
        IsRefused(vip, port, In(Tcp(client, 40001, vip, port, sequence: 0, acknowledged: cookie + 1), tags));
    });

    [BpfTheory]
    [InlineData(Client4, Vip4)]
    [InlineData(Client6, Vip6)]
    public void Syns_UpToTheThreshold_GoUpTheStackForEachServiceByItself(string client, string vip) => InNetwork(Always, port =>
    {
        Guard(vip, port, threshold: 3);
        Guard(vip, port + 1, threshold: 3);

        // Seconds may pass in between: three of each second go up.
        var passed = Enumerable.Range(40_000, 60).Count(from => _plane.Run(In(Tcp(client, from, vip, port, Syn, ""))).Verdict == XdpVerdict.Pass);

        passed.ShouldBeInRange(3, 45);
        new PacketCase("another service", In(Tcp(client, 40_000, vip, port + 1, Syn, "")), XdpVerdict.Pass).Check(_plane);
    });

    [BpfTheory]
    [InlineData("224.0.0.1", Vip4)]
    [InlineData("ff02::1", Vip6)]
    public void Syn_OfAMartian_IsNotAnswered(string martian, string vip) => InNetwork(Always, port =>
    {
        var service = Guard(vip, port);

        new PacketCase("a martian's", In(Tcp(martian, 40000, vip, port, Syn, "")), XdpVerdict.Drop, Drop: DropReason.Martian).Check(_plane);
        _plane.ServiceCounters(service.Id).Cookies.ShouldBe(0UL);
    });

    [BpfTheory]
    [InlineData(WhenFull)]
    [InlineData(Never)]
    public void Syn_TheKernelWouldNotAnswerByACookie_GoesUpTheStack(int cookies) => InNetwork(cookies, port =>
    {
        Guard(Vip4, port);

        new PacketCase("a queue with room, or cookies turned off", In(Tcp(Client4, 40000, Vip4, port, Syn, "")), XdpVerdict.Pass).Check(_plane);
        new PacketCase("of no connection, while no cookies are sent", In(Tcp(Client4, 40001, Vip4, port)), XdpVerdict.Pass).Check(_plane);
    });

    [BpfFact]
    public void Syn_ToAPortWithoutAListener_GoesUpTheStack() => InNetwork(Always, port =>
    {
        Guard(Vip4, port + 1);

        new PacketCase("no listener", In(Tcp(Client4, 40000, Vip4, port + 1, Syn, "")), XdpVerdict.Pass).Check(_plane);
    });

    [BpfFact]
    public void Syn_ToAPeer_IsForwarded() => InNetwork(Always, port =>
    {
        var service = Guard(Vip4, port, Layout.ForwardingKind.Ipip);

        _plane.Run(In(Tcp(Client4, 40000, Vip4, port, Syn, ""))).Verdict.ShouldBe(XdpVerdict.Transmit);

        _plane.Counters(service.Backend).Packets.ShouldBe(1UL);
        _plane.ServiceCounters(service.Id).Cookies.ShouldBe(0UL);
    });

    [BpfFact]
    public void Segments_OfConnectionsAndResets_GoUpTheStack() => InNetwork(Always, port =>
    {
        const string Here = "127.0.0.1";
        Guard(Here, port);
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Connect(IPAddress.Loopback, port);
        var mine = ((IPEndPoint)socket.LocalEndPoint!).Port; // it is connected

        IsRefused(Here, port, In(Tcp(Here, 4, Here, port)));
        new PacketCase("of a connection, unknown to the flow table", In(Tcp(Here, mine, Here, port)), XdpVerdict.Pass).Check(_plane);
        new PacketCase("SYN of a connection", In(Tcp(Here, mine, Here, port, Syn, "")), XdpVerdict.Pass).Check(_plane);
        new PacketCase("reset", In(Tcp(Here, 2, Here, port, Rst, "")), XdpVerdict.Pass).Check(_plane);
        new PacketCase("SYN with ACK", In(Tcp(Here, 3, Here, port, Syn | Ack, "")), XdpVerdict.Pass).Check(_plane);
    });

    [BpfFact]
    public void Syn_CutAtEveryByte_IsNeverAnswered() => InNetwork(Always, port =>
    {
        Guard(Vip4, port);
        var frame = In(Tcp(Client4, 40000, Vip4, port, Syn, "", tcpOptions: ClientOptions));

        for (var length = 14; length < frame.Length; length++)
            _plane.Run(frame[..length]).Verdict.ShouldNotBe(XdpVerdict.Transmit, $"{length} bytes");
    });

    // A listener of both families at a port.
    private static void InNetwork(int cookies, Action<int> test) => OwnNetwork.Run(cookies, () =>
    {
        using var listener = new Socket(AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp) { DualMode = true };
        listener.Bind(new IPEndPoint(IPAddress.IPv6Any, 0));
        listener.Listen();
        test(((IPEndPoint)listener.LocalEndPoint!).Port); // it is bound
    });

    private (uint Id, uint Backend) Guard(string vip, int port, Layout.ForwardingKind forwarding = Layout.ForwardingKind.Local, uint threshold = 0)
    {
        var backend = 0u;
        var id = _plane.AddService(vip, port, Tcp6, forwarding, [], service => service with { Flags = Layout.ServiceFlags.SynCookies, SynThreshold = threshold, RingSlots = 16 });
        _plane.WriteRing(id, [backend = _plane.AddBackend(id, "10.0.0.11", forwarding)]);
        return (id, backend);
    }

    // While cookies are sent, which is over when a second is: then once more.
    private void IsRefused(string vip, int port, byte[] frame)
    {
        var client = vip == Vip6 ? Client6 : Client4;
        var before = _plane.Drops().GetValueOrDefault(DropReason.SynCookie);
        for (var attempt = 0; attempt < 100 && _plane.Drops().GetValueOrDefault(DropReason.SynCookie) == before; attempt++)
        {
            for (var set = 0u; set < DataPlane.FlowSets; set++)
                _plane.Map("flows").Update(set, default(Layout.FlowSet)); // An ACK that came too late has opened its flow.
            _plane.Run(In(Tcp(client, 1, vip, port, Syn, ""))).Verdict.ShouldBe(XdpVerdict.Transmit);
            _plane.Run(frame);
        }

        _plane.Drops().GetValueOrDefault(DropReason.SynCookie).ShouldBe(before + 1);
    }
}
