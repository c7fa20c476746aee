// SPDX-License-Identifier: Apache-2.0
using System.Globalization;
using System.Text;
using Penstock.Peers.Tests.Harness;

namespace Penstock.Peers.Tests.Forwarding;

/// <summary>A tunnel opens only after an asked-for 101.</summary>
public sealed class TunnelTests
{
    private const string Ask = "GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task Upgrade_Accepted_CarriesBytesBothWaysUntilOneSideCloses()
    {
        await using var origin = new RawOrigin(async connection =>
        {
            var request = await connection.ReadRequestHeadAsync();
            request!.Value("Upgrade").ShouldBe("websocket");
            request.Value("Connection")!.ShouldContain("upgrade", Case.Insensitive);
            await connection.SendAsync("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nfirst");
            await connection.SendAsync(await connection.Reader.ReadAsync(4));
            connection.Close();
        });
        await using var penstock = await PenstockProcess.StartAsync(origin);
        using var client = await RawClient.ConnectAsync(penstock.Port);

        await client.SendAsync(Ask);
        var response = await client.ReadHeadAsync();
        response.Status.ShouldBe(101);
        response.Value("Upgrade").ShouldBe("websocket");
        await client.SendAsync("\0\u0001\r\n");

        Encoding.Latin1.GetString(await client.Reader.ReadToEndAsync()).ShouldBe("first\0\u0001\r\n");
        client.EndSending();
        await Eventually.TrueAsync(async () => await BytesAsync(penstock, "request") == 4 && await BytesAsync(penstock, "response") == 9, Patience, () => "the tunnel's bytes are not counted");
    }

