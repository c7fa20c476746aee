// SPDX-License-Identifier: Apache-2.0
using System.Net.Sockets;
using Penstock.Http2.Hpack;
using Penstock.Http2.Tests;
using Penstock.L7.Errors;
using Penstock.Tests;
using Xunit.Abstractions;
using static Penstock.L7.Tests.Http2.FrameClient;

namespace Penstock.L7.Tests.Http2;

/// <summary>Peers that ask for much at little cost, and what they get.</summary>
[Collection(AloneCollection.Name)]
public sealed class FloodTests(ITestOutputHelper output)
{
    private const int Many = 20_000;
    private const int Concurrent = 100;

    /// <summary>What a flood may cost, of CPU time of the client and the proxy together: many times what it does, for machines that are slow.</summary>
    private static readonly TimeSpan s_most = TimeSpan.FromSeconds(2);

    public static TheoryData<string, string> Floods => new()
    {
        { "settings", "control_flood" },
        { "settings ack", "control_flood" },
        { "ping", "control_flood" },
        { "priority", "control_flood" },
        { "unknown", "control_flood" },
        { "goaway", "control_flood" },
        { "empty data", "empty_frame_flood" },
        { "window updates", "window_update_flood" },
        { "continuation", "continuation_flood" },
        { "continuation bytes", "field_block_too_large" },
        { "rapid reset", "reset_flood" },
        { "malformed requests", "reset_flood" },
        { "made to reset", "reset_flood" },
        { "refused streams", "reset_flood" },
        { "data after a reset", "closed_stream_flood" },
        { "trailers after a reset", "closed_stream_flood" },
    };

    [Theory]
    [MemberData(nameof(Floods))]
    public async Task Flood_EndsTheConnection_AndIsCounted(string kind, string reason)
    {
        using var meter = new Http2Counts();
        await using var engine = new Http2Engine();
        using var client = engine.Connect();
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var begun = Environment.CpuUsage.TotalTime;

        var sent = 0;
        foreach (var frames in Frames(kind))
        {
            if (!client.TrySend(frames))
                break;
            sent++;
        }

        client.LastGoAway().ShouldEndWith("ENHANCE_YOUR_CALM");
        meter.Broken(reason).ShouldBe(1);
        var used = Environment.CpuUsage.TotalTime - begun;
        var held = GC.GetTotalMemory(forceFullCollection: true) - before;
        Tell(kind, sent, used, held);
        held.ShouldBeLessThan(8 << 20, kind);
        used.ShouldBeLessThan(s_most, kind);
        using var other = engine.Connect();
        other.Send(Request(1, "/fixed"));
        other.Next().ShouldStartWith("HEADERS 1 | :status: 200");
    }

    [Fact]
    public async Task ControlFramesThatNobodyTakes_EndTheConnection_WhateverTheyAre()
    {
        using var meter = new Http2Counts();
        await using var engine = new Http2Engine(new() { StreamWindowBytes = 16 << 10 });
        using var client = engine.Connect((4, int.MaxValue));
        using var held = engine.AnswerUntilHeld(client);
        client.Send(Request(3, "/b", "POST", ended: false));
        using var origin = engine.Accept();
        Http2Engine.ReadHead(origin);

        // Each piece that the origin has got gives the client a piece of the stream's window: with the answers to PING that is more than may wait.
        client.Send([.. Enumerable.Repeat(Frame(Ping, 0, 0, new byte[8]), 900).SelectMany(frame => frame)]);
        var buffer = new byte[65536];
        for (var i = 0; i < 10_000 && meter.Broken("control_queue_full") == 0; i++)
        {
            client.SendFrame(Data, 0, 3, new byte[8192]);
            if (!TryReceive(origin, buffer, 8192))
                break;
        }

        meter.Broken("control_queue_full").ShouldBe(1);
        client.LastGoAway().ShouldBe("GOAWAY 3 ENHANCE_YOUR_CALM");
    }

