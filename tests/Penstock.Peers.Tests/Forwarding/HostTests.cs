// SPDX-License-Identifier: Apache-2.0
using Penstock.Peers.Tests.Harness;

namespace Penstock.Peers.Tests.Forwarding;

/// <summary>Which Host an endpoint sees.</summary>
public sealed class HostTests
{
    private const string Get = "GET / HTTP/1.1\r\nHost: shop.test:8080\r\n\r\n";

    [Theory]
    [InlineData("host: preserve", "shop.test:8080")]
    [InlineData("rewrite_host: Gateway.internal", "gateway.internal")]
    [InlineData("rewrite_host: gateway.internal:8443", "gateway.internal:8443")]
    public async Task Host_AsTheClusterSays_IsSentAndTheClientsIsForwardedBeside(string cluster, string expected)
    {
        await using var origin = RawOrigin.Answering();
        await using var penstock = await PenstockProcess.StartAsync(ProxyConfig.For(origin) with { Cluster = [cluster] });

        (await RawClient.AskAsync(penstock.Port, Get)).Status.ShouldBe(200);

        var seen = origin.Requests.Single();
        seen.Value("Host").ShouldBe(expected);
        seen.Value("X-Forwarded-Host").ShouldBe("shop.test:8080");
    }

    [Fact]
    public async Task Host_OfTheEndpoint_IsItsAddress()
    {
        await using var origin = RawOrigin.Answering();
        await using var penstock = await PenstockProcess.StartAsync(ProxyConfig.For(origin) with { Cluster = ["host: endpoint"] });

        (await RawClient.AskAsync(penstock.Port, Get)).Status.ShouldBe(200);

        origin.Requests.Single().Value("Host").ShouldBe(origin.Endpoint);
    }

    [PeerFact("nginx")]
    public async Task Host_OfAnEndpointOfHttp2_IsItsAuthority()
    {
        await using var nginx = await NginxServer.StreamOriginAsync("location / { return 200 \"$http_host $http_x_forwarded_host\"; }");
        await using var penstock = await PenstockProcess.StartAsync(new ProxyConfig { Endpoints = [nginx.Endpoint], Cluster = ["protocol: h2", "rewrite_host: gateway.internal:8443"] });

        (await RawClient.AskAsync(penstock.Port, Get)).Text.ShouldBe("gateway.internal:8443 shop.test:8080");
    }

    [Fact]
    public async Task Host_OfAnUpgrade_AndOfWhatIsSentAgain_IsThatOfTheClusterToo()
    {
        // Its first connection serves one request and ends without an answer to the second.
        await using var dying = new RawOrigin(async connection =>
        {
            await connection.ReadRequestAsync();
            if (connection.Number > 1)
                return;
            await connection.SendAsync(RawOrigin.Ok);
            await connection.ReadRequestAsync();
        });
        await using var alive = new RawOrigin(connection => RawOrigin.AnswerAsync(connection, request => request.Value("Upgrade") is null ? RawOrigin.Ok : "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: test\r\n\r\n"));
        await using var penstock = await PenstockProcess.StartAsync(
            new ProxyConfig { Endpoints = [dying.Endpoint, alive.Endpoint], Reactors = 1, Cluster = ["balancing: round_robin", "rewrite_host: gateway.internal"] });
        for (var request = 0; request < 4; request++)
            (await RawClient.AskAsync(penstock.Port, Get)).Status.ShouldBe(200);
        using var client = await RawClient.ConnectAsync(penstock.Port);
        await client.SendAsync("GET / HTTP/1.1\r\nHost: shop.test:8080\r\nConnection: upgrade\r\nUpgrade: test\r\n\r\n");
        (await client.ReadResponseAsync()).Status.ShouldBe(101);

        var seen = dying.Requests.Concat(alive.Requests).ToArray();
        seen.ShouldAllBe(request => request.Value("Host") == "gateway.internal" && request.Value("X-Forwarded-Host") == "shop.test:8080");
        dying.Requests.Count.ShouldBeGreaterThan(1, "sent in vain");
        alive.Requests.ShouldContain(request => request.Value("Upgrade") == "test");
    }

    [Fact]
    public async Task Host_ChangedByAReload_IsThatOfRequestsFromThenOn()
    {
        await using var origin = RawOrigin.Answering();
        var config = ProxyConfig.For(origin) with { Reactors = 1 };
        await using var penstock = await PenstockProcess.StartAsync(config);

        (await RawClient.AskAsync(penstock.Port, Get)).Status.ShouldBe(200);
        foreach (var cluster in (string[])["rewrite_host: gateway.internal", "host: preserve"])
        {
            var (exitCode, output) = await penstock.ReloadAsync(config with { Cluster = [cluster] });
            exitCode.ShouldBe(0, output);
            (await RawClient.AskAsync(penstock.Port, Get)).Status.ShouldBe(200);
        }

        origin.Requests.Select(request => request.Value("Host")).ShouldBe(["shop.test:8080", "gateway.internal", "shop.test:8080"]);
    }
}
