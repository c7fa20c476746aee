// SPDX-License-Identifier: Apache-2.0
using System.Net.Sockets;
using static Penstock.L7.Tests.Http2.FrameClient;

namespace Penstock.L7.Tests.Http2;

/// <summary>Windows both ways (RFC 9113 section 5.2), and that a slow end holds the other.</summary>
public sealed class FlowControlTests
{
    [Fact]
    public async Task Response_WaitsForTheWindowOfItsStream()
    {
        await using var engine = new Http2Engine();
        using var client = engine.Connect((4, 3)); // INITIAL_WINDOW_SIZE

        client.Send(Request(1, "/fixed"));
        client.Next().ShouldStartWith("HEADERS 1 | :status: 200");
        client.Expect("DATA 1 3");
        client.SendFrame(WindowUpdate, 0, 1, Number(2));
        client.Expect("DATA 1 2");
        client.SendFrame(Settings, 0, 0, 0, 4, 0, 0, 0, 1); // One less than before: the window is -2.
        client.Expect("SETTINGS ack");
        client.SendFrame(WindowUpdate, 0, 1, Number(2));
        client.SendFrame(Ping, 0, 0, "no data "u8.ToArray());
        client.Expect("PING ack no data ");
        client.SendFrame(Settings, 0, 0, 0, 4, 0, 0, 0, 5);

        client.Expect("SETTINGS ack");
        client.Expect("DATA 1 1 end");
    }

