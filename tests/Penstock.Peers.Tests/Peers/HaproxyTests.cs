// SPDX-License-Identifier: Apache-2.0
using Penstock.Peers.Tests.Harness;

namespace Penstock.Peers.Tests.Peers;

/// <summary>With a real haproxy on either side.</summary>
public sealed class HaproxyTests
{
    [PeerFact("haproxy")]
    public async Task Haproxy_AsOrigin_AnswersOverOneKeptConnection()
    {
        await using var haproxy = await HaproxyServer.OriginAsync("from haproxy");
        await using var penstock = await PenstockProcess.StartAsync(new ProxyConfig { Endpoints = [haproxy.Endpoint] });
        using var client = await RawClient.ConnectAsync(penstock.Port);

        for (var round = 0; round < 20; round++)
        {
            await client.SendAsync("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
            (await client.ReadResponseAsync()).Text.ShouldBe("from haproxy");
        }
    }

    [PeerFact("haproxy")]
    public async Task Haproxy_InFront_GetsItsRequestsThrough()
    {
        await using var origin = RawOrigin.Answering("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n");
        await using var penstock = await PenstockProcess.StartAsync(ProxyConfig.For(origin) with { Listener = ["trusted_proxies: [127.0.0.1/32]"] });
        await using var haproxy = await HaproxyServer.FrontAsync(penstock.Port);

        var response = await RawClient.AskAsync(haproxy.Port, "POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n");

        response.Text.ShouldBe("abc");
        response.Complete.ShouldBeTrue();
        origin.Requests.Single().Text.ShouldBe("hi");
        string.Join(", ", origin.Requests.Single().Values("X-Forwarded-For")).ShouldBe("127.0.0.1, 127.0.0.1");
    }

    [PeerFact("haproxy")]
    public async Task Haproxy_InFrontByHttp2_GetsItsRequestsThrough()
    {
        await using var origin = RawOrigin.Answering("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n");
        await using var penstock = await PenstockProcess.StartAsync(ProxyConfig.For(origin));
        await using var haproxy = await HaproxyServer.FrontAsync(penstock.Port, "proto h2");
        using var client = await RawClient.ConnectAsync(haproxy.Port);

        for (var round = 0; round < 20; round++)
        {
            await client.SendAsync("POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n");
            (await client.ReadResponseAsync("POST")).Text.ShouldBe("abc");
        }

        origin.Requests.Count.ShouldBe(20);
        origin.Requests.ShouldAllBe(request => request.Text == "hi" && request.Value("Host") == "a" && request.Value("Via")!.StartsWith("2.0 ", StringComparison.Ordinal)); // Each request has one.
    }
}
