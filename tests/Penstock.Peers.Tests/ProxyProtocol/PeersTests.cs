// SPDX-License-Identifier: Apache-2.0
using Penstock.Peers.Tests.Harness;

namespace Penstock.Peers.Tests.ProxyProtocol;

/// <summary>PROXY headers to and from real programs.</summary>
public sealed class PeersTests
{
    private const string Get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    private const string Required = "proxy_protocol: {from: [127.0.0.1/32]}";

    [PeerFact("haproxy", "nginx")]
    public async Task Origins_ThatAwaitAHeader_SeeTheClient()
    {
        await using var haproxy = await HaproxyServer.NamingOriginAsync();
        await using var nginx = await NginxServer.NamingOriginAsync();
        foreach (var version in (string[])["v1", "v2"])
        {
            foreach (var endpoint in (string[])[haproxy.Endpoint, nginx.Endpoint])
            {
                await using var penstock = await PenstockProcess.StartAsync(new ProxyConfig
                {
                    Endpoints = [endpoint],
                    Listener = [Required],
                    Cluster = [$"proxy_protocol: {version}", "health: {type: http, interval: 100ms, timeout: 100ms, rise: 1, fall: 1}"],
                });
                await penstock.AwaitMetricAsync($"penstock_health_checks_total{{cluster=\"main\",result=\"success\"}}");
                using var client = await RawClient.ConnectAsync(penstock.Port);
                await client.SendAsync("PROXY TCP4 203.0.113.7 198.51.100.1 40000 80\r\n");
                for (var round = 0; round < 3; round++)
                {
                    await client.SendAsync(Get);
                    (await client.ReadResponseAsync()).Text.ShouldBe("203.0.113.7 40000", $"{version} {endpoint}");
                }
            }
        }
    }

    [PeerFact("haproxy")]
    public async Task Haproxy_InFront_SendsHeadersThatAreUnderstood()
    {
        foreach (var options in (string[])["send-proxy", "send-proxy-v2", "send-proxy-v2 proxy-v2-options crc32c,unique-id", "send-proxy-v2 check inter 100ms check-send-proxy"])
        {
            await using var origin = RawOrigin.Answering();
            await using var penstock = await PenstockProcess.StartAsync(ProxyConfig.For(origin) with { Listener = [Required, "limits: {connections_per_client: 1000}"] });
            await using var haproxy = await HaproxyServer.RelayAsync(penstock.Port, options);

            (await RawClient.AskAsync(haproxy.Port, Get)).Text.ShouldBe("ok", options);

            origin.Requests.Single().Value("X-Forwarded-For").ShouldBe("127.0.0.1");
            (await penstock.MetricsAsync()).ShouldContain("penstock_listener_proxy_headers_rejected_total{listener=\"front\",reason=\"missing\"} 0\n");
        }
    }

    [PeerFact("curl")]
    public async Task Curl_WithAHeader_IsAnswered()
    {
        await using var origin = RawOrigin.Answering();
        await using var penstock = await PenstockProcess.StartAsync(ProxyConfig.For(origin) with { Listener = [Required] });

        var (exitCode, output) = await ChildProcess.RunAsync("curl", "-sS", "--max-time", "20", "--haproxy-protocol", $"http://127.0.0.1:{penstock.Port}/");

        exitCode.ShouldBe(0, output);
        output.Trim().ShouldBe("ok");
    }

    [PeerFact("wrk")]
    public async Task Reload_UnderLoad_FailsNoRequest()
    {
        await using var origin = RawOrigin.Answering();
        var config = ProxyConfig.For(origin) with { Listener = ["proxy_protocol: {from: [192.0.2.0/24]}"] };
        await using var penstock = await PenstockProcess.StartAsync(config);
        var load = WrkRun.Start(penstock.Port, connections: 32, seconds: 4);

        for (var round = 0; !load.IsCompleted; round++)
        {
            (await penstock.ReloadByApiAsync(config with { Listener = [$"proxy_protocol: {{from: [192.0.2.0/2{4 + (round % 5)}]}}"] })).Status.ShouldBe(200);
        }

        (await load).Errors.ShouldBe(0);
    }
}
