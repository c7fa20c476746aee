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