    [Fact]
    public async Task EmptyEnd_NeedsNoWindow()
    {
        await using var engine = new Http2Engine();
        using var client = engine.Connect((4, 3));

        client.Send(Request(1, "/a"));
        using var origin = engine.Accept();
        Http2Engine.ReadHead(origin);
        Http2Engine.Send(origin, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
        client.Next().ShouldStartWith("HEADERS 1");
        client.Expect("DATA 1 3");
        Http2Engine.Send(origin, "0\r\n\r\n");

        client.Expect("DATA 1 0 end");
    }

    [Fact]
    public async Task StreamWithoutWindow_HoldsItsOrigin_AndNoOther()
    {
        await using var engine = new Http2Engine();
        using var client = engine.Connect((4, 0));
        client.Send(Request(1, "/a"));
        using var origin = engine.Accept();
        Http2Engine.ReadHead(origin);
        Http2Engine.Send(origin, "HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n");
        client.Next().ShouldStartWith("HEADERS 1");

        var sent = Http2Engine.SendUntilHeld(origin, 100_000_000);
        client.Send([.. Request(3, "/fixed"), .. Frame(WindowUpdate, 0, 3, Number(100))]);

        sent.ShouldBeLessThan(50_000_000, "the origin is held");
        client.Next().ShouldStartWith("HEADERS 3 | :status: 200");
        client.Expect("DATA 3 6 end");
    }

    [Fact]
    public async Task Upload_ThatTheOriginDoesNotTake_IsHeldByItsWindow()
    {
        await using var engine = new Http2Engine();
        using var client = engine.Connect();
        client.Send(Request(1, "/a", "POST", ended: false));
        using var origin = engine.Accept();
        Http2Engine.ReadHead(origin);
        long window = 65536, sent = 0;

        // The origin reads nothing: windows are given back until the kernel's buffers are full.
        while (window > 0)
        {
            var length = (int)Math.Min(window, 16384);
            client.SendFrame(Data, 0, 1, new byte[length]);
            (window, sent) = (window - length, sent + length);
            client.SendFrame(Ping, 0, 0, "are you "u8.ToArray());
            for (var frame = client.Next(); frame != "PING ack are you "; frame = client.Next())
                window += frame.StartsWith("WINDOW_UPDATE 1 ", StringComparison.Ordinal) ? long.Parse(frame["WINDOW_UPDATE 1 ".Length..], System.Globalization.CultureInfo.InvariantCulture) : 0;
            sent.ShouldBeLessThan(100_000_000, "the client is never held");
        }

        // Then it does.
        var buffer = new byte[1 << 20];
        var received = 0L;
        while (received < sent)
            received += origin.Receive(buffer);
        client.Until("WINDOW_UPDATE 1 ");
    }

    [Fact]
    public async Task ContentBeyondTheWindow_ResetsTheStream()
    {
        await using var engine = new Http2Engine(new() { StreamWindowBytes = 16 << 10 });
        using var client = engine.Connect();

        // All at once: nothing is forwarded before the connection to the origin is there.
        client.Send([.. Request(1, "/a", "POST", ended: false), .. Frame(Data, 0, 1, new byte[16384]), .. Frame(Data, 0, 1, new byte[1])]);

        client.NextButWindows().ShouldBe("RST_STREAM 1 FLOW_CONTROL_ERROR");
    }

    [Fact]
    public async Task WindowOfTheConnection_IsSharedAndGivenBack()
    {
        await using var engine = new Http2Engine();
        using var client = engine.Connect((4, 1 << 20));
        client.Send([.. Request(1, "/a"), .. Request(3, "/b")]);
        using var first = engine.Accept();
        using var second = engine.Accept();
        Http2Engine.ReadHead(first);
        Http2Engine.ReadHead(second);
        var content = new string('x', 60_000);
        Http2Engine.Send(first, "HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n" + content);
        var got = new Dictionary<string, int>(StringComparer.Ordinal);
        Take(client, got, 60_000);
        Http2Engine.Send(second, "HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n" + content);
        Take(client, got, 65_535);
        client.SendFrame(Ping, 0, 0, "no more "u8.ToArray());
        client.Expect("PING ack no more ");

        client.SendFrame(WindowUpdate, 0, 0, Number(100_000));

        Take(client, got, 120_000);
        got["1"].ShouldBe(60_000);
        got["3"].ShouldBe(60_000);
    }

    [Fact]
    public async Task TightWindowOfTheConnection_IsSharedInTurns()
    {
        await using var engine = new Http2Engine();
        using var client = engine.Connect((4, 1 << 20));
        client.Send([.. Request(1, "/a"), .. Request(3, "/b")]);
        using var first = engine.Accept();
        using var second = engine.Accept();
        foreach (var origin in (Socket[])[first, second])
        {
            Http2Engine.ReadHead(origin);
            Http2Engine.Send(origin, "HTTP/1.1 200 OK\r\nContent-Length: 250000\r\n\r\n" + new string('x', 250_000));
        }

        var got = new Dictionary<string, int>(StringComparer.Ordinal);
        Take(client, got, 65_535);
        var before = new Dictionary<string, int>(got, StringComparer.Ordinal);
        for (var i = 1; i <= 10; i++)
        {
            client.SendFrame(WindowUpdate, 0, 0, Number(16384));
            Take(client, got, 65_535 + (i * 16384));
        }

        // Both have more left than all that, so that one alone could take it. Strictly by turns but where an origin's next piece is a moment late.
        var (one, other) = (got["1"] - before.GetValueOrDefault("1"), got["3"] - before.GetValueOrDefault("3"));
        Math.Abs(one - other).ShouldBeLessThanOrEqualTo(4 * 16384);
    }

    [Fact]
    public async Task Padding_IsGivenBack()
    {
        await using var engine = new Http2Engine(new() { StreamWindowBytes = 16 << 10 });
        using var client = engine.Connect();
        client.Send(Request(1, "/a", "POST", ended: false));
        using var origin = engine.Accept();
        for (var i = 0; i < 1000; i++)
        {
            // 256 of 257 bytes of the payload are padding; without giving it back the window would be used up after 64 frames.
            client.SendFrame(Data, Padded, 1, [255, (byte)'x', .. new byte[255]]);
            if (i % 20 == 0)
            {
                client.SendFrame(Ping, 0, 0, "are you "u8.ToArray());
                client.NextButWindows().ShouldBe("PING ack are you ");
            }
        }

        client.SendFrame(Data, EndStream, 1);
        Http2Engine.ReadHead(origin);
    }

    private static void Take(FrameClient client, Dictionary<string, int> got, int sum)
    {
        while (got.Values.Sum() < sum)
        {
            var words = client.Next().Split(' ');
            if (words[0] == "DATA")
                got[words[1]] = got.GetValueOrDefault(words[1]) + int.Parse(words[2], System.Globalization.CultureInfo.InvariantCulture);
        }
    }
}
