// SPDX-License-Identifier: Apache-2.0
using System.Text.Json;
using Penstock.Peers.Tests.Harness;
using Penstock.Tests;

namespace Penstock.Peers.Tests.Tcp;

/// <summary>A listener of mode tcp: bytes go both ways as they are.</summary>
public sealed class RelayTests
{
    private static readonly string[] s_mode = ["mode: tcp", "to: [{cluster: main}]"];

    [Fact]
    public async Task Bytes_InEitherDirection_ArriveWholeAndHalfCloseIsHandedOn()
    {
        const int bytes = 20 << 20;
        await using var origin = new RawOrigin(async connection =>
        {
            var received = await connection.Reader.ReadToEndAsync(); // The end comes while this direction is still open.
            if (received.Length > 0)
            {
                await connection.SendAsync(received);
                connection.Close();
            }
        });
        await using var penstock = await StartAsync(origin);
        using var client = await RawClient.ConnectAsync(penstock.Port);
        var sent = new byte[bytes];
        new Random(1).NextBytes(sent);

        await client.SendAsync(sent);
        client.EndSending();

        (await client.Reader.ReadToEndAsync()).AsSpan().SequenceEqual(sent).ShouldBeTrue();
        client.Reader.WasReset.ShouldBeFalse();
        await penstock.AwaitMetricAsync($"penstock_tcp_received_bytes_total{{cluster=\"main\",listener=\"front\",route=\"\"}} {bytes}\n");
        await penstock.AwaitMetricAsync($"penstock_tcp_sent_bytes_total{{cluster=\"main\",listener=\"front\",route=\"\"}} {bytes}\n");
    }

    [Fact]
    public async Task ServerThatSpeaksFirst_IsHeard()
    {
        await using var origin = new RawOrigin(async connection => await connection.SendAsync("220 hello\r\n"));
        await using var penstock = await StartAsync(origin);
        using var client = await RawClient.ConnectAsync(penstock.Port);

        (await client.Reader.ReadAsync(11)).ShouldBe("220 hello\r\n"u8.ToArray());
    }

    [Fact]
    public async Task ClientThatDoesNotRead_StopsTheServer()
    {
        long taken = 0;
        await using var origin = new RawOrigin(async connection =>
        {
            var block = new byte[64 << 10];
            while (true)
            {
                await connection.SendAsync(block);
                Interlocked.Add(ref taken, block.Length);
            }
        });
        await using var penstock = await StartAsync(origin);
        using var client = await RawClient.ConnectAsync(penstock.Port, receiveBufferBytes: 64 << 10);
        await client.Reader.ReadAsync(1);

        // It stops when the buffers on the way are full, and is the same for as long as nobody reads.
        long before = -1;
        await Eventually.TrueAsync(
            async () =>
            {
                var now = Interlocked.Read(ref taken);
                (var same, before) = (now == before, now);
                await Task.Delay(300);
                return same && now == Interlocked.Read(ref taken);
            },
            TimeSpan.FromSeconds(30),
            () => $"{taken} bytes were taken and it goes on");
        before.ShouldBeLessThan(64 << 20);
        (await client.Reader.SkipAsync(2 * before)).ShouldBe(2 * before); // It goes on as soon as somebody does.
    }

    [Fact]
    public async Task ConnectThatFails_IsTriedAtAnotherEndpoint()
    {
        await using var origin = new RawOrigin(EchoAsync);
        await using var penstock = await PenstockProcess.StartAsync(new ProxyConfig { Endpoints = [Down(), origin.Endpoint, Down()], Listener = s_mode });

        for (var i = 0; i < 30; i++)
        {
            await AssertEchoAsync(penstock.Port);
        }
    }

