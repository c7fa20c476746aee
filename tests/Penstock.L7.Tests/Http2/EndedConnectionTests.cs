// SPDX-License-Identifier: Apache-2.0
using Penstock.Model.L7;
using static Penstock.L7.Tests.Http2.FrameClient;

namespace Penstock.L7.Tests.Http2;

/// <summary>Origins that end their connections while requests are on them or on their way: none is lost that can go over another.</summary>
public sealed class EndedConnectionTests
{
    /// <summary>Others come before it again and again, on connections that end after one request or two.</summary>
    [Fact]
    public async Task RequestBehindTheLastOfManyConnections_IsCarriedAtLast()
    {
        await using var engine = StreamOriginTests.H2();
        using var client = engine.Connect();

        client.Send([.. Enumerable.Range(0, 12).SelectMany(i => Request(1 + (2 * i), "/", "POST"))]);
        for (var left = 12; left > 0;)
        {
            using var origin = engine.AcceptStreams();
            for (var i = 0; i < left; i++)
                origin.Next().ShouldStartWith($"HEADERS {1 + (2 * i)} end");
            var taken = left % 3 == 0 ? 1 : 2;
            left -= taken;
            origin.Send([.. GoAwayAfter(taken), .. Enumerable.Range(0, taken).SelectMany(i => Response(1 + (2 * i)))]);
            for (var i = 0; i < taken; i++)
                client.Until("HEADERS").ShouldContain(" end | :status: 200");
        }
    }

    /// <summary>One that takes nothing at all is no better the next time.</summary>
    [Fact]
    public async Task Origin_ThatEndsEachConnectionBeforeItsFirstRequest_IsAnError()
    {
        await using var engine = StreamOriginTests.H2();
        using var client = engine.ConnectPlain();

        Http2Engine.Send(client, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
        for (var i = 0; i < 4; i++)
        {
            using var origin = engine.AcceptStreams();
            origin.Next().ShouldStartWith("HEADERS 1 end");
            origin.SendFrame(GoAway, 0, 0, new byte[8]);
            origin.LastGoAway().ShouldBe("GOAWAY 0 NO_ERROR");
        }

        Http2Engine.ReadHead(client).ShouldContain("Proxy-Status: lb1; error=destination_unavailable; details=\"stream_refused\"\r\n");
    }

    [Fact]
    public async Task Connections_ThatEndAfterAsManyRequests_GetNoMore_UntilOneGoesOn()
    {
        await using var engine = StreamOriginTests.H2(pool: new PoolLimits { MaxConnections = 2 });
        using var client = engine.Connect();

        client.Send([.. Request(1), .. Request(3), .. Request(5)]);
        TakeTwoOfThree(engine, client);
        client.Send([.. Request(7), .. Request(9)]);
        TakeTwoOfThree(engine, client);
        client.Send([.. Request(11), .. Request(13), .. Request(15), .. Request(17)]);
        using var third = engine.AcceptStreams();
        using var fourth = engine.AcceptStreams();
        third.Next().ShouldStartWith("HEADERS 1 end");
        third.Next().ShouldStartWith("HEADERS 3 end");
        fourth.Next().ShouldStartWith("HEADERS 1 end");
        fourth.Next().ShouldStartWith("HEADERS 3 end");
        third.Next().ShouldStartWith("HEADERS 5 end", Case.Sensitive, "there may be no third connection");

        fourth.Send(Response(3)); // And no GOAWAY before.
        client.Until("HEADERS").ShouldStartWith("HEADERS 15 end | :status: 200");
        third.Send([.. Response(1), .. Response(3), .. Response(5)]);
        for (var i = 0; i < 3; i++)
            client.Until("HEADERS").ShouldContain(" end | :status: 200");
        client.Send([.. Request(19), .. Request(21)]);
        third.NextButWindows().ShouldStartWith("HEADERS 7 end");
        third.NextButWindows().ShouldStartWith("HEADERS 9 end");
    }

    /// <summary>The proxy is sending when the reset comes, and so meets it before what the origin has sent.</summary>
    [Fact]
    public async Task Reset_BehindResponseAndGoAway_TakesNeitherAway()
    {
        await using var engine = StreamOriginTests.H2();
        using var client = engine.Connect();
        using var other = engine.ConnectPlain();

        client.Send([.. Request(1, "/1", "POST"), .. Request(3, "/2", "POST")]);
        using var first = engine.AcceptStreams((4, int.MaxValue));
        first.Next().ShouldStartWith("HEADERS 1 end");
        first.Next().ShouldStartWith("HEADERS 3 end");
        first.SendFrame(WindowUpdate, 0, 0, Number(1 << 30));
        Http2Engine.Send(other, "POST /3 HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000\r\n\r\n");
        Http2Engine.SendUntilHeld(other, 100_000_000).ShouldBeLessThan(50_000_000);
        engine.WhileHeld(() =>
        {
            first.Send([.. Response(1, 201), .. GoAwayAfter(1)]);
            first.Reset();
        });

        client.Until("HEADERS").ShouldStartWith("HEADERS 1 end | :status: 201");
        using var second = engine.AcceptStreams();
        second.Next().ShouldContain(" | :path: /2 | ");
        second.Send(Response(1, 202));
        client.Until("HEADERS").ShouldStartWith("HEADERS 3 end | :status: 202");
    }

    private static byte[] GoAwayAfter(int requests) => Frame(GoAway, 0, 0, [.. Number((uint)((2 * requests) - 1)), .. Number(0)]);

    private static void TakeTwoOfThree(Http2Engine engine, FrameClient client)
    {
        using var origin = engine.AcceptStreams();
        for (var i = 0; i < 3; i++)
            origin.Next().ShouldStartWith($"HEADERS {1 + (2 * i)} end");
        origin.Send([.. GoAwayAfter(2), .. Response(1), .. Response(3)]);
        client.Until("HEADERS").ShouldContain(" end | :status: 200");
        client.Until("HEADERS").ShouldContain(" end | :status: 200");
        origin.LastGoAway().ShouldBe("GOAWAY 0 NO_ERROR");
    }
}
