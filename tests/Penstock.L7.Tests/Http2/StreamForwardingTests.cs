// SPDX-License-Identifier: Apache-2.0
using System.Text;
using Penstock.Http2.Tests;
using static Penstock.L7.Tests.Http2.FrameClient;

namespace Penstock.L7.Tests.Http2;

/// <summary>Requests of an HTTP/2 client, forwarded to an HTTP/1.1 origin, and their responses.</summary>
public sealed class StreamForwardingTests
{
    [Fact]
    public async Task Get_IsForwardedAndItsResponseRelayed()
    {
        await using var engine = new Http2Engine();
        using var client = engine.Connect();

        client.Send(Request(1, "/a?b=c", "GET", ended: true, "cookie: a=1", "accept: */*", "cookie: b=2"));
        using var origin = engine.Accept();
        var head = Http2Engine.ReadHead(origin);
        Http2Engine.Send(origin, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: x-hop\r\nX-Hop: 1\r\nX-End: 2\r\nDate: x\r\nContent-Length: 5\r\n\r\nhello");

        head.ShouldStartWith("GET /a?b=c HTTP/1.1\r\nHost: shop.example.com\r\ncookie: a=1; b=2\r\naccept: */*\r\nX-Forwarded-For: 127.0.0.1\r\n");
        head.ShouldContain("\r\nVia: 2.0 lb1\r\n");
        head.ShouldNotContain("Transfer-Encoding");
        var frame = client.Next();
        frame.ShouldStartWith("HEADERS 1 | :status: 200 | x-request-id: ");
        frame.ShouldEndWith(" | content-type: text/plain | x-end: 2 | via: 1.1 lb1 | content-length: 5");
        client.Expect("DATA 1 5 end");
        Encoding.ASCII.GetString(client.LastPayload).ShouldBe("hello");
    }

    [Theory]
    [InlineData("GET", "HTTP/1.1 204 No Content\r\n\r\n", ":status: 204")]
    [InlineData("GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", ":status: 304")]
    [InlineData("HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", ":status: 200")]
    [InlineData("GET", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", ":status: 200")]
    public async Task Response_WithoutContent_EndsWithItsHead(string method, string response, string status)
    {
        await using var engine = new Http2Engine();
        using var client = engine.Connect();

        client.Send(Request(1, "/a", method));
        using var origin = engine.Accept();
        Http2Engine.ReadHead(origin);
        Http2Engine.Send(origin, response);

        client.Next().ShouldStartWith($"HEADERS 1 end | {status}");
    }

    [Fact]
    public async Task Content_OfKnownLength_IsForwardedWithIt()
    {
        await using var engine = new Http2Engine();
        using var client = engine.Connect();

        client.Send([.. Request(1, "/a", "POST", ended: false, "content-length: 5"), .. Frame(Data, Padded, 1, [2, .. "hel"u8, 0, 0]), .. Frame(Data, EndStream, 1, "lo"u8.ToArray())]);
        using var origin = engine.Accept();

        Http2Engine.ReadHead(origin).ShouldContain("\r\nContent-Length: 5\r\n\r\n");
        Http2Engine.ReadBytes(origin, 5).ShouldBe("hello");
    }

    [Fact]
    public async Task Content_OfUnknownLength_IsForwardedInChunksWithItsTrailers()
    {
        await using var engine = new Http2Engine();
        using var client = engine.Connect();

        client.Send([.. Request(1, "/a", "POST", ended: false), .. Frame(Data, 0, 1, "hello"u8.ToArray()), .. Frame(Headers, EndHeaders | EndStream, 1, Blocks.Literal("x-sum: 1", "host: evil"))]);
        using var origin = engine.Accept();

        Http2Engine.ReadHead(origin).ShouldContain("\r\nTransfer-Encoding: chunked\r\n\r\n");
        const string Chunks = "5\r\nhello\r\n0\r\nx-sum: 1\r\n\r\n";
        Http2Engine.ReadBytes(origin, Chunks.Length).ShouldBe(Chunks);
    }

    [Fact]
    public async Task Response_InChunks_IsRelayedWithItsTrailers()
    {
        await using var engine = new Http2Engine();
        using var client = engine.Connect();

        client.Send(Request(1, "/a", "GET", ended: true, "te: trailers"));
        using var origin = engine.Accept();
        Http2Engine.ReadHead(origin).ShouldContain("\r\nTE: trailers\r\n");
        Http2Engine.Send(origin, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: x-sum\r\n\r\n3\r\nabc\r\n0\r\nX-Sum: 7\r\n\r\n");

        client.Next().ShouldEndWith(" | trailer: x-sum | via: 1.1 lb1");
        client.Expect("DATA 1 3");
        client.Expect("HEADERS 1 end | x-sum: 7");
    }

    [Fact]
    public async Task InterimResponses_AreRelayed_AndExpectIsForwarded()
    {
        await using var engine = new Http2Engine();
        using var client = engine.Connect();

        client.Send(Request(1, "/a", "POST", ended: false, "expect: 100-continue", "content-length: 2"));
        using var origin = engine.Accept();
        Http2Engine.ReadHead(origin).ShouldContain("\r\nExpect: 100-continue\r\n");
        Http2Engine.Send(origin, "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n");
        client.Expect("HEADERS 1 | :status: 103 | link: </a> | via: 1.1 lb1");
        client.Expect("HEADERS 1 | :status: 100 | via: 1.1 lb1");
        client.SendFrame(Data, EndStream, 1, 1, 2);
        Http2Engine.ReadBytes(origin, 2);
        Http2Engine.Send(origin, "HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n");

        client.Next().ShouldStartWith("HEADERS 1 end | :status: 201");
    }

    [Fact]
    public async Task Response_BeforeTheEndOfTheRequest_AsksForNoMore()
    {
        await using var engine = new Http2Engine();
        using var client = engine.Connect();

        client.Send(Request(1, "/fixed", "POST", ended: false));

        client.Next().ShouldStartWith("HEADERS 1 | :status: 200");
        client.Expect("DATA 1 6 end");
        client.Expect("RST_STREAM 1 NO_ERROR");
        client.Send([.. Frame(Data, EndStream, 1, new byte[1000]), .. Request(3, "/fixed")]);
        client.Next().ShouldStartWith("HEADERS 3 | :status: 200", Case.Sensitive, "what was on its way is ignored");
    }

    [Fact]
    public async Task Response_ThatBreaksOff_ResetsItsStream()
    {
        await using var engine = new Http2Engine();
        using var client = engine.Connect();

        client.Send(Request(1, "/a"));
        using (var origin = engine.Accept())
        {
            Http2Engine.ReadHead(origin);
            Http2Engine.Send(origin, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel");
            client.Next().ShouldStartWith("HEADERS 1 | :status: 200");
            client.Expect("DATA 1 3");
        }

        client.Expect("RST_STREAM 1 INTERNAL_ERROR");
    }

    [Fact]
    public async Task Reset_OfTheClient_EndsTheRequestAtTheOrigin()
    {
        await using var engine = new Http2Engine();
        using var client = engine.Connect();

        client.Send(Request(1, "/a"));
        using var origin = engine.Accept();
        Http2Engine.ReadHead(origin);
        client.SendFrame(RstStream, 0, 1, Number(8));

        origin.Receive(new byte[1]).ShouldBe(0);
        client.Send(Request(3, "/fixed"));
        client.Next().ShouldStartWith("HEADERS 3 | :status: 200");
    }

    [Theory]
    [InlineData("/../..", 400)]
    [InlineData("/x", 431)]
    public async Task Request_ThatCannotBeServed_IsAnswered(string path, int status)
    {
        await using var engine = new Http2Engine();
        using var client = engine.Connect();

        client.Send(status == 431 ? Request(1, path, "GET", ended: true, [.. Enumerable.Range(0, 101).Select(i => $"x-{i}: y")]) : Request(1, path));

        var head = client.Next();
        head.ShouldStartWith($"HEADERS 1 | :status: {status}");
        head.ShouldContain(" | proxy-status: lb1; error=http_request_error");
    }

    [Fact]
    public async Task Request_WithTooManyFields_IsAnswered_WhateverContentIsBehindThem()
    {
        await using var engine = new Http2Engine();
        using var client = engine.Connect();

        client.Send([.. Request(1, "/x", "POST", ended: false, [.. Enumerable.Range(0, 101).Select(i => $"x-{i}: y")]), .. Frame(Data, EndStream, 1, "hello"u8.ToArray())]);

        client.Next().ShouldStartWith("HEADERS 1 | :status: 431");
    }

    [Fact]
    public async Task Streams_OfOneConnection_AreServedSideBySide()
    {
        await using var engine = new Http2Engine();
        using var client = engine.Connect();

        client.Send([.. Request(1, "/a"), .. Request(3, "/b")]);
        using var first = engine.Accept();
        using var second = engine.Accept();
        Http2Engine.ReadHead(first).ShouldStartWith("GET /a");
        Http2Engine.ReadHead(second).ShouldStartWith("GET /b");
        Http2Engine.Send(second, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nb");
        client.Next().ShouldStartWith("HEADERS 3");
        client.Expect("DATA 3 1 end");
        Http2Engine.Send(first, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na");

        client.Next().ShouldStartWith("HEADERS 1");
        client.Expect("DATA 1 1 end");
    }

    [Fact]
    public async Task StreamsBeyondTheLimit_AreRefused()
    {
        await using var engine = new Http2Engine(new() { ConcurrentStreams = 2 });
        using var client = engine.Connect();

        client.Send([.. Request(1, "/a"), .. Request(3, "/a"), .. Request(5, "/a")]);

        client.Expect("RST_STREAM 5 REFUSED_STREAM");
    }

    [Fact]
    public async Task Http11_OnTheSameListener_IsServedAsEver()
    {
        await using var engine = new Http2Engine();
        using var client = new System.Net.Sockets.Socket(System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Tcp) { ReceiveTimeout = 30_000 };
        client.Connect(engine.Address);

        foreach (var one in "PROPFIND /fixed HTTP/1.1\r\nHost: a\r\n\r\n"u8.ToArray())
            client.Send([one]);

        Http2Engine.ReadHead(client).ShouldStartWith("HTTP/1.1 200 OK\r\n");
    }

    [Fact]
    public async Task Preface_WhereHttp2IsOff_IsAnHttp11Error()
    {
        await using var engine = new Http2Engine(new() { Enabled = false });
        using var client = new System.Net.Sockets.Socket(System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Tcp) { ReceiveTimeout = 30_000 };
        client.Connect(engine.Address);

        client.Send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8);

        Http2Engine.ReadHead(client).ShouldStartWith("HTTP/1.1 505 ");
    }
}
