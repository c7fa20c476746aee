// SPDX-License-Identifier: Apache-2.0
using Penstock.Http2.Tests;
using Penstock.Model.L7;
using static Penstock.L7.Tests.Http2.FrameClient;

namespace Penstock.L7.Tests.Http2;

/// <summary>Requests that are forwarded to an HTTP/2 origin, and their responses, of clients of either version.</summary>
public sealed class StreamOriginTests
{
    private const string Get = "GET /a?b=c HTTP/1.1\r\nHost: shop.example.com\r\nCookie: a=1\r\nX-Hop: 1\r\nConnection: x-hop\r\n\r\n";

    [Fact]
    public async Task PlainClient_RequestsOneAfterTheOther_ShareAConnection()
    {
        await using var engine = H2();
        using var client = engine.ConnectPlain();

        Http2Engine.Send(client, Get);
        using var origin = engine.AcceptStreams();
        var first = origin.Next();
        origin.Send([.. Response(1, 200, ended: false, "content-type: text/plain", "content-length: 5", "date: x"), .. Frame(Data, EndStream, 1, "hello"u8.ToArray())]);
        var answer = Http2Engine.ReadHead(client);
        var body = Http2Engine.ReadBytes(client, 5);
        Http2Engine.Send(client, Get);
        var second = origin.NextButWindows();
        origin.Send(Response(3, 404));

        first.ShouldStartWith("HEADERS 1 end | :method: GET | :scheme: http | :authority: shop.example.com | :path: /a?b=c | cookie: a=1 | x-forwarded-for: 127.0.0.1 | x-forwarded-proto: http | x-forwarded-host: shop.example.com | via: 1.1 lb1 | x-request-id: ");
        answer.ShouldStartWith("HTTP/1.1 200 OK\r\nX-Request-Id: ");
        answer.ShouldEndWith("\r\ncontent-type: text/plain\r\ndate: x\r\nVia: 2.0 lb1\r\nContent-Length: 5\r\n\r\n");
        body.ShouldBe("hello");
        second.ShouldStartWith("HEADERS 3 end | :method: GET");
        Http2Engine.ReadHead(client).ShouldEndWith("\r\nContent-Length: 0\r\n\r\n");
    }

    [Fact]
    public async Task PlainClient_ContentAndTrailers_GoBothWays()
    {
        await using var engine = H2();
        using var client = engine.ConnectPlain();

        Http2Engine.Send(client, "POST /a HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nConnection: te\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n");
        using var origin = engine.AcceptStreams();
        origin.Next().ShouldContain(" | te: trailers");
        origin.Next().ShouldBe("DATA 1 5");
        origin.Next().ShouldBe("HEADERS 1 end | x-sum: 1");
        origin.Send([.. Response(1, 200, ended: false), .. Frame(Data, Padded, 1, [2, .. "world"u8, 0, 0]), .. Frame(Headers, EndHeaders | EndStream, 1, Blocks.Literal("x-end: 2", "host: evil"))]);

        Http2Engine.ReadHead(client).ShouldContain("\r\nTransfer-Encoding: chunked\r\n");
        Http2Engine.ReadBytes(client, 25).ShouldBe("5\r\nworld\r\n0\r\nx-end: 2\r\n\r\n");
    }

    [Fact]
    public async Task StreamClient_ContentAndTrailers_GoBothWays()
    {
        await using var engine = H2();
        using var client = engine.Connect();

        client.Send([.. Request(1, "/a", "POST", ended: false, "te: trailers", "grpc-timeout: 1S"), .. Frame(Data, 0, 1, "hello"u8.ToArray())]);
        using var origin = engine.AcceptStreams();
        origin.Next().ShouldStartWith("HEADERS 1 | :method: POST");
        origin.Expect("DATA 1 5");
        origin.Send([.. Response(1, 200, ended: false, "content-type: application/grpc"), .. Frame(Data, 0, 1, "world"u8.ToArray())]);
        client.Until("HEADERS 1 | :status: 200").ShouldNotContain("content-length");
        client.Expect("DATA 1 5");
        client.Send(Frame(Headers, EndHeaders | EndStream, 1, Blocks.Literal("x-sum: 1")));
        origin.NextButWindows().ShouldBe("HEADERS 1 end | x-sum: 1");
        origin.Send(Frame(Headers, EndHeaders | EndStream, 1, Blocks.Literal("grpc-status: 0")));
        client.NextButWindows().ShouldBe("HEADERS 1 end | grpc-status: 0");
    }

