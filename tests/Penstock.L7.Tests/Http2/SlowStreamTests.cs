// SPDX-License-Identifier: Apache-2.0
using System.Diagnostics;
using System.Net.Sockets;
using Penstock.L7.Errors;
using static Penstock.L7.Tests.Http2.FrameClient;

namespace Penstock.L7.Tests.Http2;

/// <summary>The least rates of a listener, asked of streams: each test lasts longer than the grace of 5 s.</summary>
public sealed class SlowStreamTests
{
    private const int Pace = 250;
    private const int Patience = 30_000 / Pace;

    [Fact]
    public async Task ByteOfWindowNowAndThen_IsTooSlow()
    {
        await using var engine = new Http2Engine();
        using var client = engine.Connect((4, 0));
        client.Send(Request(1, "/fixed"));
        client.Send(Request(3, "/a"));
        using var origin = engine.Accept();
        Http2Engine.ReadHead(origin);
        Http2Engine.Send(origin, "HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n" + new string('x', 10_000));

        var ends = Drip(client, Frame(WindowUpdate, 0, 3, Number(1)), streams: 2);

        ends.ShouldBe(["RST_STREAM 1 ENHANCE_YOUR_CALM", "RST_STREAM 3 ENHANCE_YOUR_CALM"]);
        engine.CountOf(ProxyError.ResponseNotTaken).ShouldBe(2);
    }

    [Fact]
    public async Task ByteOfContentNowAndThen_IsTooSlow()
    {
        await using var engine = new Http2Engine();
        using var client = engine.Connect();
        client.Send(Request(1, "/a", "POST", ended: false));
        using var origin = engine.Accept();

        var ends = Drip(client, Frame(Data, 0, 1, 1), streams: 1);

        ends.ShouldBe(["RST_STREAM 1 NO_ERROR"]); // Behind a response that is whole.
        engine.CountOf(ProxyError.RequestBodyTimeout).ShouldBe(1);
    }

    [Fact]
    public async Task CallWithoutAMessage_IsNotTooSlow_OneInTheMiddleOfAMessageIs()
    {
        await using var engine = new Http2Engine();
        using var client = engine.Connect();
        client.Send(Request(1, "/a", "POST", ended: false, "content-type: application/grpc"));
        client.SendFrame(Data, 0, 1, 0, 0, 0, 0, 1, 9);
        using var origin = engine.Accept();
        client.Send(Request(3, "/b", "POST", ended: false, "content-type: application/grpc"));
        client.SendFrame(Data, 0, 3, 0, 0, 0, 0, 2, 9);
        using var other = engine.Accept();

        Drip(client, [], streams: 1).ShouldBe(["RST_STREAM 3 NO_ERROR"]);

        client.SendFrame(Data, EndStream, 1, 0, 0, 0, 0, 0);
        Http2Engine.ReadHead(origin);
        Http2Engine.ReadBytes(origin, "6\r\n".Length + 6 + "\r\n".Length + "5\r\n".Length + 5 + "\r\n0\r\n\r\n".Length).ShouldEndWith("\r\n0\r\n\r\n");
        engine.CountOf(ProxyError.RequestBodyTimeout).ShouldBe(1);
    }

    [Fact]
    public async Task BodyThatWaitsToBeToldToCome_IsNotTooSlow()
    {
        await using var engine = new Http2Engine();
        using var client = engine.Connect();
        client.Send(Request(1, "/a", "POST", ended: false, "expect: 100-continue"));
        using var origin = engine.Accept();
        Http2Engine.ReadHead(origin);

        Drip(client, [], streams: 0, milliseconds: 7000).ShouldBeEmpty();

        Http2Engine.Send(origin, "HTTP/1.1 100 Continue\r\n\r\n");
        client.NextButWindows().ShouldStartWith("HEADERS 1 | :status: 100");
    }

    [Fact]
    public async Task Uploads_ShareTheTime()
    {
        // Each sends a fifth of the least rate: alone, that is too slow after 6.3 s.
        await using var engine = new Http2Engine(timeouts: new() { MinRequestBytesPerSecond = 10_000 });
        using var client = engine.Connect();
        List<Socket> origins = [];
        for (var stream = 1; stream < 9; stream += 2)
        {
            client.Send(Request(stream, "/a", "POST", ended: false));
            origins.Add(engine.Accept());
        }

        byte[] pieces = [.. Enumerable.Range(0, 4).SelectMany(i => Frame(Data, 0, (2 * i) + 1, new byte[10 * Pace / 5]))];
        Drip(client, pieces, streams: 0, milliseconds: 8000).ShouldBeEmpty();
        origins.ForEach(origin => origin.Dispose());
    }

