// SPDX-License-Identifier: Apache-2.0
using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Penstock.L4.Xdp;
using Penstock.Linux.Bpf;
using static Penstock.Bpf.Tests.Wire;

namespace Penstock.Bpf.Tests;

/// <summary>Segments of flows that are older than what this host knows, because their address has just come from another host.</summary>
[Collection(CookieTests.Forking)]
public sealed class SecondRingTests
{
    private const string Client4 = "198.51.100.7", Vip4 = "203.0.113.10", Client6 = "2001:db8:1::7", Vip6 = "2001:db8::10";
    private const int CookiesAlways = 2, CookiesWhenFull = 1;
    private const uint SecondLine = 200;

    [BpfTheory]
    [InlineData(Client4, Vip4)]
    [InlineData(Client6, Vip6)]
    public void Segment_OfAnUnknownFlow_GoesToTheBackendInDrainThatItsRingNamed(string client, string vip)
    {
        using var plane = new DataPlane();
        var (ready, drained) = Drain(plane, vip);

        plane.Run(In(Tcp(client, 1234, vip, 80)));
        plane.Run(In(Tcp(client, 1234, vip, 80)));
        plane.Run(In(Tcp(client, 1235, vip, 80, Syn)));
        plane.Run(In(Tcp(client, 1235, vip, 80)));

        plane.Counters(drained).ShouldBe(plane.Counters(drained) with { Packets = 2, NewFlows = 0, Misses = 1 });
        plane.Counters(ready).ShouldBe(plane.Counters(ready) with { Packets = 2, NewFlows = 1, Misses = 1 });
        plane.Drops().ShouldBeEmpty();
    }

    [BpfFact]
    public void Segment_OfAnUnknownFlow_GoesByTheRingWhereTheOtherNamesOneThatIsReady()
    {
        using var plane = new DataPlane();
        var (ready, drained) = Drain(plane, Vip4);
        plane.ChangeBackend(drained, backend => backend with { State = Layout.StateKind.Ready });

        plane.Run(In(Tcp(Client4, 1234, Vip4, 80)));

        plane.Counters(ready).Packets.ShouldBe(1UL);
        plane.Counters(drained).Packets.ShouldBe(0UL);
    }

    [BpfTheory]
    [InlineData(Layout.StateKind.Down)]
    [InlineData(Layout.StateKind.Unused)]
    internal void Segment_OfAnUnknownFlow_GoesToNoneThatIsGone(Layout.StateKind state)
    {
        using var plane = new DataPlane();
        var (ready, drained) = Drain(plane, Vip4);
        plane.ChangeBackend(drained, backend => backend with { State = state });

        plane.Run(In(Tcp(Client4, 1234, Vip4, 80)));

        plane.Counters(ready).Packets.ShouldBe(1UL);
        plane.Drops().ShouldBeEmpty();
    }

    [BpfFact]
    public void Segment_WhereNotAllFlowsAreKept_GoesByTheRing()
    {
        using var plane = new DataPlane(settings => settings with { NewFlowsPerSecond = 1, SearchesPerSecond = 1000 });
        var (ready, drained) = Drain(plane, Vip4);

        // Flows beyond the cap: their segments are of no flow that is known, and began while the backend was in drain.
        for (var port = 2000; port < 2100; port++)
        {
            plane.Run(In(Tcp(Client4, port, Vip4, 80, Syn)));
            plane.Run(In(Tcp(Client4, port, Vip4, 80)));
        }

        plane.Counters(ready).Packets.ShouldBeGreaterThan(190UL);
        plane.Counters(drained).Packets.ShouldBeLessThan(10UL);
    }

    [BpfFact]
    public void Segment_BeyondTheSearchesOfASecond_GoesByTheRing()
    {
        using var plane = new DataPlane(settings => settings with { SearchesPerSecond = 2 });
        var (ready, drained) = Drain(plane, Vip4);

        for (var port = 2000; port < 2100; port++)
            plane.Run(In(Tcp(Client4, port, Vip4, 80)));

        plane.Counters(drained).Packets.ShouldBeInRange(2UL, 20UL); // seconds may pass
        plane.Counters(ready).Packets.ShouldBe(100 - plane.Counters(drained).Packets);
    }

