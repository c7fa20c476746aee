// SPDX-License-Identifier: Apache-2.0
using System.Net.Sockets;
using System.Text;
using Penstock.Http2.Tests;
using Penstock.Model.L7;
using static Penstock.L7.Tests.Http2.FrameClient;

namespace Penstock.L7.Tests.Http2;

/// <summary>CONNECT that is refused: there is no tunnel, and what was meant for it is nobody's request.</summary>
public sealed class RefusedConnectTests
{
    private const string Smuggled = "GET /fixed HTTP/1.1\r\nHost: shop.example.com\r\n\r\n";

    /// <summary>Answers that leave the connection of any other request open are among them.</summary>
    [Theory]
    [InlineData("db.example.com:5432", "", "503", "pool_exhausted")]
    [InlineData("other.example.com:5432", "", "501", "connect_not_routed")]
    [InlineData("db.example.com:5432", "Transfer-Encoding: chunked\r\n", "501", "tunnel_not_carried")]
    [InlineData("db.example.com", "", "400", "target_form_not_allowed")]
    public async Task Bytes_BehindIt_AreNoRequest(string target, string field, string status, string details)
    {
        await using var engine = Engine();
        using var client = engine.ConnectPlain();

        Http2Engine.Send(client, $"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n{field}\r\n{Smuggled}");

        var head = Http2Engine.ReadHead(client);
        head.ShouldStartWith($"HTTP/1.1 {status} ");
        head.ShouldContain("\r\nConnection: close\r\n");
        head.ShouldContain(details);
        ReadToEnd(client).ShouldNotContain("HTTP/1.1");
    }

    [Fact]
    public async Task Bytes_ThatComeAfterTheAnswer_AreNoRequestEither()
    {
        await using var engine = Engine();
        using var client = engine.ConnectPlain();

        Http2Engine.Send(client, "CONNECT db.example.com:5432 HTTP/1.1\r\nHost: db.example.com:5432\r\n\r\n");
        Http2Engine.ReadHead(client).ShouldStartWith("HTTP/1.1 503 ");
        Http2Engine.Send(client, Smuggled);

        ReadToEnd(client).ShouldNotContain("HTTP/1.1");
    }

    /// <summary>Other requests that the same fault befalls keep their connection.</summary>
    [Fact]
    public async Task Request_WithTheSameFault_KeepsItsConnection()
    {
        await using var engine = Engine();
        using var client = engine.ConnectPlain();

        Http2Engine.Send(client, "GET / HTTP/1.1\r\nHost: shop.example.com\r\n\r\n" + Smuggled);

        Http2Engine.ReadHead(client).ShouldStartWith("HTTP/1.1 503 ");
        client.Shutdown(SocketShutdown.Send);
        ReadToEnd(client).ShouldContain("HTTP/1.1 200 OK\r\n");
    }

    /// <summary>The same as over HTTP/1.1. Status 200, which calls of gRPC get with an error, would say that the tunnel is open.</summary>
    [Theory]
    [InlineData("other.example.com:5432", "x-a: 1", "501", "connect_not_routed")]
    [InlineData("db.example.com:5432", "x-a: 1", "503", "pool_exhausted")]
    [InlineData("db.example.com:5432", "content-type: application/grpc", "503", "pool_exhausted")]
    [InlineData("db.example.com:5432", "content-length: 0", "501", "tunnel_not_carried")]
    public async Task Stream_ThatAsksForIt_IsAnsweredAlike(string authority, string field, string status, string details)
    {
        await using var engine = Engine();
        using var client = engine.Connect();

        client.SendFrame(Headers, EndHeaders, 1, Blocks.Literal(":method: CONNECT", $":authority: {authority}", field));

        var head = client.Until("HEADERS 1 ");
        head.ShouldContain($" | :status: {status} | ");
        head.ShouldContain($"details=\"{details}\"");
    }

    /// <summary>Success would say that the WebSocket is open.</summary>
    [Fact]
    public async Task WebSocket_WhereTheRouteItselfRespondsWithSuccess_IsRefused()
    {
        await using var engine = new Http2Engine(new Http2Config { ExtendedConnect = true });
        using var client = engine.Connect();

        client.SendFrame(Headers, EndHeaders, 1, Blocks.Literal(":method: CONNECT", ":protocol: websocket", ":scheme: http", ":path: /fixed", ":authority: shop.example.com"));

        var head = client.Until("HEADERS 1 ");
        head.ShouldContain(" | :status: 501 | ");
        head.ShouldContain("details=\"tunnel_not_carried\"");
    }

    private static Http2Engine Engine() => new(cluster: cluster => cluster with { Pool = new PoolLimits { MaxConnections = 0 } }, connect: true);

    private static string ReadToEnd(Socket socket)
    {
        var text = new StringBuilder();
        var buffer = new byte[4096];
        for (var count = socket.Receive(buffer); count > 0; count = socket.Receive(buffer))
            text.Append(Encoding.Latin1.GetString(buffer, 0, count));
        return text.ToString();
    }
}