    [Fact]
    public async Task StreamClient_ResponseOfOneBlock_StaysOne()
    {
        await using var engine = H2();
        using var client = engine.Connect();

        client.Send(Request(1));
        using var origin = engine.AcceptStreams();
        origin.Next();
        origin.Send(Response(1, 200, ended: true, "grpc-status: 12"));

        var head = client.Next();
        head.ShouldStartWith("HEADERS 1 end | :status: 200");
        head.ShouldNotContain("content-length");
    }

    [Theory]
    [InlineData("HEAD", 200, true)]
    [InlineData("HEAD", 200, false)]
    [InlineData("GET", 204, false)]
    [InlineData("GET", 304, true)]
    public async Task Response_WithoutContent_KeepsBothConnections(string method, int status, bool ended)
    {
        await using var engine = H2();
        using var client = engine.ConnectPlain();

        Http2Engine.Send(client, $"{method} / HTTP/1.1\r\nHost: a\r\n\r\n");
        using var origin = engine.AcceptStreams();
        origin.Next();
        origin.Send(status == 204 ? Response(1, status, ended) : Response(1, status, ended, "content-length: 9"));
        if (!ended)
            origin.SendFrame(Data, EndStream, 1);

        Http2Engine.ReadHead(client).ShouldStartWith($"HTTP/1.1 {status} ");
        Http2Engine.Send(client, Get);
        origin.NextButWindows().ShouldStartWith("HEADERS 3 end");
    }