    [BpfFact]
    public void Error_AboutAnUnknownFlow_GoesToTheBackendInDrain()
    {
        using var plane = new DataPlane();
        var (ready, drained) = Drain(plane, Vip4);

        plane.Run(In(Icmp("192.0.2.1", Vip4, 3, 4, 1400, Tcp(Vip4, 80, Client4, 1234))));

        plane.Counters(drained).Packets.ShouldBe(1UL);
        plane.Counters(ready).Packets.ShouldBe(0UL);
    }

    [BpfFact]
    public void Service_WhoseOnlyBackendDrains_KeepsFlowsThatAreNotKnown()
    {
        using var plane = new DataPlane();
        var (_, drained) = Drain(plane, Vip4, service => service with { RingSlots = 0 });

        plane.Run(In(Tcp(Client4, 1234, Vip4, 80))).Verdict.ShouldBe(XdpVerdict.Transmit);
        plane.Run(In(Tcp(Client4, 1235, Vip4, 80, Syn))).Verdict.ShouldBe(XdpVerdict.Drop);

        plane.Counters(drained).Packets.ShouldBe(1UL);
        plane.Drops().ShouldBe(new Dictionary<DropReason, ulong> { [DropReason.NoBackend] = 1 });
    }

    [BpfTheory]
    [InlineData("127.0.0.1", AddressFamily.InterNetwork)]
    [InlineData("::1", AddressFamily.InterNetworkV6)]
    public void Segment_OfAConnectionOfThisHost_StaysWhateverTheRingsSay(string here, AddressFamily family) => InNetwork(CookiesWhenFull, (listener, port) =>
    {
        using var plane = new DataPlane();
        var (local, peer) = Tier(plane, here, port);
        using var socket = Connect(here, family, port);
        using var accepted = listener.Accept();
        var (mine, next) = (((IPEndPoint)socket.LocalEndPoint!).Port, NextSequence(accepted)); // it is connected

        plane.Run(In(Tcp(here, mine, here, port, acknowledged: next))).Verdict.ShouldBe(XdpVerdict.Pass, "of a connection");
        plane.Run(In(Tcp(here, 4, here, port, acknowledged: next))).Verdict.ShouldBe(XdpVerdict.Transmit, "of none");
        plane.Run(In(Tcp(here, 5, here, port, Syn))).Verdict.ShouldBe(XdpVerdict.Pass, "one that begins");
        plane.Counters(local).Packets.ShouldBe(2UL);
        plane.Counters(peer).Packets.ShouldBe(1UL);

        ForgetFlows(plane);
        plane.WriteRing(1, [peer]);
        plane.Run(In(Tcp(here, mine, here, port, acknowledged: next - 1))).Verdict.ShouldBe(XdpVerdict.Pass, "where the ring names the peer");

        ForgetFlows(plane);
        plane.ChangeBackend(peer, backend => backend with { State = Layout.StateKind.Drain });
        plane.Run(In(Tcp(here, mine, here, port, acknowledged: next))).Verdict.ShouldBe(XdpVerdict.Pass, "where the peer drains");
    });