    [Fact]
    public async Task FrameThatComesSlowly_IsWorthTimeOfAllThatWait()
    {
        await using var engine = new Http2Engine();
        using var client = engine.Connect();
        List<Socket> origins = [];
        for (var stream = 1; stream < 5; stream += 2)
        {
            client.Send(Request(stream, "/a", "POST", ended: false));
            origins.Add(engine.Accept());
        }

        client.Send(Frame(Data, 0, 1, new byte[16_000])[..9]);

        for (var i = 0; i < 12_000 / Pace; i++)
        {
            client.Send(new byte[600 * Pace / 1000]); // 2.5 times the least rate
            await Task.Delay(Pace);
        }

        engine.CountOf(ProxyError.RequestBodyTimeout).ShouldBe(0);
        origins.ForEach(origin => origin.Dispose());
    }

    [Fact]
    public async Task ByteOfTheConnectionsWindowNowAndThen_IsTooSlow()
    {
        await using var engine = new Http2Engine(timeouts: new() { MinResponseBytesPerSecond = 1 << 20 });
        using var client = engine.Connect((4, 1 << 20));
        client.Send(Request(1, "/a"));
        using var origin = engine.Accept();
        Http2Engine.ReadHead(origin);
        Http2Engine.Send(origin, "HTTP/1.1 200 OK\r\nContent-Length: 70000\r\n\r\n" + new string('x', 70_000));

        var ends = Drip(client, Frame(WindowUpdate, 0, 0, Number(1)), streams: 1);

        ends.ShouldBe(["RST_STREAM 1 ENHANCE_YOUR_CALM"]);
        engine.CountOf(ProxyError.ResponseNotTaken).ShouldBe(1);
    }

    [Fact]
    public async Task StreamThatWaitsForWhatAnotherHoldsOfTheConnectionsWindow_OutlastsIt()
    {
        await using var engine = new Http2Engine(timeouts: new() { MinResponseBytesPerSecond = 1 << 20 });
        using var client = engine.Connect();
        client.Send(Request(1, "/a"));
        using var origin = engine.Accept();
        Http2Engine.ReadHead(origin);
        Http2Engine.Send(origin, "HTTP/1.1 200 OK\r\nContent-Length: 70000\r\n\r\n" + new string('x', 70_000));
        for (var taken = 0; taken < 65_535; taken += client.LastPayload.Length)
            client.Until("DATA 1 "); // Which uses up both windows.
        client.Send(Request(3, "/fixed"));
        client.Next().ShouldStartWith("HEADERS 3 | :status: 200");

        client.Next().ShouldBe("RST_STREAM 1 ENHANCE_YOUR_CALM");
        client.SendFrame(WindowUpdate, 0, 0, Number(65_535));

        client.Next().ShouldBe("DATA 3 6 end");
    }

    [Fact]
    public async Task ConnectionThatIsReadTooSlowly_Ends_AndItsStreamsSayWhy()
    {
        await using var engine = new Http2Engine(timeouts: new() { MinResponseBytesPerSecond = 1 << 30 });
        using var client = engine.ConnectPlain(receives: 4096);
        client.Send([.. "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8, .. Frame(Settings, 0, 0, [0, 4, .. Number(int.MaxValue)]), .. Frame(WindowUpdate, 0, 0, Number(1 << 30)), .. Request(1, "/a")]);
        using var origin = engine.Accept();
        Http2Engine.ReadHead(origin);
        Http2Engine.Send(origin, "HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n");
        Http2Engine.SendUntilHeld(origin, 100_000_000).ShouldBeLessThan(50_000_000);

        var buffer = new byte[16384];
        for (var i = 0; i < Patience && engine.CountOf(ProxyError.ResponseNotTaken) == 0; i++)
        {
            client.Receive(buffer, 0, buffer.Length, SocketFlags.None, out _);
            await Task.Delay(Pace);
        }

        engine.CountOf(ProxyError.ResponseNotTaken).ShouldBe(1);
    }

    /// <summary>Sends frames again and again until so many streams are reset, or the time is over.</summary>
    /// <returns>The resets.</returns>
    private static string[] Drip(FrameClient client, byte[] frames, int streams, int milliseconds = Pace * Patience)
    {
        List<string> resets = [];
        for (var clock = Stopwatch.StartNew(); (streams == 0 || resets.Count < streams) && clock.ElapsedMilliseconds < milliseconds;)
        {
            client.Send([.. frames, .. Frame(Ping, 0, 0, "are you "u8.ToArray())]);
            for (var frame = client.Next(); frame != "PING ack are you "; frame = client.Next())
            {
                frame.ShouldNotBe("end");
                frame.ShouldNotStartWith("GOAWAY");
                if (frame.StartsWith("RST_STREAM", StringComparison.Ordinal))
                    resets.Add(frame);
            }

            Thread.Sleep(Pace);
        }

        return [.. resets];
    }
}