    [Fact]
    public async Task NoEndpointThatTakesIt_ResetsTheClientAndSaysWhy()
    {
        using var workplace = new Workplace();
        var log = Path.Combine(workplace.Path, "access.log");
        var down = Down();
        await using var penstock = await PenstockProcess.StartAsync(new ProxyConfig { Endpoints = [down], Listener = s_mode, L7 = [$"access_log: {{path: {log}}}"] });
        using var client = await RawClient.ConnectAsync(penstock.Port);

        (await client.IsClosedAsync()).ShouldBeTrue();

        await Eventually.TrueAsync(() => File.Exists(log) && File.ReadAllLines(log).Length >= 2, "no line in the log"); // One is of the harness, which looks whether it is up.
        using var line = JsonDocument.Parse(File.ReadAllLines(log)[^1]);
        line.RootElement.GetProperty("reason").GetString().ShouldBe("connection_refused");
        line.RootElement.GetProperty("endpoint").GetString().ShouldBe(down);
        line.RootElement.GetProperty("client_address").GetString().ShouldBe("127.0.0.1");
        line.RootElement.GetProperty("attempts").GetInt32().ShouldBe(1);
        await penstock.AwaitMetricAsync("penstock_tcp_connections_total{cluster=\"main\",listener=\"front\",reason=\"connection_refused\",route=\"\"} 2\n");
    }

    [Fact]
    public async Task Connection_ThatStandsStill_IsEnded()
    {
        await using var origin = new RawOrigin(EchoAsync);
        await using var penstock = await PenstockProcess.StartAsync(ProxyConfig.For(origin) with { Listener = s_mode, Cluster = ["timeouts: {body: 400ms}"] });
        using var client = await RawClient.ConnectAsync(penstock.Port);
        await client.SendAsync("ping");
        (await client.Reader.ReadAsync(4)).ShouldBe("ping"u8.ToArray());

        (await client.IsClosedAsync()).ShouldBeTrue();
        await penstock.AwaitMetricAsync("penstock_tcp_connections_total{cluster=\"main\",listener=\"front\",reason=\"idle_timeout\",route=\"\"} 1\n");
    }

    [Fact]
    public async Task EitherSideThatResets_IsNamedAndTheOtherIsReset()
    {
        var mayReset = new TaskCompletionSource();
        await using var origin = new RawOrigin(async connection =>
        {
            if ((await connection.Reader.ReadAsync(4)).Length < 4)
            {
                return;
            }

            await connection.SendAsync("pong");
            await mayReset.Task;
            connection.Reset();
        });
        await using var penstock = await StartAsync(origin);
        using var first = await RawClient.ConnectAsync(penstock.Port);
        await first.SendAsync("ping");
        (await first.Reader.ReadAsync(4)).ShouldBe("pong"u8.ToArray());
        first.Reset();
        await penstock.AwaitMetricAsync("reason=\"client_closed\",route=\"\"} 1\n");

        using var second = await RawClient.ConnectAsync(penstock.Port);
        await second.SendAsync("ping");
        (await second.Reader.ReadAsync(4)).ShouldBe("pong"u8.ToArray());
        mayReset.SetResult();
        await second.Reader.ReadToEndAsync();
        second.Reader.WasReset.ShouldBeTrue();
        await penstock.AwaitMetricAsync("reason=\"connection_terminated\",route=\"\"} 1\n");
    }

    [Fact]
    public async Task Reload_KeepsConnections_AndSendsNewOnesElsewhere()
    {
        await using var origin = new RawOrigin(EchoAsync);
        await using var other = new RawOrigin(async connection => await connection.SendAsync("other"));
        var config = ProxyConfig.For(origin) with { Listener = s_mode };
        await using var penstock = await PenstockProcess.StartAsync(config);
        using var client = await RawClient.ConnectAsync(penstock.Port);
        await client.SendAsync("ping");
        (await client.Reader.ReadAsync(4)).ShouldBe("ping"u8.ToArray());

        (await penstock.ReloadAsync(config with { Endpoints = [other.Endpoint] })).ExitCode.ShouldBe(0);

        await Eventually.TrueAsync(
            async () =>
            {
                using var next = await RawClient.ConnectAsync(penstock.Port);
                await next.SendAsync("other");
                return (await next.Reader.ReadAsync(5)).AsSpan().SequenceEqual("other"u8);
            },
            TimeSpan.FromSeconds(20),
            () => "new connections go to the old endpoint");
        await client.SendAsync("pong");
        (await client.Reader.ReadAsync(4)).ShouldBe("pong"u8.ToArray());
    }

