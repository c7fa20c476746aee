// SPDX-License-Identifier: Apache-2.0
using System.Diagnostics;
using static Penstock.L7.Tests.Http2.FrameClient;

namespace Penstock.L7.Tests.Http2;

/// <summary>How a connection ends (RFC 9113 section 6.8): nothing that was begun is lost.</summary>
public sealed class DrainTests
{
    private const int LastOfAll = int.MaxValue;

    [Fact]
    public async Task Stop_IsAnnounced_StreamsOnTheirWayAreServed_ThenItEnds()
    {
        await using var engine = new Http2Engine();
        using var client = engine.Connect();
        client.Send(Request(1, "/a"));
        using var origin = engine.Accept();
        Http2Engine.ReadHead(origin);

        var drained = engine.Engine.DrainAsync(TimeSpan.FromSeconds(60));
        client.Expect($"GOAWAY {LastOfAll} NO_ERROR");
        var ping = client.Next();
        client.Send([.. Request(3, "/fixed"), .. Frame(Ping, Ack, 0, System.Text.Encoding.Latin1.GetBytes(ping["PING ".Length..]))]);
        var frames = new[] { client.Next(), client.Next(), client.Next() };
        client.Send([.. Request(5, "/fixed", "POST", ended: false), .. Frame(Data, EndStream, 5, new byte[10])]);
        Http2Engine.Send(origin, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");

        frames.ShouldContain(frame => frame.StartsWith("HEADERS 3 | :status: 200", StringComparison.Ordinal));
        frames.ShouldContain("DATA 3 6 end");
        frames.ShouldContain("GOAWAY 3 NO_ERROR");
        client.Next().ShouldStartWith("HEADERS 1 | :status: 200", Case.Sensitive, "what came too late is ignored, as GOAWAY has said");
        client.Expect("DATA 1 2 end");
        client.Expect("end");
        client.Dispose();
        (await drained).ShouldBe(0);
    }

    [Fact]
    public async Task Stop_OfAClientThatAnswersNoPing_GoesOnByItself()
    {
        await using var engine = new Http2Engine();
        using var client = engine.Connect();

        var drained = engine.Engine.DrainAsync(TimeSpan.FromSeconds(60));

        client.Until("GOAWAY 0 NO_ERROR");
        client.Expect("end");
        client.Dispose();
        (await drained).ShouldBe(0);
    }

    [Fact]
    public async Task Cut_TellsTheLastStream()
    {
        await using var engine = new Http2Engine();
        using var client = engine.Connect();
        client.Send(Request(1, "/a"));
        using var origin = engine.Accept();
        Http2Engine.ReadHead(origin);

        // Before a client that answers no PING is told by itself.
        var cut = await engine.Engine.DrainAsync(TimeSpan.FromMilliseconds(100));

        cut.ShouldBe(1);
        client.LastGoAway().ShouldBe("GOAWAY 1 NO_ERROR");
        origin.Receive(new byte[1]).ShouldBe(0);
    }

    [Fact]
    public async Task Cut_WaitsForNoClientThatTakesNothing()
    {
        await using var engine = new Http2Engine();
        using var client = engine.Connect((4, int.MaxValue));
        using var origin = engine.AnswerUntilHeld(client);

        await engine.Engine.DrainAsync(TimeSpan.FromMilliseconds(100));

        var patience = Stopwatch.StartNew();
        while (engine.Engine.OpenConnections() > 0 && patience.Elapsed < TimeSpan.FromSeconds(20))
            await Task.Delay(10);
        engine.Engine.OpenConnections().ShouldBe(0, "a client is given less time than for a body");
    }

    [Fact]
    public async Task RequestsPerConnection_EndItInOrder()
    {
        await using var engine = new Http2Engine(limits: new() { RequestsPerConnection = 2 });
        using var client = engine.Connect();

        client.Send([.. Request(1, "/fixed"), .. Request(3, "/fixed")]);

        client.Until($"GOAWAY {LastOfAll}");
        client.Until("DATA 1 6 end");
        client.Until("DATA 3 6 end");
        client.Until("GOAWAY 3 NO_ERROR");
        client.Expect("end");
    }

    [Fact]
    public async Task ClientThatCloses_EndsItsRequests()
    {
        await using var engine = new Http2Engine();
        var client = engine.Connect();
        client.Send(Request(1, "/a"));
        using var origin = engine.Accept();
        Http2Engine.ReadHead(origin);

        client.Reset();

        origin.Receive(new byte[1]).ShouldBe(0);
    }
}
