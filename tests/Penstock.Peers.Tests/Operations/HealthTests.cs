// SPDX-License-Identifier: Apache-2.0
using System.Net;
using Penstock.Peers.Tests.Harness;
using Penstock.Tests;

namespace Penstock.Peers.Tests.Operations;

/// <summary>What happens when endpoints fail and come back.</summary>
public sealed class HealthTests
{
    private const string Get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

    [Fact]
    public async Task EndpointThatRefuses_WithAnotherReady_FailsNoRequest()
    {
        await using var origin = RawOrigin.Answering();
        await using var penstock = await PenstockProcess.StartAsync(
            new ProxyConfig { Endpoints = [$"127.0.0.1:{FreePort.Next()}", origin.Endpoint] });

        for (var round = 0; round < 20; round++)
        {
            (await RawClient.AskAsync(penstock.Port, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi")).Status.ShouldBe(200);
        }

        origin.Requests.Count.ShouldBe(20);
    }

    [Fact]
    public async Task Endpoints_AllRefusing_GiveAnErrorWithAReason()
    {
        await using var penstock = await PenstockProcess.StartAsync(new ProxyConfig { Endpoints = [$"127.0.0.1:{FreePort.Next()}"] });

        var response = await RawClient.AskAsync(penstock.Port, Get);

        response.Status.ShouldBeOneOf(502, 503);
        response.Value("Proxy-Status")!.ShouldContain("error=");
    }

    [Fact]
    public async Task HttpCheck_FailingAndRecovering_TakesTheEndpointOutAndIn()
    {
        var healthy = true;
        var address = new IPEndPoint(IPAddress.Loopback, FreePort.Next());
        await using var origin = new RawOrigin(
            connection => RawOrigin.AnswerAsync(
                connection,
                request => request.StartLine.Contains("/ready", StringComparison.Ordinal) && !Volatile.Read(ref healthy)
                    ? "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n"
                    : RawOrigin.Ok),
            address);
        await using var penstock = await PenstockProcess.StartAsync(ProxyConfig.For(origin) with
        {
            Cluster = ["health: {type: http, path: /ready, interval: 100ms, timeout: 1s, rise: 2, fall: 2}"],
        });

        await Eventually.TrueAsync(() => IsStatusAsync(penstock, 200), TimeSpan.FromSeconds(20), () => "not ready at first");
        Volatile.Write(ref healthy, value: false);
        await Eventually.TrueAsync(() => IsStatusAsync(penstock, 503), TimeSpan.FromSeconds(20), () => "still used when down");
        Volatile.Write(ref healthy, value: true);
        await Eventually.TrueAsync(() => IsStatusAsync(penstock, 200), TimeSpan.FromSeconds(20), () => "not used again");
    }

    [Fact]
    public async Task Weights_OfEndpoints_AreKeptByRoundRobin()
    {
        await using var light = RawOrigin.Answering();
        await using var heavy = RawOrigin.Answering();
        await using var penstock = await PenstockProcess.StartAsync(new ProxyConfig
        {
            Endpoints = [light.Endpoint, heavy.Endpoint],
            Weights = [1, 3],
            Reactors = 1,
        });

        for (var round = 0; round < 40; round++)
        {
            (await RawClient.AskAsync(penstock.Port, Get)).Status.ShouldBe(200);
        }

        light.Requests.Count.ShouldBe(10);
        heavy.Requests.Count.ShouldBe(30);
    }

    private static async Task<bool> IsStatusAsync(PenstockProcess penstock, int status) =>
        (await RawClient.AskAsync(penstock.Port, Get)).Status == status;
}
