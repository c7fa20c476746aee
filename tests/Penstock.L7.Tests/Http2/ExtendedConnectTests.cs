// SPDX-License-Identifier: Apache-2.0
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Penstock.Http2.Tests;
using Penstock.Model.L7;
using static Penstock.L7.Tests.Http2.FrameClient;

namespace Penstock.L7.Tests.Http2;

/// <summary>WebSockets on streams (RFC 8441), which endpoints get as upgrades of HTTP/1.1.</summary>
public sealed class ExtendedConnectTests
{
    [Fact]
    public async Task WebSocket_OfAStream_IsATunnelToTheEndpoint()
    {
        await using var engine = Engine();
        using var client = engine.Connect();

        client.Send(Begin("websocket", "sec-websocket-key: mine", "sec-websocket-protocol: chat"));
        using var origin = engine.Accept();
        var head = Http2Engine.ReadHead(origin);
        head.ShouldStartWith("GET /chat HTTP/1.1\r\nHost: shop.example.com\r\n");
        head.ShouldContain("\r\nUpgrade: websocket\r\n");
        head.ShouldContain("\r\nConnection: upgrade\r\n");
        head.ShouldContain("\r\nsec-websocket-version: 13\r\n");
        head.ShouldNotContain("sec-websocket-key: mine");
        head.ShouldNotContain("Transfer-Encoding");
        Http2Engine.Send(origin, $"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\nSec-WebSocket-Accept: {AnswerTo(head)}\r\nSec-WebSocket-Protocol: chat\r\n\r\nearly");

        var answer = client.Until("HEADERS 1 ");
        answer.ShouldStartWith("HEADERS 1 | :status: 200 | ");
        answer.ShouldContain(" | sec-websocket-protocol: chat");
        answer.ShouldNotContain("sec-websocket-accept");
        answer.ShouldNotContain("upgrade");
        client.NextButWindows().ShouldBe("DATA 1 5");

        client.SendFrame(Data, 0, 1, "ping"u8.ToArray());
        Http2Engine.ReadBytes(origin, 4).ShouldBe("ping");
        Http2Engine.Send(origin, "pong");
        client.NextButWindows().ShouldBe("DATA 1 4");
        Encoding.ASCII.GetString(client.LastPayload).ShouldBe("pong");

        client.SendFrame(Data, EndStream, 1, "bye"u8.ToArray());
        Http2Engine.ReadBytes(origin, 3).ShouldBe("bye");
        origin.Receive(new byte[1]).ShouldBe(0, "the client has ended its side");
        origin.Shutdown(SocketShutdown.Send);
        client.NextButWindows().ShouldBe("DATA 1 0 end");

        client.Send(Request(3, "/fixed"));
        client.Until("HEADERS 3 ").ShouldStartWith("HEADERS 3 | :status: 200 | ");
    }

    [Fact]
    public async Task Client_ThatResetsItsStream_EndsTheTunnel()
    {
        await using var engine = Engine();
        using var client = engine.Connect();
        using var origin = Open(engine, client);

        client.SendFrame(RstStream, 0, 1, Number(8));

        HasEnded(origin).ShouldBeTrue();
        client.Send(Request(3, "/fixed"));
        client.Until("HEADERS 3 ").ShouldStartWith("HEADERS 3 | :status: 200 | ");
    }

    [Fact]
    public async Task Endpoint_ThatResetsItsConnection_ResetsTheStream()
    {
        await using var engine = Engine();
        using var client = engine.Connect();
        using var origin = Open(engine, client);

        origin.Close(timeout: 0);

        client.NextButWindows().ShouldBe("RST_STREAM 1 CANCEL"); // RFC 8441 section 5.
    }

    [Theory]
    [InlineData("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\nSec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n\r\n", "502")]
    [InlineData("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n", "502")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "502")]
    [InlineData("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", "403")]
    public async Task Endpoint_ThatOpensNone_IsAnError(string response, string status)
    {
        await using var engine = Engine();
        using var client = engine.Connect();

        client.Send(Begin("websocket"));
        using var origin = engine.Accept();
        Http2Engine.ReadHead(origin);
        Http2Engine.Send(origin, response);

        client.Until("HEADERS 1 ").ShouldContain($" | :status: {status} | ");
    }

    [Fact]
    public async Task Protocol_OtherThanWebSocket_IsNotImplemented()
    {
        await using var engine = Engine();
        using var client = engine.Connect();

        client.Send(Begin("connect-udp"));

        client.Until("HEADERS 1 ").ShouldContain(" | :status: 501 | ");
        engine.HasConnection().ShouldBeFalse();
    }

    [Fact]
    public async Task Protocol_ThatWasNotOffered_IsMalformed()
    {
        await using var engine = new Http2Engine();
        using var client = engine.Connect();

        client.Send(Begin("websocket"));

        client.NextButWindows().ShouldBe("RST_STREAM 1 PROTOCOL_ERROR");
    }

    [Theory]
    [InlineData(":method: GET|:protocol: websocket|:scheme: http|:path: /chat|:authority: shop.example.com")]
    [InlineData(":method: CONNECT|:protocol: websocket|:scheme: http|:authority: shop.example.com")]
    [InlineData(":method: CONNECT|:protocol: websocket|:protocol: websocket|:scheme: http|:path: /chat|:authority: shop.example.com")]
    [InlineData(":method: CONNECT|:protocol: websocket|:scheme: http|:path: /chat|:authority: shop.example.com|content-length: 1")]
    public async Task Fields_ThatExtendedConnectHasNot_AreMalformed(string fields)
    {
        await using var engine = Engine();
        using var client = engine.Connect();

        client.SendFrame(Headers, EndHeaders, 1, Blocks.Literal(fields.Split('|')));

        client.NextButWindows().ShouldBe("RST_STREAM 1 PROTOCOL_ERROR");
    }

    private static Http2Engine Engine() => new(new Http2Config { ExtendedConnect = true });

    private static byte[] Begin(string protocol, params string[] fields) => Frame(
        Headers, EndHeaders, 1, Blocks.Literal([":method: CONNECT", $":protocol: {protocol}", ":scheme: http", ":path: /chat", ":authority: shop.example.com", "sec-websocket-version: 13", .. fields]));

    private static Socket Open(Http2Engine engine, FrameClient client)
    {
        client.Send(Begin("websocket"));
        var origin = engine.Accept();
        var head = Http2Engine.ReadHead(origin);
        Http2Engine.Send(origin, $"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\nSec-WebSocket-Accept: {AnswerTo(head)}\r\n\r\n");
        client.Until("HEADERS 1 ").ShouldStartWith("HEADERS 1 | :status: 200 | ");
        return origin;
    }

    // RFC 6455 section 4.2.2.
    private static string AnswerTo(string head)
    {
        const string name = "\r\nSec-WebSocket-Key: ";
        var start = head.IndexOf(name, StringComparison.Ordinal) + name.Length;
        var key = head[start..head.IndexOf('\r', start)];
        key.Length.ShouldBe(24);
        return Convert.ToBase64String(SHA1.HashData(Encoding.ASCII.GetBytes(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11")));
    }

    private static bool HasEnded(Socket socket)
    {
        try
        {
            return socket.Receive(new byte[1]) == 0;
        }
        catch (SocketException e)
        {
            return e.SocketErrorCode == SocketError.ConnectionReset;
        }
    }
}
