// SPDX-License-Identifier: Apache-2.0
using System.Net;
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

    [PeerFact("haproxy", "h2load")]
    public async Task Haproxy_AsOriginByHttp2_FailsNothing()
    {
        await using var haproxy = await HaproxyServer.OriginAsync("%[method] HTTP/%[req.ver] %[req.hdr(host)]", "proto h2");
        await using var penstock = await PenstockProcess.StartAsync(new ProxyConfig { Endpoints = [haproxy.Endpoint], Cluster = ["protocol: h2"] });

        (await RawClient.AskAsync(penstock.Port, "GET / HTTP/1.1\r\nHost: shop.test\r\nConnection: close\r\n\r\n")).Text.ShouldBe("GET HTTP/2.0 shop.test");
        foreach (var client in (string[][])[["-m", "32"], ["--h1"]])
        {
            var load = await H2loadRun.Start(penstock, [.. client, "-n", "5000", "-c", "20"]);
            await load.ShouldHaveFailedNothingAsync(5000, penstock);
        }
    }

    [PeerFact("haproxy", "curl")]
    public async Task Haproxy_BehindByHttp2_TakesAndGivesLargeBodies()
    {
        const int length = 3_000_000;
        var large = $"HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{new string('y', length)}";
        await using var origin = new RawOrigin(connection => RawOrigin.AnswerAsync(connection, request => request.StartLine.StartsWith("GET", StringComparison.Ordinal) ? large : RawOrigin.Ok));
        await using var haproxy = await HaproxyServer.FrontAsync(((IPEndPoint)origin.Address).Port, bindOptions: "proto h2");
        await using var penstock = await PenstockProcess.StartAsync(new ProxyConfig { Endpoints = [haproxy.Endpoint], Cluster = ["protocol: h2"] });
        using var workplace = new Workplace();
        var file = workplace.Write("body", new string('x', length));

        foreach (var version in (string[])["--http1.1", "--http2-prior-knowledge"])
        {
            (await CurlAsync(version, penstock, "-w", "%{size_download}", "-o", "/dev/null")).ShouldBe($"{length}");
            (await CurlAsync(version, penstock, "-T", file)).ShouldBe("ok");
            (await CurlAsync(version, penstock, "--data-binary", "@" + file, "-H", version == "--http1.1" ? "Transfer-Encoding: chunked" : "Content-Length:")).ShouldBe("ok");
        }

        origin.Requests.ShouldAllBe(request => request.Complete);
        origin.Requests.Select(request => request.Body.Length).ShouldBe([0, length, length, 0, length, length]);
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

    private static async Task<string> CurlAsync(string version, PenstockProcess penstock, params string[] arguments)
    {
        var (exitCode, output) = await ChildProcess.RunAsync("curl", ["-sS", "--max-time", "20", version, $"http://127.0.0.1:{penstock.Port}/", .. arguments]);
        exitCode.ShouldBe(0, output);
        return output.TrimEnd();
    }
}