    /// <summary>A client that uses a port again: what this host still has of its connection before takes none of the segments of the one that it has with the peer.</summary>
    [BpfTheory]
    [InlineData("127.0.0.1", AddressFamily.InterNetwork)]
    [InlineData("::1", AddressFamily.InterNetworkV6)]
    public void Segment_OfAnotherConnectionOfTheSamePorts_GoesWhereTheRingsSay(string here, AddressFamily family) => InNetwork(CookiesWhenFull, (listener, port) =>
    {
        using var plane = new DataPlane();
        var (_, peer) = Tier(plane, here, port);
        using var socket = Connect(here, family, port);
        var mine = ((IPEndPoint)socket.LocalEndPoint!).Port; // it is connected
        var next = 0u;
        using (var accepted = listener.Accept())
        {
            next = NextSequence(accepted);
            foreach (var frame in new[] { Tcp(here, mine, here, port, acknowledged: next + 1), Tcp(here, mine, here, port, acknowledged: next - (1U << 30)), Tcp(here, mine, here, port, Rst, sequence: 1) })
            {
                ForgetFlows(plane);
                plane.Run(In(frame)).Verdict.ShouldBe(XdpVerdict.Transmit, "while it is open");
            }

            accepted.Shutdown(SocketShutdown.Both);
        }

        socket.Receive(new byte[1]).ShouldBe(0);
        socket.Close();
        SpinWait.SpinUntil(() => IsOver(port, mine), TimeSpan.FromSeconds(20)).ShouldBeTrue("it is in TIME_WAIT");
        ForgetFlows(plane);
        plane.Run(In(Tcp(here, mine, here, port, acknowledged: next + 1))).Verdict.ShouldBe(XdpVerdict.Pass, "its own, in TIME_WAIT");
        ForgetFlows(plane);
        plane.Run(In(Tcp(here, mine, here, port, acknowledged: next + 2))).Verdict.ShouldBe(XdpVerdict.Transmit, "another's");
        plane.WriteRing(1, [peer]);
        ForgetFlows(plane);
        plane.Run(In(Tcp(here, mine, here, port, acknowledged: next + 2))).Verdict.ShouldBe(XdpVerdict.Transmit, "another's, whom the ring gives the peer");
        plane.Counters(peer).Packets.ShouldBe(5UL);
    });

    /// <summary>The same of errors about it: by the sequence number in what they quote.</summary>
    [BpfTheory]
    [InlineData("127.0.0.1", AddressFamily.InterNetwork, "192.0.2.1", 3, 4)]
    [InlineData("::1", AddressFamily.InterNetworkV6, "2001:db8::1", 2, 0)]
    public void Error_AboutAnotherConnectionOfTheSamePorts_GoesWhereTheRingsSay(string here, AddressFamily family, string router, int type, int code) => InNetwork(CookiesWhenFull, (listener, port) =>
    {
        using var plane = new DataPlane();
        var (local, peer) = Tier(plane, here, port);
        using var socket = Connect(here, family, port);
        using var accepted = listener.Accept();
        var (mine, next) = (((IPEndPoint)socket.LocalEndPoint!).Port, NextSequence(accepted)); // it is connected
        XdpVerdict About(byte[] packet) => plane.Run(In(Icmp(router, here, type, code, 1400, packet))).Verdict;
        byte[] Sent(uint sequence) => Tcp(here, port, here, mine, sequence: sequence);

        About(Sent(next)).ShouldBe(XdpVerdict.Pass, "sent by the connection that is here");
        About(Sent(next + 1)).ShouldBe(XdpVerdict.Transmit, "not yet sent by it");
        About(Sent(next - 1)).ShouldBe(XdpVerdict.Transmit, "acknowledged long ago");
        About(Sent(next - (1U << 30))).ShouldBe(XdpVerdict.Transmit, "by another connection");
        About(Sent(next)[..((family == AddressFamily.InterNetwork ? 20 : 40) + 4)]).ShouldBe(XdpVerdict.Transmit, "nobody knows when");

        plane.Counters(local).Packets.ShouldBe(1UL);
        plane.Counters(peer).Packets.ShouldBe(4UL);
    });

    [BpfFact]
    public void Segment_ThatAnswersACookieOfThisHost_Stays() => InNetwork(CookiesAlways, port =>
    {
        using var plane = new DataPlane();
        Tier(plane, Vip4, port, service => service with { Flags = Layout.ServiceFlags.SynCookies });
        var (verdict, answer) = plane.Run(In(Tcp(Client4, 40000, Vip4, port, Syn, "", sequence: 6)));
        verdict.ShouldBe(XdpVerdict.Transmit, "answered by a cookie");
        var cookie = BinaryPrimitives.ReadUInt32BigEndian(answer.AsSpan(14 + 20 + 4));

        plane.Run(In(Tcp(Client4, 40000, Vip4, port, sequence: 7, acknowledged: cookie + 1))).Verdict.ShouldBe(XdpVerdict.Pass);
        plane.Run(In(Tcp(Client4, 40001, Vip4, port, sequence: 7, acknowledged: cookie + 1))).Verdict.ShouldBe(XdpVerdict.Drop, "of a flood: not the peer's");
    });

