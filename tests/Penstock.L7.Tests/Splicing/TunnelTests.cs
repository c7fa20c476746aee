// SPDX-License-Identifier: Apache-2.0
using System.Net.Sockets;
using Penstock.L7.Errors;
using Penstock.L7.Tests.Http2;
using Penstock.Linux.Relays;
using Penstock.Model.L7;
using static Penstock.L7.Tests.Splicing.BulkStream;

namespace Penstock.L7.Tests.Splicing;

/// <summary>Tunnels that go through pipes end as those that go through buffers.</summary>
public sealed class TunnelTests
{
    [Theory]
    [InlineData(PipePool.MaxKept)]
    [InlineData(1)]
    [InlineData(0)]
    public async Task Tunnel_IsWholeBothWaysAndEndsOneSideAfterTheOther(int pipes)
    {
        await using var engine = new Http2Engine(connect: true, pipes: pipes);
        var (client, origin) = OpenTunnel(engine);
        var up = Task.Run(() =>
        {
            Send(client, Body);
            client.Shutdown(SocketShutdown.Send);
        });
        var down = SendAsync(origin);
        var received = Task.Run(() => Expect(client));
        Expect(origin);
        origin.Receive(new byte[1]).ShouldBe(0);
        await up;
        await down;
        await received;
        down = SendAsync(origin); // Its half is open.
        Expect(client);
        await down;
        origin.Shutdown(SocketShutdown.Send);
        client.Receive(new byte[1]).ShouldBe(0);

        (engine.Spliced > 0).ShouldBe(pipes > 0);
        await UntilAsync(() => engine.Tunnelled == (Length, 2L * Length));
        Array.TrueForAll(Enum.GetValues<ProxyError>(), error => engine.CountOf(error) == 0).ShouldBeTrue();
        client.Dispose();
        origin.Dispose();
    }