    [Fact]
    public async Task Tunnel_OfManyBytes_LeavesOtherConnectionsTheirTurns()
    {
        const int bytes = 64 << 20;
        await using var origin = new RawOrigin(async connection =>
        {
            await connection.ReadRequestHeadAsync();
            await connection.SendAsync("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
            await connection.SendAsync(new byte[bytes]);
            connection.Close();
        });
        await using var penstock = await PenstockProcess.StartAsync(ProxyConfig.For(origin) with { Reactors = 1 });
        using var client = await RawClient.ConnectAsync(penstock.Port);
        var before = await SumAsync(penstock, "penstock_reactor_turns_total");

        await client.SendAsync(Ask);
        (await client.ReadHeadAsync()).Status.ShouldBe(101);
        (await client.Reader.SkipAsync(bytes)).ShouldBe(bytes);

        // One turn relays 512 KiB, and what the last pipe of 256 KiB has beyond.
        (await SumAsync(penstock, "penstock_reactor_turns_total") - before).ShouldBeGreaterThan(bytes / (768 << 10));
    }

    [Fact]
    public async Task Tunnels_ThatStandStill_TakeLittleMemory()
    {
        const int tunnels = 1000;
        await using var origin = new RawOrigin(async connection =>
        {
            await connection.ReadRequestHeadAsync();
            await connection.SendAsync("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
            await connection.SendAsync(await connection.Reader.ReadAsync(4));
        });
        await using var penstock = await PenstockProcess.StartAsync(origin);
        var clients = new List<RawClient>();
        try
        {
            await OpenAsync(clients, penstock.Port, 100);
            var before = penstock.Child.RssBytes;
            await OpenAsync(clients, penstock.Port, tunnels);
            var each = (penstock.Child.RssBytes - before) / tunnels;

            // perf/l7 has seen 10 to 13 KiB; what one read or write takes, 4 KiB either way, is not held while nothing moves.
            each.ShouldBeLessThan(24 << 10);
            await clients[^1].SendAsync("ping");
            Encoding.Latin1.GetString(await clients[^1].Reader.ReadAsync(4)).ShouldBe("ping");
        }
        finally
        {
            clients.ForEach(client => client.Dispose());
        }
    }

    [Fact]
    public async Task Upgrade_Refused_LeavesAnOrdinaryConnection()
    {
        await using var origin = RawOrigin.Answering();
        await using var penstock = await PenstockProcess.StartAsync(origin);
        using var client = await RawClient.ConnectAsync(penstock.Port);

        await client.SendAsync(Ask + "GET /after HTTP/1.1\r\nHost: a\r\n\r\n");

        (await client.ReadResponseAsync()).Text.ShouldBe("ok");
        (await client.ReadResponseAsync()).Text.ShouldBe("ok");
        origin.Requests.Select(request => request.StartLine).ShouldBe(["GET /chat HTTP/1.1", "GET /after HTTP/1.1"]);
    }

    [Theory]
    [InlineData("GET / HTTP/1.1\r\nHost: a\r\n\r\n")]
    [InlineData("GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n")]
    [InlineData("GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMA\r\n\r\n")]
    public async Task SwitchingProtocols_NotAskedFor_Is502AndNoTunnel(string request)
    {
        await using var origin = RawOrigin.Answering("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
        await using var penstock = await PenstockProcess.StartAsync(origin);

        var response = await RawClient.AskAsync(penstock.Port, request);

        response.Status.ShouldBe(502);
        response.Value("Proxy-Status").ShouldNotBeNullOrEmpty();
    }

    [Fact]
    public async Task Connect_ToAReverseProxy_OpensNoTunnel()
    {
        await using var origin = RawOrigin.Answering();
        await using var penstock = await PenstockProcess.StartAsync(origin);
        using var client = await RawClient.ConnectAsync(penstock.Port);

        await client.SendAsync("CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\nsecret");

        (await client.ReadHeadAsync()).Status.ShouldBeInRange(400, 599);
        origin.Requests.ShouldAllBe(request => !request.Head.Contains("secret", StringComparison.Ordinal));
    }

    [PeerFact("curl")]
    public async Task Connect_ByCurl_IsATunnelWhereARouteTakesIt()
    {
        await using var origin = RawOrigin.Answering();
        await using var penstock = await PenstockProcess.StartAsync(ProxyConfig.For(origin) with { Routes = ["- {match: {host: db.test}, connect: true, to: [{cluster: main}]}"] });

        var (code, output) = await TunnelByCurlAsync(penstock.Port, "http://db.test:5432/inside");
        code.ShouldBe(0, output);
        output.ShouldBe("ok\n");
        var inside = origin.Requests.ShouldHaveSingleItem();
        inside.StartLine.ShouldBe("GET /inside HTTP/1.1");
        inside.Value("X-Forwarded-For").ShouldBeNull("what goes through a tunnel is nobody's to change");

        (code, output) = await TunnelByCurlAsync(penstock.Port, "http://other.test:5432/inside");
        code.ShouldNotBe(0);
        output.ShouldContain("501");
        origin.Requests.Count.ShouldBe(1);
    }

    private static Task<(int ExitCode, string Output)> TunnelByCurlAsync(int port, string url) =>
        ChildProcess.RunAsync("curl", "-sS", "--max-time", "60", "--proxytunnel", "--proxy", $"http://127.0.0.1:{port}", url);

    private static async Task OpenAsync(List<RawClient> clients, int port, int count)
    {
        for (var i = 0; i < count; i++)
        {
            clients.Add(await RawClient.ConnectAsync(port));
            await clients[^1].SendAsync(Ask);
            (await clients[^1].ReadHeadAsync()).Status.ShouldBe(101);
        }
    }

    private static Task<double> BytesAsync(PenstockProcess penstock, string what) => SumAsync(penstock, $"penstock_http_{what}_body_bytes_total");

    private static async Task<double> SumAsync(PenstockProcess penstock, string metric) =>
        (await penstock.MetricsAsync()).Split('\n')
            .Where(line => line.StartsWith(metric + '{', StringComparison.Ordinal))
            .Sum(line => double.Parse(line[line.LastIndexOf(' ')..], CultureInfo.InvariantCulture));
}