    [Fact]
    public async Task InterimResponses_AreRelayed()
    {
        await using var engine = H2();
        using var client = engine.ConnectPlain();

        Http2Engine.Send(client, "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
        using var origin = engine.AcceptStreams();
        origin.Next().ShouldContain(" | expect: 100-continue");
        origin.Send([.. Response(1, 100, ended: false), .. Response(1, 103, ended: false, "link: x")]);
        Http2Engine.ReadHead(client).ShouldStartWith("HTTP/1.1 100 ");
        Http2Engine.ReadHead(client).ShouldStartWith("HTTP/1.1 103 ");
        Http2Engine.Send(client, "ok");
        origin.Expect("DATA 1 2 end");
        origin.Send(Response(1));

        Http2Engine.ReadHead(client).ShouldStartWith("HTTP/1.1 200 ");
    }

    [Fact]
    public async Task Requests_BeyondWhatTheOriginTakes_GetAnotherConnection()
    {
        await using var engine = H2();
        using var client = engine.Connect();

        client.Send([.. Request(1, "/1"), .. Request(3, "/2"), .. Request(5, "/3")]);
        using var first = engine.AcceptStreams((3, 2));
        first.Next().ShouldStartWith("HEADERS 1 end");
        first.Next().ShouldStartWith("HEADERS 3 end");
        using var second = engine.AcceptStreams((3, 2));
        second.Next().ShouldStartWith("HEADERS 1 end");
        first.Send(Response(3, 201));
        client.Until("HEADERS").ShouldStartWith("HEADERS 3 end | :status: 201");
        client.Send(Request(7, "/4"));

        first.NextButWindows().ShouldStartWith("HEADERS 5 end");
    }

    /// <summary>What the first connection has told is expected of those after it: nobody waits for one after the other.</summary>
    [Fact]
    public async Task Requests_ThatTheOriginTakesOneByOne_OpenTheirConnectionsAtOnce()
    {
        await using var engine = H2();
        using var client = engine.Connect();

        client.Send([.. Request(1, "/1"), .. Request(3, "/2"), .. Request(5, "/3"), .. Request(7, "/4")]);
        using var first = engine.AcceptStreams((3, 1));
        using var second = engine.Accept();
        using var third = engine.Accept();
        using var fourth = engine.Accept();

        first.Next().ShouldStartWith("HEADERS 1 end");
    }

    [Fact]
    public async Task Request_WithMoreFieldsThanTheOriginTakes_IsAnswered431_AndNotSent()
    {
        await using var engine = H2();
        using var client = engine.Connect();

        client.Send(Request(1, "/1"));
        using var origin = engine.AcceptStreams((6, 2000));
        origin.Next().ShouldStartWith("HEADERS 1 end | :method: GET");
        client.Send([.. Request(3, "/2", "GET", ended: true, "x: " + new string('a', 2000)), .. Request(5, "/3")]);

        var answer = client.Until("HEADERS");
        answer.ShouldStartWith("HEADERS 3 | :status: 431");
        answer.ShouldContain(" | proxy-status: lb1; error=http_request_error; details=\"endpoint_head_limit\" | ");
        origin.NextButWindows().ShouldStartWith("HEADERS 3 end | :method: GET | :scheme: http | :authority: shop.example.com | :path: /3 ");
    }

    [Fact]
    public async Task Request_WithMoreFieldsThanAnOriginTakes_GoesToAnother()
    {
        await using var engine = new Http2Engine(cluster: cluster => cluster with { Protocol = UpstreamProtocol.H2 }, second: true);
        using var client = engine.Connect();
        var large = "x: " + new string('a', 2000);

        client.Send([.. Request(1, "/1"), .. Request(3, "/2")]); // One each.
        using var narrow = engine.AcceptStreams((6, 2000));
        narrow.Next().ShouldStartWith("HEADERS 1 end");
        using var wide = engine.AcceptSecond();
        wide.Next().ShouldStartWith("HEADERS 1 end");
        client.Send([.. Request(5, "/3", "GET", ended: true, large), .. Request(7, "/4", "GET", ended: true, large)]);

        wide.NextButWindows().ShouldStartWith("HEADERS 3 end | :method: GET");
        wide.NextButWindows().ShouldStartWith("HEADERS 5 end | :method: GET");
    }

    [Fact]
    public async Task Client_ThatCancels_ResetsTheStreamAndNothingElse()
    {
        await using var engine = H2();
        using var client = engine.Connect();

        client.Send([.. Request(1, "/1"), .. Request(3, "/2")]);
        using var origin = engine.AcceptStreams();
        origin.Next();
        origin.Next();
        client.SendFrame(RstStream, 0, 1, Number(8));
        origin.NextButWindows().ShouldBe("RST_STREAM 1 CANCEL");
        origin.Send([.. Response(1), .. Response(3)]); // The first was on its way.

        client.Until("HEADERS").ShouldStartWith("HEADERS 3 end | :status: 200");
    }

    [Fact]
    public async Task Origin_ThatWantsNoMoreOfTheRequest_HasAnsweredWhole()
    {
        await using var engine = H2();
        using var client = engine.Connect();

        client.Send(Request(1, "/a", "POST", ended: false));
        using var origin = engine.AcceptStreams();
        origin.Next();
        origin.Send([.. Response(1, 413, ended: false), .. Frame(Data, EndStream, 1, "no"u8.ToArray()), .. Frame(RstStream, 0, 1, Number(0))]);

        client.Until("HEADERS").ShouldStartWith("HEADERS 1 | :status: 413");
        client.Expect("DATA 1 2 end");
        client.Expect("RST_STREAM 1 NO_ERROR");
    }

    [Fact]
    public async Task Upload_IsHeldByTheOriginsWindow()
    {
        await using var engine = H2();
        using var client = engine.ConnectPlain();

        Http2Engine.Send(client, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000\r\n\r\n");
        using var origin = engine.AcceptStreams((4, 1000));
        Http2Engine.SendUntilHeld(client, 100_000_000).ShouldBeLessThan(50_000_000);
        origin.Next().ShouldStartWith("HEADERS 1 | :method: POST");
        origin.Expect("DATA 1 1000");
        origin.SendFrame(WindowUpdate, 0, 1, Number(500));

        origin.Until("DATA").ShouldBe("DATA 1 500");
    }

    [Fact]
    public async Task Download_IsHeldByItsClient_AndHoldsNoOther()
    {
        await using var engine = H2();
        using var slow = engine.Connect((4, 0));
        using var client = engine.ConnectPlain();

        slow.Send(Request(1));
        using var origin = engine.AcceptStreams();
        origin.Next();
        origin.Send(Response(1, 200, ended: false));
        for (var i = 0; i < 4; i++)
            origin.SendFrame(Data, 0, 1, new byte[i < 3 ? 16384 : 16383]); // The window of a stream.
        Http2Engine.Send(client, Get);
        origin.Next().ShouldStartWith("HEADERS 3 end"); // No window was given back.
        origin.Send(Response(3));
        Http2Engine.ReadHead(client).ShouldStartWith("HTTP/1.1 200 ");
        slow.SendFrame(WindowUpdate, 0, 1, Number(65535));

        origin.Until("WINDOW_UPDATE 1 ").ShouldStartWith("WINDOW_UPDATE 1 ");
    }

    [Fact]
    public async Task Downloads_ThatAllStandStillButOne_HoldItNot()
    {
        await using var engine = H2();
        using var slow = engine.Connect((4, 0));
        using var client = engine.ConnectPlain();

        slow.Send([.. Request(1), .. Request(3), .. Request(5)]);
        using var origin = engine.AcceptStreams();
        for (var stream = 1; stream < 7; stream += 2)
        {
            origin.NextButWindows();
            origin.Send(Response(stream, 200, ended: false));
            for (var i = 0; i < 4; i++)
                origin.SendFrame(Data, 0, stream, new byte[i < 3 ? 16384 : 16383]);
        }

        Http2Engine.Send(client, Get);
        origin.NextButWindows().ShouldStartWith("HEADERS 7 end");
        origin.Send(Response(7, 200, ended: false, "content-length: 49152"));
        for (var i = 0; i < 3; i++)
            origin.SendFrame(Data, 0, 7, new byte[16384]);
        Http2Engine.ReadHead(client).ShouldStartWith("HTTP/1.1 200 ");
        Http2Engine.ReadBytes(client, 49152);

        origin.Until("WINDOW_UPDATE 0 ").ShouldStartWith("WINDOW_UPDATE 0 ");
    }

    [Fact]
    public async Task Reload_ThatChangesTheProtocol_EndsConnections_AfterTheirRequests()
    {
        await using var engine = H2();
        using var client = engine.ConnectPlain();

        Http2Engine.Send(client, Get);
        using var origin = engine.AcceptStreams();
        origin.Next();
        engine.Apply();
        origin.Send(Response(1));
        Http2Engine.ReadHead(client).ShouldStartWith("HTTP/1.1 200 ");
        origin.NextButWindows().ShouldBe("GOAWAY 0 NO_ERROR");
        origin.Expect("end");
        Http2Engine.Send(client, Get);

        using var plain = engine.Accept();
        Http2Engine.ReadHead(plain).ShouldStartWith("GET /a?b=c HTTP/1.1\r\n");
    }

    internal static Http2Engine H2(ClusterTimeouts? timeouts = null, PoolLimits? pool = null) =>
        new(cluster: cluster => cluster with { Protocol = UpstreamProtocol.H2, Timeouts = timeouts ?? new ClusterTimeouts(), Pool = pool ?? new PoolLimits() });
}