    [Fact]
    public async Task WebSocket_MovesBulkAndMessagesByTurns()
    {
        await using var engine = new Http2Engine();
        using var client = engine.ConnectPlain();
        Http2Engine.Send(client, "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
        using var origin = engine.Accept();
        Http2Engine.ReadHead(origin);
        Http2Engine.Send(origin, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n");
        Http2Engine.ReadHead(client).ShouldStartWith("HTTP/1.1 101 ");

        for (var round = 0; round < 3; round++)
        {
            for (var message = 0; message < 3; message++)
            {
                Http2Engine.Send(client, "ping");
                Http2Engine.ReadBytes(origin, 4).ShouldBe("ping");
                Http2Engine.Send(origin, "pong");
                Http2Engine.ReadBytes(client, 4).ShouldBe("pong");
            }

            var before = engine.Spliced;
            var sending = SendAsync(origin);
            Expect(client);
            await sending;
            engine.Spliced.ShouldBeGreaterThan(before);
        }
    }

    [Fact]
    public async Task Tunnel_ThatSaysNothing_WakesNobodyBeforeItsOwnTime()
    {
        await using var engine = new Http2Engine(connect: true, cluster: origin => origin with { Timeouts = new ClusterTimeouts { Body = TimeSpan.FromHours(1) } });
        var (client, origin) = OpenTunnel(engine);
        Http2Engine.Send(client, "ping");
        Http2Engine.ReadBytes(origin, 4).ShouldBe("ping");

        engine.UntilTimer().ShouldBeGreaterThan(TimeSpan.FromMinutes(30)); // The times of the request and the answer that opened it are no longer there.
        client.Dispose();
        origin.Dispose();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Tunnel_WhereOneSideResets_IsReset(bool isClient)
    {
        await using var engine = new Http2Engine(connect: true);
        var (client, origin) = OpenTunnel(engine);
        var (one, other) = isClient ? (client, origin) : (origin, client);
        var sending = SendAsync(one);
        Expect(other);
        await sending;

        one.Close(timeout: 0);

        Drain(other, out _).ShouldBe(SocketError.ConnectionReset);
        engine.Spliced.ShouldBeGreaterThan(0);
        await UntilAsync(() => engine.CountOf(isClient ? ProxyError.ClientClosed : ProxyError.TunnelReset) == 1);
        client.Dispose();
        origin.Dispose();
    }

    [Fact]
    public async Task Tunnel_WhereNobodyReadsAndOneSideResets_IsReset()
    {
        await using var engine = new Http2Engine(connect: true);
        var (client, origin) = OpenTunnel(engine);
        Http2Engine.SendUntilHeld(origin, 100_000_000).ShouldBeLessThan(50_000_000);
        engine.Spliced.ShouldBeGreaterThan(0);

        origin.Close(timeout: 0);

        Drain(client, out _).ShouldBe(SocketError.ConnectionReset);
        await UntilAsync(() => engine.CountOf(ProxyError.TunnelReset) == 1);
        client.Dispose();
    }

    [Fact]
    public async Task Tunnel_WhoseEndpointResetsWhileItsClientIsHeld_IsReset()
    {
        await using var engine = new Http2Engine(connect: true);
        var (client, origin) = OpenTunnel(engine);
        Http2Engine.SendUntilHeld(client, 100_000_000).ShouldBeLessThan(50_000_000);

        origin.Close(timeout: 0);

        await UntilAsync(() => engine.CountOf(ProxyError.TunnelReset) == 1);
        Drain(client, out _).ShouldBe(SocketError.ConnectionReset);
        client.Dispose();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task LastWords_OfASideThatResets_ArriveThoughTheOtherSpeaksFirst(bool isClient)
    {
        await using var engine = new Http2Engine(connect: true);
        var (client, origin) = OpenTunnel(engine);
        var (one, other) = isClient ? (client, origin) : (origin, client);

        engine.WhileHeld(() =>
        {
            Http2Engine.Send(other, "more");
            Http2Engine.Send(one, "last words");
            one.Close(timeout: 0);
        });

        Http2Engine.ReadBytes(other, 10).ShouldBe("last words");
        Drain(other, out _).ShouldBe(SocketError.ConnectionReset);
        await UntilAsync(() => engine.CountOf(isClient ? ProxyError.ClientClosed : ProxyError.TunnelReset) == 1);
        client.Dispose();
        origin.Dispose();
    }

    [Fact]
    public async Task LastWords_OfAnEndpointThatEndsInOrderAndResetsThen_AreWholeThoughTheClientSpeaksFirst()
    {
        await using var engine = new Http2Engine(connect: true);
        var (client, origin) = OpenTunnel(engine);

        engine.WhileHeld(() =>
        {
            Http2Engine.Send(client, "more");
            Http2Engine.Send(origin, "last words");
            origin.Shutdown(SocketShutdown.Send);
            origin.Close(timeout: 0);
        });

        Http2Engine.ReadBytes(client, 10).ShouldBe("last words");
        client.Receive(new byte[1]).ShouldBe(0);
        await UntilAsync(() => engine.Tunnelled == (0, 10));
        engine.CountOf(ProxyError.TunnelReset).ShouldBe(0);
        client.Dispose();
    }

    [Fact]
    public async Task Bytes_OfATunnel_AreThoseOfItsConnectionToo_OnceEach()
    {
        const string ask = "CONNECT db.example.com:5432 HTTP/1.1\r\nHost: db.example.com:5432\r\n\r\n";
        await using var engine = new Http2Engine(connect: true);
        using var client = engine.ConnectPlain();
        Http2Engine.Send(client, ask + "ahead");
        using var origin = engine.Accept();
        var head = Http2Engine.ReadHead(client);
        Http2Engine.ReadBytes(origin, 5).ShouldBe("ahead");
        Http2Engine.Send(client, "more");
        Http2Engine.ReadBytes(origin, 4).ShouldBe("more");
        Http2Engine.Send(origin, "answer");
        Http2Engine.ReadBytes(client, 6).ShouldBe("answer");

        client.Shutdown(SocketShutdown.Send);
        origin.Receive(new byte[1]).ShouldBe(0);
        origin.Shutdown(SocketShutdown.Send);
        client.Receive(new byte[1]).ShouldBe(0);

        await UntilAsync(() => engine.OfClients == (ask.Length + 9, head.Length + 6));
    }

    [Fact]
    public async Task Tunnel_WhoseBulkHasStopped_IsIdle()
    {
        await using var engine = new Http2Engine(connect: true, cluster: cluster => cluster with { Timeouts = cluster.Timeouts with { Body = TimeSpan.FromSeconds(3) } });
        var (client, origin) = OpenTunnel(engine);
        var sending = SendAsync(origin);
        Expect(client);
        await sending;

        Drain(client, out _);
        engine.Spliced.ShouldBeGreaterThan(0);
        await UntilAsync(() => engine.CountOf(ProxyError.StreamIdle) == 1);
        client.Dispose();
        origin.Dispose();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task SideThatTakesNothing_EndsTheTunnelInItsOwnTime_ThoughItSpeaks(bool isClient)
    {
        await using var engine = new Http2Engine(
            connect: true,
            timeouts: new ListenerTimeouts { Body = TimeSpan.FromSeconds(isClient ? 3 : 600) },
            cluster: cluster => cluster with { Timeouts = cluster.Timeouts with { Body = TimeSpan.FromSeconds(isClient ? 600 : 3) } });
        var (client, origin) = OpenTunnel(engine);
        var (deaf, other) = isClient ? (client, origin) : (origin, client);
        using var ended = new CancellationTokenSource();
        var speaking = SpeakAsync(deaf, ended.Token);
        Http2Engine.SendUntilHeld(other, 100_000_000).ShouldBeLessThan(50_000_000);

        await UntilAsync(() => engine.CountOf(isClient ? ProxyError.ResponseNotTaken : ProxyError.ConnectionWriteTimeout) == 1);

        engine.CountOf(ProxyError.StreamIdle).ShouldBe(0);
        await ended.CancelAsync();
        await speaking;
        client.Dispose();
        origin.Dispose();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task DefectOnTheWayOfATunnel_EndsIt(bool isClient)
    {
        await using var engine = new Http2Engine(connect: true, pipes: Http2Engine.Defective);
        var (client, origin) = OpenTunnel(engine);
        var sending = SendWhatIsTakenAsync(isClient ? client : origin);

        Drain(isClient ? origin : client, out _).ShouldBe(SocketError.ConnectionReset);

        await sending;
        await UntilAsync(() => engine.CountOf(ProxyError.InternalError) == 1);
        client.Dispose();
        origin.Dispose();
    }

    [Fact]
    public async Task UrgentByte_InATunnel_StopsNothing()
    {
        await using var engine = new Http2Engine(connect: true);
        var (client, origin) = OpenTunnel(engine);
        var sending = Task.Run(() =>
        {
            Send(origin, Body.AsSpan(0, Length / 2));
            origin.Send("!"u8, SocketFlags.OutOfBand);
            Send(origin, Body.AsSpan(Length / 2));
            origin.Shutdown(SocketShutdown.Send);
        });

        Expect(client);
        client.Receive(new byte[1]).ShouldBe(0);
        await sending;
        client.Dispose();
        origin.Dispose();
    }

    private static Task SendWhatIsTakenAsync(Socket socket) => Task.Run(() =>
    {
        var error = SocketError.Success;
        for (var at = 0; at < Length && error == SocketError.Success;)
            at += socket.Send(Body.AsSpan(at), SocketFlags.None, out error);
    });

    // A byte now and then, until the other end is gone.
    private static async Task SpeakAsync(Socket socket, CancellationToken ended)
    {
        while (!ended.IsCancellationRequested)
        {
            _ = socket.Send("."u8, SocketFlags.None, out _);
            await Task.Delay(100, ended).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
