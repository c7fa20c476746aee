// SPDX-License-Identifier: Apache-2.0
using System.Net.Sockets;
using Penstock.Http2.Tests;
using Penstock.Model.L7;
using static Penstock.L7.Tests.Http2.FrameClient;

namespace Penstock.L7.Tests.Http2;

/// <summary>CONNECT, over either version.</summary>
public sealed class ConnectTests
{
    private const string Connect = "CONNECT db.example.com:5432 HTTP/1.1\r\nHost: db.example.com:5432\r\n\r\n";

    [Fact]
    public async Task Connect_ToARouteThatTakesIt_IsATunnelToItsEndpoint()
    {
        await using var engine = new Http2Engine(connect: true);
        using var client = engine.ConnectPlain();

        Http2Engine.Send(client, Connect + "hello");
        using var origin = engine.Accept();
        Http2Engine.ReadBytes(origin, 5).ShouldBe("hello");
        var head = Http2Engine.ReadHead(client);
        head.ShouldStartWith("HTTP/1.1 200 OK\r\n");
        head.ShouldNotContain("Content-Length");
        head.ShouldNotContain("Transfer-Encoding");
        head.ShouldNotContain("Connection");
        head.ShouldNotContain("Via", Case.Insensitive, "the answer is the proxy's own");

        Http2Engine.Send(origin, "world");
        Http2Engine.ReadBytes(client, 5).ShouldBe("world");
        client.Shutdown(SocketShutdown.Send);
        origin.Receive(new byte[1]).ShouldBe(0);
        Http2Engine.Send(origin, "bye");
        origin.Shutdown(SocketShutdown.Send);
        Http2Engine.ReadBytes(client, 3).ShouldBe("bye");
        client.Receive(new byte[1]).ShouldBe(0);
    }

    [Fact]
    public async Task Connect_WithProxyProtocol_BeginsWithItsHeader()
    {
        await using var engine = new Http2Engine(cluster: cluster => cluster with { ProxyProtocol = ProxyProtocolVersion.V1 }, connect: true);
        using var client = engine.ConnectPlain();

        Http2Engine.Send(client, Connect);
        using var origin = engine.Accept();

        Http2Engine.ReadBytes(origin, 30).ShouldStartWith("PROXY TCP4 127.0.0.1 127.0.0.1");
    }

    [Fact]
    public async Task Connect_OverHttp2_IsATunnelOfAStream()
    {
        await using var engine = new Http2Engine(connect: true);
        using var client = engine.Connect();

        client.SendFrame(Headers, EndHeaders, 1, Blocks.Literal(":method: CONNECT", ":authority: db.example.com:5432"));
        using var origin = engine.Accept();
        var head = client.Until("HEADERS 1 ");
        head.ShouldStartWith("HEADERS 1 | :status: 200 | ");
        head.ShouldNotContain("| via: ");
        client.SendFrame(Data, 0, 1, "hello"u8.ToArray());
        Http2Engine.ReadBytes(origin, 5).ShouldBe("hello");
        Http2Engine.Send(origin, "world");
        client.NextButWindows().ShouldBe("DATA 1 5");
        client.SendFrame(Data, EndStream, 1);
        origin.Receive(new byte[1]).ShouldBe(0);
        origin.Shutdown(SocketShutdown.Send);
        client.NextButWindows().ShouldBe("DATA 1 0 end");
    }

    [Theory]
    [InlineData("CONNECT other.example.com:5432 HTTP/1.1\r\nHost: other.example.com:5432\r\n\r\n")]
    [InlineData("CONNECT db.example.com:5432 HTTP/1.1\r\nHost: db.example.com:5432\r\nContent-Length: 1\r\n\r\nx")]
    public async Task Connect_ThatNoRouteTakes_IsRefused(string request)
    {
        await using var engine = new Http2Engine(connect: true);
        using var client = engine.ConnectPlain();

        Http2Engine.Send(client, request);

        Http2Engine.ReadHead(client).ShouldStartWith("HTTP/1.1 501 ");
        engine.HasConnection().ShouldBeFalse();
    }

    [Fact]
    public async Task OtherRequest_ToAHostOfATunnel_GoesToTheOthersRoute()
    {
        await using var engine = new Http2Engine(connect: true);
        using var client = engine.ConnectPlain();

        Http2Engine.Send(client, "GET /fixed HTTP/1.1\r\nHost: db.example.com\r\n\r\n");

        Http2Engine.ReadHead(client).ShouldStartWith("HTTP/1.1 200 OK\r\n");
        Http2Engine.Send(client, Connect.Replace("db.example.com", "none.example.com", StringComparison.Ordinal));
        Http2Engine.ReadBytes(client, 6).ShouldBe("hello\n");
        Http2Engine.ReadHead(client).ShouldStartWith("HTTP/1.1 501 ");
    }
}
