// SPDX-License-Identifier: Apache-2.0
using System.Diagnostics;
using Penstock.Peers.Tests.Harness;

namespace Penstock.Peers.Tests.Limits;

/// <summary>Limits and timeouts towards endpoints, set low, seen from the wire.</summary>
public sealed class UpstreamLimitTests
{
    private const string Get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

    [Fact]
    public async Task Endpoint_ThatTakesNoConnection_Is504WithTheReason()
    {
        using var hole = await BlackHole.OpenAsync();
        await using var penstock = await PenstockProcess.StartAsync(new ProxyConfig { Endpoints = [hole.Endpoint], Cluster = ["timeouts: {connect: 500ms}"] });
        var clock = Stopwatch.StartNew();

        var response = await RawClient.AskAsync(penstock.Port, Get);

        response.Status.ShouldBe(504);
        response.Value("Proxy-Status").ShouldBe("test; error=connection_timeout");
        clock.Elapsed.TotalSeconds.ShouldBeInRange(0.4, 9);
        await penstock.AwaitMetricAsync("penstock_http_errors_total{reason=\"connection_timeout\",rejected=\"\"} 1\n");
    }

    [Fact]
    public async Task Endpoint_ThatTakesNoConnection_IsPassedOverForTheNext()
    {
        using var hole = await BlackHole.OpenAsync();
        await using var origin = RawOrigin.Answering();
        await using var penstock = await PenstockProcess.StartAsync(
            new ProxyConfig { Endpoints = [hole.Endpoint, origin.Endpoint], Reactors = 1, Cluster = ["timeouts: {connect: 200ms}"] });

        for (var request = 0; request < 4; request++)
            (await RawClient.AskAsync(penstock.Port, "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi")).Text.ShouldBe("ok");

        origin.Requests.Count.ShouldBe(4);
        (await penstock.MetricsAsync()).ShouldNotContain("penstock_upstream_retries_total{reason=\"connect\"} 0\n");
    }

    [Theory]
    [InlineData("{max_requests: 3}", 3)]
    [InlineData("{max_requests: 0}", 1)]
    public async Task Connection_AfterItsRequests_IsNotUsedAgain(string pool, int connections)
    {
        await using var origin = RawOrigin.Answering();
        await using var penstock = await PenstockProcess.StartAsync(ProxyConfig.For(origin) with { Reactors = 1, Cluster = [$"pool: {pool}"] });
        using var client = await RawClient.ConnectAsync(penstock.Port);

        for (var request = 0; request < 7; request++)
        {
            await client.SendAsync(Get);
            (await client.ReadResponseAsync()).Text.ShouldBe("ok");
        }

        origin.Connections.ShouldBe(connections);
    }

    [Fact]
    public async Task RequestThatIsSentAgain_WhereAllConnectionsLieUnused_TakesThePlaceOfOne()
    {
        // Its first connection serves one request and is reset by the second, those after it by their first.
        await using var dying = new RawOrigin(async connection =>
        {
            if (connection.Number == 1)
            {
                await connection.ReadRequestAsync();
                await connection.SendAsync(RawOrigin.Ok);
            }

            await connection.ReadRequestAsync();
            connection.Reset();
        });
        await using var alive = RawOrigin.Answering();
        await using var penstock = await PenstockProcess.StartAsync(
            new ProxyConfig { Endpoints = [dying.Endpoint, alive.Endpoint], Reactors = 1, Cluster = ["balancing: round_robin", "pool: {max_connections: 1}"] });
        using var client = await RawClient.ConnectAsync(penstock.Port);

        for (var request = 0; request < 4; request++)
        {
            await client.SendAsync(Get);
            (await client.ReadResponseAsync()).Status.ShouldBe(200, $"request {request}");
        }

        dying.Requests.Count.ShouldBe(2);
    }

    [Fact]
    public async Task UnusedConnections_BeyondALimitThatAReloadHasLowered_GiveWayToOneThatIsNeeded()
    {
        await using var origin = RawOrigin.Answering();
        var config = ProxyConfig.For(origin) with { Reactors = 1, Cluster = ["proxy_protocol: v1"] }; // so that each client's connection is of no use to others
        await using var penstock = await PenstockProcess.StartAsync(config);
        var clients = new List<RawClient>();
        try
        {
            for (var client = 0; client < 5; client++)
            {
                clients.Add(await RawClient.ConnectAsync(penstock.Port));
                if (client == 4)
                {
                    var (exitCode, output) = await penstock.ReloadAsync(config with { Cluster = ["proxy_protocol: v1", "pool: {max_connections: 2}"] });
                    exitCode.ShouldBe(0, output);
                }

                await clients[client].SendAsync(Get);
                (await clients[client].ReadResponseAsync()).Status.ShouldBe(200);
            }

            await penstock.AwaitMetricAsync($"penstock_endpoint_connections_open{{cluster=\"main\",endpoint=\"{origin.Endpoint}\"}} 2\n");
        }
        finally
        {
            clients.ForEach(client => client.Dispose());
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task UnusedConnections_AreKeptUpToTheirLimit(int limit)
    {
        var release = new TaskCompletionSource();
        await using var origin = new RawOrigin(async connection =>
        {
            await connection.ReadRequestAsync();
            await release.Task;
            await connection.SendAsync(RawOrigin.Ok);
            await connection.Reader.ReadToEndAsync();
        });
        await using var penstock = await PenstockProcess.StartAsync(ProxyConfig.For(origin) with { Reactors = 1, Cluster = [$"pool: {{max_idle: {limit}}}"] });
        var asking = Enumerable.Range(0, 5).Select(_ => RawClient.AskAsync(penstock.Port, Get)).ToArray();
        await Eventually.TrueAsync(() => origin.Requests.Count == 5, "five requests are on their way");

        release.SetResult();
        foreach (var response in await Task.WhenAll(asking))
            response.Text.ShouldBe("ok");

        await penstock.AwaitMetricAsync($"penstock_endpoint_connections_open{{cluster=\"main\",endpoint=\"{origin.Endpoint}\"}} {limit}\n");
    }
}