    [Fact]
    public async Task Storm_OfConnectionsDuringReloads_FailsNone()
    {
        await using var origin = new RawOrigin(EchoAsync);
        var config = ProxyConfig.For(origin) with { Listener = s_mode };
        await using var penstock = await PenstockProcess.StartAsync(config);
        var clients = Task.WhenAll(Enumerable.Range(0, 16).Select(_ => Task.Run(async () =>
        {
            for (var i = 0; i < 100; i++)
            {
                await AssertEchoAsync(penstock.Port);
            }
        })));

        for (var round = 0; !clients.IsCompleted; round++)
        {
            (await penstock.ReloadByApiAsync(config with { Cluster = [$"timeouts: {{body: {100 + (round % 9)}s}}"] })).Status.ShouldBe(200);
        }

        await clients;
        await penstock.AwaitMetricAsync("penstock_listener_connections_open{listener=\"front\"} 0\n");
    }

    [Fact]
    public async Task Stop_CutsWhatIsOpenWhenItsTimeIsOver()
    {
        await using var origin = new RawOrigin(EchoAsync);
        await using var penstock = await StartAsync(origin);
        using var client = await RawClient.ConnectAsync(penstock.Port);
        await client.SendAsync("ping");
        (await client.Reader.ReadAsync(4)).ShouldBe("ping"u8.ToArray());

        penstock.Child.Signal(15);
        await Eventually.TrueAsync(async () => !await ListensAsync(penstock.Port), TimeSpan.FromSeconds(20), () => "it still listens");
        await client.SendAsync("pong");
        (await client.Reader.ReadAsync(4)).ShouldBe("pong"u8.ToArray()); // It goes on until then.

        await client.Reader.ReadToEndAsync();
        client.Reader.WasReset.ShouldBeTrue();
        await penstock.Child.WaitAsync(TimeSpan.FromSeconds(20));
    }

    [PeerFact("haproxy")]
    public async Task ProxyHeader_InAndOut_NamesTheClient()
    {
        await using var haproxy = await HaproxyServer.NamingOriginAsync();
        foreach (var version in (string[])["v1", "v2"])
        {
            await using var penstock = await PenstockProcess.StartAsync(new ProxyConfig
            {
                Endpoints = [haproxy.Endpoint],
                Listener = [.. s_mode, "proxy_protocol: {from: [127.0.0.1/32]}"],
                Cluster = [$"proxy_protocol: {version}"],
            });

            using var client = await RawClient.ConnectAsync(penstock.Port);
            await client.SendAsync("PROXY TCP6 2001:db8::7 2001:db8::1 40000 80\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n");
            (await client.ReadResponseAsync()).Text.ShouldBe("2001:db8::7 40000", version);
        }
    }

    private static string Down() => $"127.0.0.1:{FreePort.Next()}";

    private static Task<PenstockProcess> StartAsync(RawOrigin origin) => PenstockProcess.StartAsync(ProxyConfig.For(origin) with { Listener = s_mode });

    private static async Task EchoAsync(OriginConnection connection)
    {
        while (await connection.Reader.ReadAsync(4) is { Length: 4 } bytes)
        {
            await connection.SendAsync(bytes);
        }

        connection.Close();
    }

    private static async Task AssertEchoAsync(int port)
    {
        using var client = await RawClient.ConnectAsync(port);
        await client.SendAsync("ping");
        (await client.Reader.ReadAsync(4)).ShouldBe("ping"u8.ToArray());
        client.EndSending();
        (await client.IsClosedAsync()).ShouldBeTrue();
        client.Reader.WasReset.ShouldBeFalse();
    }

    private static async Task<bool> ListensAsync(int port)
    {
        try
        {
            using var client = await RawClient.ConnectAsync(port);
            return true;
        }
        catch (System.Net.Sockets.SocketException)
        {
            return false;
        }
    }
}