    [Fact]
    public async Task HeaderBomb_IsDecodedInConstantMemory_AndAnsweredWith431()
    {
        await using var engine = new Http2Engine();
        using var client = engine.Connect();
        var before = GC.GetTotalAllocatedBytes(precise: true);
        var begun = Environment.CpuUsage.TotalTime;

        // One field of 4000 bytes goes into the table, and is asked for 12,000 times by one byte each: 48 MB.
        byte[] big = [0x40, 1, (byte)'x', 0x7f, .. Size(4000), .. new byte[4000].Select(_ => (byte)'y')];
        client.Send(Frame(Headers, EndHeaders | EndStream, 1, [.. Blocks.Literal(":method: GET", ":scheme: http", ":path: /fixed", ":authority: a"), .. big, .. Enumerable.Repeat((byte)0xbe, 12_000)]));

        client.Next().ShouldStartWith("HEADERS 1 | :status: 431");
        var used = Environment.CpuUsage.TotalTime - begun;
        var allocated = GC.GetTotalAllocatedBytes(precise: true) - before;
        Tell("one field of 4000 bytes, asked for 12,000 times by one byte", 1, used, allocated);
        allocated.ShouldBeLessThan(2 << 20);
        used.ShouldBeLessThan(s_most);
    }

    [Fact]
    public async Task ClientThatOpensNoWindow_IsLetGoAfterTheBodyTimeout()
    {
        await using var engine = new Http2Engine(timeouts: new() { Body = TimeSpan.FromMilliseconds(200) });
        using var client = engine.Connect((4, 0));

        client.Send(Request(1, "/fixed"));

        client.Next().ShouldStartWith("HEADERS 1 | :status: 200");
        client.Expect("RST_STREAM 1 ENHANCE_YOUR_CALM");
    }

    [Fact]
    public async Task StreamsWithoutWindow_AreLetGo_AndThenTheirConnection()
    {
        using var meter = new Http2Counts();
        await using var engine = new Http2Engine();
        byte[] answer = [.. "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n"u8, .. new byte[1_000_000]];
        var before = GC.GetTotalMemory(forceFullCollection: true);
        using var client = engine.Connect((4, 0));
        List<Socket> origins = [];
        for (var i = 0; i < Concurrent; i++)
        {
            client.Send(Request((2 * i) + 1, "/a"));
            var origin = engine.Accept();
            origins.Add(origin);
            Http2Engine.ReadHead(origin);
            origin.Blocking = false;
            origin.Send(answer, SocketFlags.None, out _);
            client.Until("HEADERS ");
        }

        var held = GC.GetTotalMemory(forceFullCollection: true) - before;
        var begun = Environment.CpuUsage.TotalTime;
        for (var i = 0; i < Concurrent; i++)
            client.Until("RST_STREAM ").ShouldEndWith("ENHANCE_YOUR_CALM");
        engine.CountOf(ProxyError.ResponseNotTaken).ShouldBe(Concurrent);

        for (var i = 0; i < Concurrent / 10; i++)
            client.Send(Request((2 * (Concurrent + i)) + 1, "/fixed"));
        client.LastGoAway().ShouldEndWith("NO_ERROR");
        meter.Broken("slow_stream_flood").ShouldBe(1);
        var used = Environment.CpuUsage.TotalTime - begun;
        Tell("streams without a window, with content", Concurrent, used, held);
        held.ShouldBeLessThan(48 << 20);
        used.ShouldBeLessThan(2 * s_most);
        origins.ForEach(origin => origin.Dispose());
    }

    [Fact]
    public async Task BlockThatIsNotEnded_HasTheTimeOfAHead()
    {
        await using var engine = new Http2Engine(timeouts: new() { Header = TimeSpan.FromMilliseconds(300) });
        using var client = engine.Connect();

        client.SendFrame(Headers, EndStream, 1, Blocks.Literal(":method: GET"));

        client.Expect("GOAWAY 0 NO_ERROR");
        client.Expect("end");
    }

