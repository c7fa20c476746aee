// SPDX-License-Identifier: Apache-2.0
using System.Net.Sockets;
using Penstock.L7.Errors;
using Penstock.L7.Tests.Http2;
using Penstock.Linux.Relays;
using Penstock.Model.L7;

namespace Penstock.L7.Tests.Transport;

/// <summary>What goes through pipes is what goes through buffers, and ends as that does.</summary>
public sealed class SpliceTests
{
    private const int Length = 8 << 20;
    private const string Connect = "CONNECT db.example.com:5432 HTTP/1.1\r\nHost: db.example.com:5432\r\n\r\n";
    private const string Get = "GET /a HTTP/1.1\r\nHost: a\r\n\r\n";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly byte[] Body = MakeBody();

    [Theory]
    [InlineData(PipePool.MaxKept)]
    [InlineData(0)]
    public async Task Response_IsWholeAndItsConnectionsGoOn(int pipes)
    {
        await using var engine = new Http2Engine(pipes: pipes);
        using var client = engine.ConnectPlain();
        Http2Engine.Send(client, Get);
        using var origin = engine.Accept();
        for (var round = 0; round < 2; round++)
        {
            Http2Engine.ReadHead(origin);
            Http2Engine.Send(origin, $"HTTP/1.1 200 OK\r\nContent-Length: {Length}\r\n\r\n");
            var sending = Task.Run(() => SendAll(origin, Body));
            Http2Engine.ReadHead(client).ShouldStartWith("HTTP/1.1 200 ");
            Receive(client, Length).AsSpan().SequenceEqual(Body).ShouldBeTrue();
            await sending;
            Http2Engine.Send(client, Get);
        }

        Http2Engine.ReadHead(origin); // Of the third request, on the same connection.
        (engine.Spliced > Length).ShouldBe(pipes > 0);
    }

    [Fact]
    public async Task Request_IsWholeAndTheNextBehindItIsNotPartOfIt()
    {
        await using var engine = new Http2Engine();
        using var client = engine.ConnectPlain();
        var sending = Task.Run(() =>
        {
            Http2Engine.Send(client, $"PUT /a HTTP/1.1\r\nHost: a\r\nContent-Length: {Length}\r\n\r\n");
            SendAll(client, Body);
            Http2Engine.Send(client, Get);
        });
        using var origin = engine.Accept();
        Http2Engine.ReadHead(origin).ShouldStartWith("PUT /a ");

        Receive(origin, Length).AsSpan().SequenceEqual(Body).ShouldBeTrue();
        await sending;
        origin.Poll(TimeSpan.FromMilliseconds(50), SelectMode.SelectRead).ShouldBeFalse("more than the body has come");
        Http2Engine.Send(origin, "HTTP/1.1 204 No Content\r\n\r\n");

        Http2Engine.ReadHead(client).ShouldStartWith("HTTP/1.1 204 ");
        Http2Engine.ReadHead(origin).ShouldStartWith("GET /a ");
        engine.Spliced.ShouldBeInRange(1, Length);
    }

    [Theory]
    [InlineData(PipePool.MaxKept)]
    [InlineData(0)]
    public async Task Tunnel_IsWholeBothWaysAndEndsOneSideAfterTheOther(int pipes)
    {
        await using var engine = new Http2Engine(connect: true, pipes: pipes);
        using var client = engine.ConnectPlain();
        Http2Engine.Send(client, Connect);
        using var origin = engine.Accept();
        Http2Engine.ReadHead(client);

        var up = Task.Run(() =>
        {
            SendAll(client, Body);
            client.Shutdown(SocketShutdown.Send);
        });
        var down = Task.Run(() => SendAll(origin, Body));
        var received = Task.Run(() => Receive(client, Length));
        Receive(origin, Length).AsSpan().SequenceEqual(Body).ShouldBeTrue();
        origin.Receive(new byte[1]).ShouldBe(0);
        await up;
        await down;
        (await received).AsSpan().SequenceEqual(Body).ShouldBeTrue();
        SendAll(origin, Body); // Its half is open.
        origin.Shutdown(SocketShutdown.Send);
        Receive(client, Length).AsSpan().SequenceEqual(Body).ShouldBeTrue();
        client.Receive(new byte[1]).ShouldBe(0);

        (engine.Spliced > 0).ShouldBe(pipes > 0);
        Array.TrueForAll(Enum.GetValues<ProxyError>(), error => engine.CountOf(error) == 0).ShouldBeTrue();
    }

    [Fact]
    public async Task Endpoint_ThatResetsInTheMiddle_IsNotTakenForAnEnd()
    {
        await using var engine = new Http2Engine();
        using var client = engine.ConnectPlain();
        Http2Engine.Send(client, Get);
        using var origin = engine.Accept();
        Http2Engine.ReadHead(origin);
        Http2Engine.Send(origin, $"HTTP/1.1 200 OK\r\nContent-Length: {Length}\r\n\r\n");
        var sending = Task.Run(() => SendAll(origin, Body.AsSpan(0, Length / 2)));
        Http2Engine.ReadHead(client);
        Receive(client, Length / 2).AsSpan().SequenceEqual(Body.AsSpan(0, Length / 2)).ShouldBeTrue();
        await sending;

        origin.Close(timeout: 0);

        Drain(client);
        engine.Spliced.ShouldBeGreaterThan(0);
        engine.CountOf(ProxyError.ResponseIncomplete).ShouldBe(1);
    }

