// SPDX-License-Identifier: Apache-2.0
using System.Net.Sockets;
using System.Text;
using Penstock.Http2.Tests;
using Penstock.L7.Errors;
using Penstock.Model.L7;
using static Penstock.L7.Tests.Http2.FrameClient;

namespace Penstock.L7.Tests.Http2;

/// <summary>WebSockets to endpoints that speak HTTP/2, which get them as streams (RFC 8441), of clients of either version.</summary>
public sealed class WebSocketStreamTests
{
    private const ushort EnableConnectProtocol = 8;
    private const ushort InitialWindowSize = 4;
    private const string Begun = "HEADERS 1 | :method: CONNECT | :protocol: websocket | :scheme: http | :authority: shop.example.com | :path: /chat?a=b | ";

    // RFC 6455 section 1.3.
    private const string Key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    private const string Accept = "\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n";
    private const string Get = "GET /a HTTP/1.1\r\nHost: shop.example.com\r\n\r\n";

    [Fact]
    public async Task PlainClient_ThatUpgrades_HasATunnelToAStream()
    {
        await using var engine = Engine();
        using var client = engine.ConnectPlain();

        Http2Engine.Send(client, Upgrade());
        using var origin = engine.AcceptStreams((EnableConnectProtocol, 1));
        var request = origin.Next();
        request.ShouldStartWith(Begun + "sec-websocket-version: 13 | sec-websocket-protocol: chat | x-forwarded-for: 127.0.0.1 | ");
        request.ShouldNotContain("sec-websocket-key");
        request.ShouldNotContain("upgrade");
        origin.Send([.. Response(1, 200, ended: false, "sec-websocket-protocol: chat", "sec-websocket-accept: none"), .. Frame(Data, 0, 1, "early"u8.ToArray())]);

        var head = Http2Engine.ReadHead(client);
        head.ShouldStartWith("HTTP/1.1 101 Switching Protocols\r\n");
        head.ShouldContain(Accept);
        head.ShouldContain("\r\nConnection: upgrade\r\nUpgrade: websocket\r\n");
        head.ShouldContain("\r\nsec-websocket-protocol: chat\r\n");
        head.ShouldNotContain("none");
        head.ShouldNotContain("Content-Length");
        head.ShouldNotContain("Transfer-Encoding");
        Http2Engine.ReadBytes(client, 5).ShouldBe("early");

        Http2Engine.Send(client, "ping");
        origin.NextButWindows().ShouldBe("DATA 1 4");
        Encoding.ASCII.GetString(origin.LastPayload).ShouldBe("ping");
        origin.SendFrame(Data, 0, 1, "pong"u8.ToArray());
        Http2Engine.ReadBytes(client, 4).ShouldBe("pong");

        client.Shutdown(SocketShutdown.Send);
        origin.NextButWindows().ShouldBe("DATA 1 0 end");
        origin.SendFrame(Data, EndStream, 1, "bye"u8.ToArray());
        Http2Engine.ReadBytes(client, 3).ShouldBe("bye");
        client.Receive(new byte[1]).ShouldBe(0, "the endpoint has ended its side");

        using var other = engine.ConnectPlain();
        Http2Engine.Send(other, Get);
        origin.NextButWindows().ShouldStartWith("HEADERS 3 end | :method: GET | ");
        Array.TrueForAll(Enum.GetValues<ProxyError>(), error => engine.CountOf(error) == 0).ShouldBeTrue();
    }