    private static void InNetwork(int cookies, Action<int> test) => InNetwork(cookies, (_, port) => test(port));

    private static void InNetwork(int cookies, Action<Socket, int> test) => OwnNetwork.Run(cookies, () =>
    {
        using var listener = new Socket(AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp) { DualMode = true };
        listener.Bind(new IPEndPoint(IPAddress.IPv6Any, 0));
        listener.Listen();
        test(listener, ((IPEndPoint)listener.LocalEndPoint!).Port); // it is bound
    });

    private static Socket Connect(string here, AddressFamily family, int port)
    {
        var socket = new Socket(family, SocketType.Stream, ProtocolType.Tcp);
        socket.Connect(IPAddress.Parse(here), port);
        return socket;
    }

    // What a socket will send next: TCP_QUEUE_SEQ of the queue of what it sends, which is told while TCP_REPAIR is on (linux/tcp.h).
    private static uint NextSequence(Socket socket)
    {
        const int Tcp = 6, Repair = 19, RepairQueue = 20, QueueSequence = 21, SendQueue = 2, OffWithoutProbe = -1;
        void Set(int option, int value) => socket.SetRawSocketOption(Tcp, option, BitConverter.GetBytes(value));
        Span<byte> sequence = stackalloc byte[4];
        Set(Repair, 1);
        Set(RepairQueue, SendQueue);
        socket.GetRawSocketOption(Tcp, QueueSequence, sequence).ShouldBe(4);
        Set(Repair, OffWithoutProbe);
        return BitConverter.ToUInt32(sequence);
    }

    // Whether the connection of these ports is in TIME_WAIT at the listener's end, by whichever of the two tables has it.
    private static bool IsOver(int port, int client) => File.ReadLines("/proc/thread-self/net/tcp6").Concat(File.ReadLines("/proc/thread-self/net/tcp")).Any(
        line => line.Contains($":{port:X4} ", StringComparison.Ordinal) && line.Contains($":{client:X4} 06", StringComparison.Ordinal));

    private static void ForgetFlows(DataPlane plane)
    {
        for (var set = 0u; set < DataPlane.FlowSets * BpfCpus.Possible; set++)
            plane.Map("flows").Update(set, default(Layout.FlowSet));
    }

    // A service of this host and a peer, of which the ring names this host.
    private static (uint Local, uint Peer) Tier(DataPlane plane, string vip, int port, Func<Layout.Service, Layout.Service>? change = null)
    {
        var local = plane.AddService(vip, port, Tcp6, Layout.ForwardingKind.Local, ["10.0.0.11"], service => (change ?? (same => same))(service with { SecondLine = SecondLine, SecondSlots = 16, LocalBackend = 1 }));
        var peer = plane.AddBackend(local, "10.0.0.12", Layout.ForwardingKind.Ipip);
        plane.WriteRing(SecondLine, [peer]);
        return (1, peer);
    }

    private static (uint Ready, uint Drained) Drain(DataPlane plane, string vip, Func<Layout.Service, Layout.Service>? change = null)
    {
        var of4 = vip == Vip4;
        var service = plane.AddService(vip, 80, Tcp6, Layout.ForwardingKind.Ipip, [of4 ? "10.0.0.11" : "fd00::11"], one => (change ?? (same => same))(one with { SecondLine = SecondLine, SecondSlots = 16 }));
        var drained = plane.AddBackend(service, of4 ? "10.0.0.12" : "fd00::12", Layout.ForwardingKind.Ipip, backend => backend with { State = Layout.StateKind.Drain });
        plane.WriteRing(SecondLine, [drained]);
        return (1, drained);
    }
}