    [Fact]
    public async Task Tunnel_WhoseEndpointResetsInTheMiddle_IsReset()
    {
        await using var engine = new Http2Engine(connect: true);
        using var client = engine.ConnectPlain();
        Http2Engine.Send(client, Connect);
        using var origin = engine.Accept();
        Http2Engine.ReadHead(client);
        var sending = Task.Run(() => SendAll(origin, Body));
        Receive(client, Length).AsSpan().SequenceEqual(Body).ShouldBeTrue();
        await sending;

        origin.Close(timeout: 0);

        Drain(client).ShouldBe(SocketError.ConnectionReset);
        engine.Spliced.ShouldBeGreaterThan(0);
        engine.CountOf(ProxyError.TunnelReset).ShouldBe(1);
    }

    [Fact]
    public async Task Clients_ThatGoWithBytesInPipes_LeavePipesForOthers()
    {
        await using var engine = new Http2Engine(pipes: 1);
        for (var round = 0; round < 3; round++)
        {
            var (client, origin) = Hold(engine);
            client.Close(timeout: 0);
            Drain(origin);
            origin.Dispose();
            client.Dispose();
        }

        var before = engine.Spliced;
        using var other = engine.ConnectPlain();
        Http2Engine.Send(other, Get);
        using var last = engine.Accept();
        Http2Engine.ReadHead(last);
        Http2Engine.Send(last, $"HTTP/1.1 200 OK\r\nContent-Length: {Length}\r\n\r\n");
        var sending = Task.Run(() => SendAll(last, Body));
        Http2Engine.ReadHead(other);
        Receive(other, Length).AsSpan().SequenceEqual(Body).ShouldBeTrue();
        await sending;
        engine.Spliced.ShouldBeGreaterThan(before);
        engine.CountOf(ProxyError.ClientClosed).ShouldBe(3);
    }

    [Fact]
    public async Task Client_ThatTakesNothing_IsGivenUp()
    {
        await using var engine = new Http2Engine(timeouts: new ListenerTimeouts { Body = TimeSpan.FromMilliseconds(300) });
        var (client, origin) = Hold(engine);

        Drain(origin);

        engine.CountOf(ProxyError.ResponseNotTaken).ShouldBe(1);
        client.Dispose();
        origin.Dispose();
    }

    [Fact]
    public async Task UrgentByte_InABody_StopsNothing()
    {
        await using var engine = new Http2Engine();
        using var client = engine.ConnectPlain();
        Http2Engine.Send(client, Get);
        using var origin = engine.Accept();
        Http2Engine.ReadHead(origin);
        Http2Engine.Send(origin, $"HTTP/1.1 200 OK\r\nContent-Length: {Length}\r\n\r\n");
        var sending = Task.Run(() =>
        {
            SendAll(origin, Body.AsSpan(0, Length / 2));
            origin.Send("!"u8, SocketFlags.OutOfBand);
            SendAll(origin, Body.AsSpan(Length / 2));
        });
        Http2Engine.ReadHead(client);

        Receive(client, Length).AsSpan().SequenceEqual(Body).ShouldBeTrue();
        await sending;
    }

    /// <summary>A client that has asked and reads nothing, and an origin that has answered until no more was taken.</summary>
    private static (Socket Client, Socket Origin) Hold(Http2Engine engine)
    {
        var client = engine.ConnectPlain(receives: 4096);
        Http2Engine.Send(client, Get);
        var origin = engine.Accept();
        Http2Engine.ReadHead(origin);
        Http2Engine.Send(origin, "HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n");
        Http2Engine.SendUntilHeld(origin, 100_000_000).ShouldBeLessThan(50_000_000);
        origin.Blocking = true;
        return (client, origin);
    }

    private static void SendAll(Socket socket, ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
            bytes = bytes[socket.Send(bytes)..];
    }

    private static byte[] Receive(Socket socket, int count)
    {
        var bytes = new byte[count];
        for (var at = 0; at < count;)
        {
            var received = socket.Receive(bytes, at, count - at, SocketFlags.None);
            received.ShouldBeGreaterThan(0, $"the connection ends after {at} of {count} bytes");
            at += received;
        }

        return bytes;
    }

    /// <summary>Reads what there still is, to the end.</summary>
    private static SocketError Drain(Socket socket)
    {
        var buffer = new byte[65536];
        while (true)
        {
            socket.Poll(Patience, SelectMode.SelectRead).ShouldBeTrue("the connection does not end");
            if (socket.Receive(buffer, SocketFlags.None, out var error) == 0 || error != SocketError.Success)
                return error;
        }
    }

    private static byte[] MakeBody()
    {
        var body = new byte[Length];
        new Random(1).NextBytes(body);
        return body;
    }
}