    /// <summary>Whose success has no length, whatever it says (RFC 9110 section 9.3.6).</summary>
    [Fact]
    public async Task StreamClient_HasATunnelToAStream()
    {
        await using var engine = Engine();
        using var client = engine.Connect();

        client.Send(Begin(1, "sec-websocket-key: mine"));
        using var origin = engine.AcceptStreams((EnableConnectProtocol, 1));
        var request = origin.Next();
        request.ShouldStartWith(Begun + "sec-websocket-version: 13 | ");
        request.ShouldNotContain("sec-websocket-key");
        origin.Send(Response(1, 201, ended: false, "content-length: 0"));
        var answer = client.Until("HEADERS 1 ");
        answer.ShouldStartWith("HEADERS 1 | :status: 201 | ");
        answer.ShouldNotContain("content-length");
        answer.ShouldNotContain("sec-websocket-accept");

        client.SendFrame(Data, 0, 1, "ping"u8.ToArray());
        origin.NextButWindows().ShouldBe("DATA 1 4");
        origin.SendFrame(Data, 0, 1, "pong!"u8.ToArray());
        client.NextButWindows().ShouldBe("DATA 1 5");
        origin.SendFrame(Data, EndStream, 1);
        client.NextButWindows().ShouldBe("DATA 1 0 end");
        client.SendFrame(Data, EndStream, 1, "bye"u8.ToArray());
        origin.NextButWindows().ShouldBe("DATA 1 3");
        origin.NextButWindows().ShouldBe("DATA 1 0 end");

        client.Send(Request(3, "/a"));
        origin.NextButWindows().ShouldStartWith("HEADERS 3 end | :method: GET | ");
        Array.TrueForAll(Enum.GetValues<ProxyError>(), error => engine.CountOf(error) == 0).ShouldBeTrue();
    }

    [Fact]
    public async Task PlainClient_ThatResets_ResetsTheStream()
    {
        await using var engine = Engine();
        var (client, origin) = Open(engine);

        client.Close(timeout: 0);

        origin.NextButWindows().ShouldBe("RST_STREAM 1 CANCEL");
        origin.Dispose();
    }

