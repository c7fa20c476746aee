// SPDX-License-Identifier: Apache-2.0
using System.Net.Sockets;
using Penstock.Http2.Tests;
using Penstock.L7.Errors;
using Penstock.Model.L7;
using static Penstock.L7.Tests.Http2.FrameClient;

namespace Penstock.L7.Tests.Http2;

/// <summary>A tunnel that one side resets is reset at the other, whatever opened it: what was cut off must not look like a whole.</summary>
public sealed class TunnelResetTests
{
    private const string Connect = "CONNECT db.example.com:5432 HTTP/1.1\r\nHost: db.example.com:5432\r\n\r\n";
    private const string Upgrade = "GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Theory]
    [InlineData(Connect)]
    [InlineData(Upgrade)]
    public async Task Endpoint_ThatResets_ResetsTheClient(string request)
    {
        await using var engine = new Http2Engine(connect: true);
        var (client, origin) = Open(engine, request);
        Http2Engine.Send(origin, "part");
        Http2Engine.ReadBytes(client, 4).ShouldBe("part");

        origin.Close(timeout: 0);

        EndOf(client).ShouldBe(SocketError.ConnectionReset);
        engine.CountOf(ProxyError.TunnelReset).ShouldBe(1);
        client.Dispose();
    }

    [Theory]
    [InlineData(Connect)]
    [InlineData(Upgrade)]
    public async Task Client_ThatResets_ResetsTheEndpoint(string request)
    {
        await using var engine = new Http2Engine(connect: true);
        var (client, origin) = Open(engine, request);
        Http2Engine.Send(client, "part");
        Http2Engine.ReadBytes(origin, 4).ShouldBe("part");

        client.Close(timeout: 0);

        EndOf(origin).ShouldBe(SocketError.ConnectionReset);
        origin.Dispose();
    }

    [Fact]
    public async Task Endpoint_ThatResetsAfterItsEnd_TakesNothingFromAClientThatIsSlow()
    {
        await using var engine = new Http2Engine(connect: true);
        var (client, origin) = Open(engine, Connect, receives: 4096);
        var whole = new string('a', 32 << 10);

        Http2Engine.Send(origin, whole);
        origin.Shutdown(SocketShutdown.Send);
        await TurnsAsync(engine); // It has been passed on, to the client's queue.
        Http2Engine.Send(client, "more");
        Http2Engine.ReadBytes(origin, 4).ShouldBe("more");
        origin.Close(timeout: 0);
        await TurnsAsync(engine);

        Http2Engine.ReadBytes(client, whole.Length).ShouldBe(whole);
        EndOf(client).ShouldBe(SocketError.Success);
        Array.TrueForAll(Enum.GetValues<ProxyError>(), error => engine.CountOf(error) == 0).ShouldBeTrue();
        client.Dispose();
    }

    [Fact]
    public async Task Client_ThatResetsAfterItsEnd_ResetsTheEndpoint()
    {
        await using var engine = new Http2Engine(connect: true);
        var (client, origin) = Open(engine, Connect);

        client.Shutdown(SocketShutdown.Send);
        EndOf(origin).ShouldBe(SocketError.Success);
        origin.Poll(0, SelectMode.SelectError).ShouldBeFalse();
        client.Close(timeout: 0);

        origin.Poll(Patience, SelectMode.SelectError).ShouldBeTrue("the endpoint's answer was cut off, and it does not hear of it");
        origin.Dispose();
    }

    [Fact]
    public async Task Tunnel_ThatStandsStill_IsResetAtBothEnds()
    {
        await using var engine = new Http2Engine(cluster: cluster => cluster with { Timeouts = new ClusterTimeouts { Body = TimeSpan.FromMilliseconds(300) } }, connect: true);
        var (client, origin) = Open(engine, Connect);

        EndOf(client).ShouldBe(SocketError.ConnectionReset);
        EndOf(origin).ShouldBe(SocketError.ConnectionReset);
        engine.CountOf(ProxyError.StreamIdle).ShouldBe(1);
        client.Dispose();
        origin.Dispose();
    }

    [Fact]
    public async Task Tunnel_ThatBothSidesEnd_IsNoError()
    {
        await using var engine = new Http2Engine(connect: true);
        var (client, origin) = Open(engine, Connect);

        client.Shutdown(SocketShutdown.Send);
        EndOf(origin).ShouldBe(SocketError.Success);
        Http2Engine.Send(origin, "whole");
        origin.Shutdown(SocketShutdown.Send);

        Http2Engine.ReadBytes(client, 5).ShouldBe("whole");
        EndOf(client).ShouldBe(SocketError.Success);
        Array.TrueForAll(Enum.GetValues<ProxyError>(), error => engine.CountOf(error) == 0).ShouldBeTrue();
        client.Dispose();
        origin.Dispose();
    }

    [Fact]
    public async Task Endpoint_ThatResets_ResetsTheStream()
    {
        await using var engine = new Http2Engine(connect: true);
        using var client = engine.Connect();
        using var origin = OpenStream(engine, client);

        origin.Close(timeout: 0);

        client.NextButWindows().ShouldBe("RST_STREAM 1 CONNECT_ERROR"); // RFC 9113 section 8.5.
    }

    [Fact]
    public async Task Endpoint_ThatResetsAfterItsEnd_ResetsTheStream()
    {
        await using var engine = new Http2Engine(connect: true);
        using var client = engine.Connect();
        using var origin = OpenStream(engine, client);

        origin.Shutdown(SocketShutdown.Send);
        client.NextButWindows().ShouldBe("DATA 1 0 end");
        origin.Close(timeout: 0);

        client.NextButWindows().ShouldBe("RST_STREAM 1 CONNECT_ERROR");
    }

    [Fact]
    public async Task Stream_ThatIsReset_ResetsTheEndpoint()
    {
        await using var engine = new Http2Engine(connect: true);
        using var client = engine.Connect();
        using var origin = OpenStream(engine, client);

        client.SendFrame(RstStream, 0, 1, Number(8));

        EndOf(origin).ShouldBe(SocketError.ConnectionReset);
    }

    [Fact]
    public async Task Connection_OfAStream_ThatIsReset_ResetsTheEndpoint()
    {
        await using var engine = new Http2Engine(connect: true);
        using var client = engine.Connect();
        using var origin = OpenStream(engine, client);

        client.Reset();

        EndOf(origin).ShouldBe(SocketError.ConnectionReset);
    }

    private static (Socket Client, Socket Origin) Open(Http2Engine engine, string request, int receives = 0)
    {
        var client = engine.ConnectPlain(receives);
        Http2Engine.Send(client, request);
        var origin = engine.Accept();
        if (request == Upgrade)
        {
            Http2Engine.ReadHead(origin);
            Http2Engine.Send(origin, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
        }

        Http2Engine.ReadHead(client).ShouldStartWith(request == Upgrade ? "HTTP/1.1 101 " : "HTTP/1.1 200 ");
        return (client, origin);
    }

    private static async Task TurnsAsync(Http2Engine engine)
    {
        for (var turn = 0; turn < 20; turn++)
            (await engine.Engine.IsAliveAsync(Patience)).ShouldBeTrue();
    }

    private static Socket OpenStream(Http2Engine engine, FrameClient client)
    {
        client.SendFrame(Headers, EndHeaders, 1, Blocks.Literal(":method: CONNECT", ":authority: db.example.com:5432"));
        var origin = engine.Accept();
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