    [Fact]
    public async Task IdleConnection_IsEndedWithGoAway()
    {
        await using var engine = new Http2Engine(timeouts: new() { Idle = TimeSpan.FromMilliseconds(300) });
        using var client = engine.Connect();
        client.Send(Request(1, "/fixed"));
        client.Until("DATA 1 6 end");

        for (var i = 0; i < 100; i++)
            client.TrySend(Frame(Ping, 0, 0, new byte[8]));

        client.Until("GOAWAY").ShouldBe("GOAWAY 1 NO_ERROR");
    }

    /// <summary>A line for <c>make perf-floods</c>.</summary>
    private void Tell(string kind, int sent, TimeSpan used, long held) => output.WriteLine($"flood | {kind} | {sent} | {used.TotalMilliseconds:0} | {Math.Max(0, held >> 10)}");

    /// <summary>Reads at least so many bytes.</summary>
    /// <returns>False when the connection ends before.</returns>
    private static bool TryReceive(Socket socket, byte[] buffer, int count)
    {
        for (var received = 0; received < count;)
        {
            var more = socket.Receive(buffer, 0, buffer.Length, SocketFlags.None, out var error);
            if (more == 0 || error != SocketError.Success)
                return false;
            received += more;
        }

        return true;
    }

    private static byte[] Size(int size)
    {
        var prefix = new byte[6];
        var length = HpackInteger.Write(prefix, 0, 7, size);
        return prefix[1..length];
    }

    private static IEnumerable<byte[]> Frames(string kind)
    {
        switch (kind)
        {
            case "settings": return Enumerable.Repeat(Frame(Settings, 0, 0), Many);
            case "settings ack": return Enumerable.Repeat(Frame(Settings, Ack, 0), Many);
            case "ping": return Enumerable.Repeat(Frame(Ping, 0, 0, new byte[8]), Many);
            case "priority": return Enumerable.Repeat(Frame(Priority, 0, 5, new byte[5]), Many);
            case "unknown": return Enumerable.Repeat(Frame(0x42, 0, 0), Many);
            case "goaway": return Enumerable.Repeat(Frame(GoAway, 0, 0, new byte[8]), Many);
            case "empty data": return Enumerable.Repeat(Frame(Data, 0, 1), Many).Prepend(Request(1, "/slow", "POST", ended: false));
            case "window updates": return Enumerable.Repeat(Frame(WindowUpdate, 0, 0, Number(1)), Many);
            case "continuation": return Enumerable.Repeat(Frame(Continuation, 0, 1), Many).Prepend(Frame(Headers, EndStream, 1));
            case "continuation bytes": return Enumerable.Repeat(Frame(Continuation, 0, 1, new byte[16384]), Many).Prepend(Frame(Headers, EndStream, 1));
            case "rapid reset": return Streams(id => [.. Request(id, "/slow"), .. Frame(RstStream, 0, id, Number(8))]);
            case "malformed requests": return Streams(id => Request(id, "/slow", "GET", ended: true, "connection: close"));
            case "made to reset": return Streams(id => [.. Request(id, "/slow"), .. Frame(WindowUpdate, 0, id, Number(0))]);
            case "refused streams": return Streams(id => Request(id, "/slow"));
            case "data after a reset": return Enumerable.Repeat(Frame(Data, 0, 1, 0), Many).Prepend(ResetByProxy(1));
            case "trailers after a reset": return Enumerable.Repeat(Frame(Headers, EndHeaders | EndStream, 1, Blocks.Literal("x: y")), Many).Prepend(ResetByProxy(1));
            default: throw new ArgumentOutOfRangeException(nameof(kind), kind, message: null);
        }
    }

    private static byte[] ResetByProxy(int stream) => [.. Request(stream, "/slow", "POST", ended: false), .. Frame(WindowUpdate, 0, stream, Number(0))];

    private static IEnumerable<byte[]> Streams(Func<int, byte[]> frames) => Enumerable.Range(0, Many).Select(i => frames((2 * i) + 1));
}