    [Fact]
    public async Task StreamClient_ThatResets_ResetsTheStream()
    {
        await using var engine = Engine();
        using var client = engine.Connect();
        using var origin = OpenStream(engine, client);

        client.SendFrame(RstStream, 0, 1, Number(8));

        origin.NextButWindows().ShouldBe("RST_STREAM 1 CANCEL");
        client.Send(Request(3, "/a"));
        origin.NextButWindows().ShouldStartWith("HEADERS 3 end | :method: GET | ");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Endpoint_ThatResets_ResetsThePlainClient(bool connection)
    {
        await using var engine = Engine();
        var (client, origin) = Open(engine);
        origin.SendFrame(Data, 0, 1, "part"u8.ToArray());
        Http2Engine.ReadBytes(client, 4).ShouldBe("part");

        if (connection)
            origin.Reset();
        else
            origin.SendFrame(RstStream, 0, 1, Number(8));

        EndOf(client).ShouldBe(SocketError.ConnectionReset);
        engine.CountOf(ProxyError.TunnelReset).ShouldBe(1);
        client.Dispose();
        origin.Dispose();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Endpoint_ThatResets_ResetsTheStreamOfItsClient(bool connection)
    {
        await using var engine = Engine();
        using var client = engine.Connect();
        using var origin = OpenStream(engine, client);

        if (connection)
            origin.Reset();
        else
            origin.SendFrame(RstStream, 0, 1, Number(8));

        client.NextButWindows().ShouldBe("RST_STREAM 1 CANCEL");
    }

    /// <summary>The client's upload was cut off.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Endpoint_ThatResetsAfterItsEnd_ResetsTheStreamOfItsClient(bool connection)
    {
        await using var engine = Engine();
        using var client = engine.Connect();
        using var origin = OpenStream(engine, client);

        origin.SendFrame(Data, EndStream, 1);
        client.NextButWindows().ShouldBe("DATA 1 0 end");
        if (connection)
            origin.Reset();
        else
            origin.SendFrame(RstStream, 0, 1, Number(8));

        client.NextButWindows().ShouldBe("RST_STREAM 1 CANCEL");
        engine.CountOf(ProxyError.TunnelReset).ShouldBe(1);
    }

    /// <summary>As servers do whose handler of the WebSocket has returned (RFC 9113 section 8.1).</summary>
    [Fact]
    public async Task Endpoint_ThatWantsNoMoreAfterItsEnd_EndsTheTunnelInOrder()
    {
        await using var engine = Engine();
        using var client = engine.Connect();
        using var origin = OpenStream(engine, client);

        origin.Send([.. Frame(Data, EndStream, 1, "bye"u8.ToArray()), .. Frame(RstStream, 0, 1, Number(0))]);

        client.NextButWindows().ShouldBe("DATA 1 3");
        client.NextButWindows().ShouldBe("DATA 1 0 end");
        client.NextButWindows().ShouldBe("RST_STREAM 1 NO_ERROR");
        engine.CountOf(ProxyError.TunnelReset).ShouldBe(0);
    }

    [Fact]
    public async Task Endpoint_ThatWantsNoMoreAfterItsEnd_ClosesThePlainClientInOrder()
    {
        await using var engine = Engine();
        var (client, origin) = Open(engine);

        origin.Send([.. Frame(Data, EndStream, 1, "bye"u8.ToArray()), .. Frame(RstStream, 0, 1, Number(0))]);

        Http2Engine.ReadBytes(client, 3).ShouldBe("bye");
        EndOf(client).ShouldBe(SocketError.Success);
        engine.CountOf(ProxyError.TunnelReset).ShouldBe(0);
        client.Dispose();
        origin.Dispose();
    }

    [Fact]
    public async Task Endpoint_ThatOpensNone_HasItsAnswerRelayed()
    {
        await using var engine = Engine();
        using var client = engine.ConnectPlain();

        Http2Engine.Send(client, Upgrade());
        using var origin = engine.AcceptStreams((EnableConnectProtocol, 1));
        origin.Next().ShouldStartWith(Begun);
        origin.Send([.. Response(1, 403, ended: false, "content-length: 2"), .. Frame(Data, EndStream, 1, "no"u8.ToArray())]);

        var head = Http2Engine.ReadHead(client);
        head.ShouldStartWith("HTTP/1.1 403 Forbidden\r\n");
        head.ShouldNotContain("Sec-WebSocket-Accept");
        Http2Engine.ReadBytes(client, 2).ShouldBe("no");
        origin.NextButWindows().ShouldBe("DATA 1 0 end", "nothing has gone wrong");
        Http2Engine.Send(client, Get);
        origin.NextButWindows().ShouldStartWith("HEADERS 3 end | :method: GET | ");
    }

    [Fact]
    public async Task PlainClient_OfAnEndpointThatTakesNone_IsToldSo()
    {
        await using var engine = Engine();
        using var client = engine.ConnectPlain();

        Http2Engine.Send(client, Upgrade());
        using var origin = engine.AcceptStreams((EnableConnectProtocol, 0));

        var head = Http2Engine.ReadHead(client);
        head.ShouldStartWith("HTTP/1.1 501 ");
        head.ShouldContain("details=\"websocket_not_taken\"");
        Http2Engine.Send(client, Get);
        origin.NextButWindows().ShouldStartWith("HEADERS 1 end | :method: GET | ");
        engine.CountOf(ProxyError.WebSocketNotTaken).ShouldBe(1);
    }

    [Fact]
    public async Task StreamClient_OfAnEndpointThatTakesNone_IsToldSo()
    {
        await using var engine = Engine();
        using var client = engine.Connect();

        client.Send(Begin(1));
        using var origin = engine.AcceptStreams();

        var head = client.Until("HEADERS 1 ");
        head.ShouldContain(" | :status: 501 | ");
        head.ShouldContain("details=\"websocket_not_taken\"");
        client.Send(Request(3, "/a"));
        origin.NextButWindows().ShouldStartWith("HEADERS 1 end | :method: GET | ");
    }

    [Fact]
    public async Task WebSocket_ThatAnEndpointTakesNot_GoesToAnother()
    {
        await using var engine = Engine(second: true);
        using var client = engine.Connect();

        client.Send([.. Request(1, "/1"), .. Request(3, "/2")]); // One each.
        using var narrow = engine.AcceptStreams();
        narrow.Next().ShouldStartWith("HEADERS 1 end");
        using var taking = engine.AcceptSecond((EnableConnectProtocol, 1));
        taking.Next().ShouldStartWith("HEADERS 1 end");
        client.Send([.. Begin(5), .. Begin(7)]);

        taking.NextButWindows().ShouldStartWith("HEADERS 3 | :method: CONNECT | ");
        taking.NextButWindows().ShouldStartWith("HEADERS 5 | :method: CONNECT | ");
    }

    [Theory]
    [InlineData("Upgrade: websocket\r\n")]
    [InlineData("Upgrade: websocket\r\nSec-WebSocket-Key: short\r\n")]
    [InlineData("Upgrade: other\r\n" + Key)]
    public async Task Upgrade_ThatOpensNoWebSocket_IsForwardedWithoutIt(string fields)
    {
        await using var engine = Engine();
        using var client = engine.ConnectPlain();

        Http2Engine.Send(client, $"GET /chat HTTP/1.1\r\nHost: shop.example.com\r\nConnection: Upgrade\r\n{fields}\r\n");
        using var origin = engine.AcceptStreams((EnableConnectProtocol, 1));

        var request = origin.Next();
        request.ShouldStartWith("HEADERS 1 end | :method: GET | ");
        request.ShouldNotContain("upgrade");
    }

    [Fact]
    public async Task Upload_IsHeldByTheEndpointsWindow()
    {
        await using var engine = Engine();
        var (client, origin) = Open(engine, (InitialWindowSize, 1000));

        Http2Engine.SendUntilHeld(client, 100_000_000).ShouldBeLessThan(50_000_000);
        origin.NextButWindows().ShouldBe("DATA 1 1000");
        origin.SendFrame(WindowUpdate, 0, 1, Number(500));

        origin.Until("DATA").ShouldBe("DATA 1 500");
        client.Dispose();
        origin.Dispose();
    }

    [Fact]
    public async Task Download_IsHeldByItsClient_AndHoldsNoOther()
    {
        await using var engine = Engine();
        using var slow = engine.Connect((InitialWindowSize, 0));
        using var origin = OpenStream(engine, slow);
        using var client = engine.ConnectPlain();

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
    public async Task Tunnel_ThatStandsStill_IsResetAtBothEnds()
    {
        await using var engine = Engine(timeouts: new ClusterTimeouts { Body = TimeSpan.FromMilliseconds(300) });
        var (client, origin) = Open(engine);

        EndOf(client).ShouldBe(SocketError.ConnectionReset);
        origin.NextButWindows().ShouldBe("RST_STREAM 1 CANCEL");
        engine.CountOf(ProxyError.StreamIdle).ShouldBe(1);
        client.Dispose();
        origin.Dispose();
    }

    private static Http2Engine Engine(ClusterTimeouts? timeouts = null, bool second = false) => new(
        new Http2Config { ExtendedConnect = true },
        cluster: cluster => cluster with { Protocol = UpstreamProtocol.H2, Timeouts = timeouts ?? new ClusterTimeouts() },
        second: second);

    private static string Upgrade() =>
        $"GET /chat?a=b HTTP/1.1\r\nHost: shop.example.com\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\nSec-WebSocket-Version: 13\r\n{Key}Sec-WebSocket-Protocol: chat\r\n\r\n";

    private static byte[] Begin(int stream, params string[] fields) => Frame(
        Headers, EndHeaders, stream, Blocks.Literal([":method: CONNECT", ":protocol: websocket", ":scheme: http", ":path: /chat?a=b", ":authority: shop.example.com", "sec-websocket-version: 13", .. fields]));

    private static (Socket Client, FrameClient Origin) Open(Http2Engine engine, params (ushort Id, uint Value)[] settings)
    {
        var client = engine.ConnectPlain();
        Http2Engine.Send(client, Upgrade());
        var origin = engine.AcceptStreams([(EnableConnectProtocol, 1), .. settings]);
        origin.Next().ShouldStartWith(Begun);
        origin.Send(Response(1, 200, ended: false));
        Http2Engine.ReadHead(client).ShouldContain(Accept);
        return (client, origin);
    }

    private static FrameClient OpenStream(Http2Engine engine, FrameClient client)
    {
        client.Send(Begin(1));
        var origin = engine.AcceptStreams((EnableConnectProtocol, 1));
        origin.Next().ShouldStartWith(Begun);
        origin.Send(Response(1, 200, ended: false));
        client.Until("HEADERS 1 ").ShouldStartWith("HEADERS 1 | :status: 200 | ");
        return origin;
    }

    /// <summary>How what the other side sends ends.</summary>
    private static SocketError EndOf(Socket socket)
    {
        var buffer = new byte[4096];
        SocketError error;
        while (socket.Receive(buffer, 0, buffer.Length, SocketFlags.None, out error) > 0)
        {
            // What comes before is not looked at.
        }

        return error;
    }
}
