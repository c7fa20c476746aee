// SPDX-License-Identifier: Apache-2.0
using Penstock.Peers.Tests.Harness;

namespace Penstock.Peers.Tests.Peers;

/// <summary>With a real nginx on either side.</summary>
public sealed class NginxTests
{
    private const int Sigkill = 9;

    [PeerFact("nginx")]
    public async Task Nginx_AsOrigin_ServesFilesRangesAndConditions()
    {
        await using var nginx = await NginxServer.OriginAsync("location / { }", ("big", 3_000_000));
        await using var penstock = await PenstockProcess.StartAsync(new ProxyConfig { Endpoints = [nginx.Endpoint] });
        using var client = await RawClient.ConnectAsync(penstock.Port);

        await client.SendAsync("GET /big HTTP/1.1\r\nHost: a\r\n\r\n");
        var whole = await client.ReadResponseAsync();
        await client.SendAsync("GET /big HTTP/1.1\r\nHost: a\r\nRange: bytes=1000000-1000009\r\n\r\n");
        var range = await client.ReadResponseAsync();
        await client.SendAsync($"GET /big HTTP/1.1\r\nHost: a\r\nIf-None-Match: {whole.Value("ETag")}\r\n\r\n");
        var unchanged = await client.ReadResponseAsync();
        await client.SendAsync("GET /none HTTP/1.1\r\nHost: a\r\n\r\n");
        var missing = await client.ReadResponseAsync();

        whole.Body.Length.ShouldBe(3_000_000);
        range.Status.ShouldBe(206);
        range.Body.Length.ShouldBe(10);
        unchanged.Status.ShouldBe(304);
        missing.Status.ShouldBe(404);
    }

    [PeerFact("nginx")]
    public async Task Nginx_InFront_GetsItsRequestsThrough()
    {
        await using var origin = RawOrigin.Answering();
        await using var penstock = await PenstockProcess.StartAsync(ProxyConfig.For(origin) with { Listener = ["trusted_proxies: [127.0.0.1/32]"] });
        await using var nginx = await NginxServer.FrontAsync(penstock.Port);

        var response = await RawClient.AskAsync(nginx.Port, "POST /x HTTP/1.1\r\nHost: shop.test\r\nX-Forwarded-For: 192.0.2.1\r\nContent-Length: 2\r\n\r\nhi");

        response.Text.ShouldBe("ok");
        var seen = origin.Requests.Single();
        seen.Text.ShouldBe("hi");
        seen.Value("Host").ShouldBe("shop.test");
        string.Join(", ", seen.Values("X-Forwarded-For")).ShouldBe("192.0.2.1, 127.0.0.1, 127.0.0.1");
    }

    [PeerFact("nginx", "curl")]
    public async Task Nginx_InFrontByHttp2_GetsItsRequestsThrough()
    {
        await using var origin = RawOrigin.Answering("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n");
        await using var penstock = await PenstockProcess.StartAsync(ProxyConfig.For(origin));
        await using var nginx = await NginxServer.StreamFrontAsync(penstock.Port);
        using var workplace = new Workplace();
        var file = workplace.Write("body", new string('x', 3_000_000));

        foreach (var upload in (string[][])[[], ["-T", file], ["--data-binary", "@" + file, "-H", "Content-Length:"]]) // The last of a length that is not told.
        {
            var (exitCode, output) = await ChildProcess.RunAsync("curl", ["-sS", "--max-time", "20", "--http2-prior-knowledge", "-H", "Host: shop.test", "-w", " %{http_version}", .. upload, $"http://127.0.0.1:{nginx.Port}/"]);
            exitCode.ShouldBe(0, output);
            output.TrimEnd().ShouldBe("abc 2");
        }

        origin.Requests.Select(request => (request.StartLine, request.Body.Length)).ShouldBe([("GET / HTTP/1.1", 0), ("PUT /body HTTP/1.1", 3_000_000), ("POST / HTTP/1.1", 3_000_000)]);
        origin.Requests.ShouldAllBe(request => request.Complete && request.Value("Host") == "shop.test" && request.Value("Via")!.StartsWith("2.0 ", StringComparison.Ordinal)); // Each request has one.
    }

    [PeerFact("nginx")]
    public async Task Nginx_KilledInMidBody_LeavesTheClientABrokenMessage()
    {
        await using var nginx = await NginxServer.OriginAsync("location / { limit_rate 1m; }", ("big", 100_000_000));
        await using var penstock = await PenstockProcess.StartAsync(new ProxyConfig { Endpoints = [nginx.Endpoint] });
        using var client = await RawClient.ConnectAsync(penstock.Port);

        await client.SendAsync("GET /big HTTP/1.1\r\nHost: a\r\n\r\n");
        var head = await client.ReadHeadAsync();
        head.ContentLength.ShouldBe(100_000_000);
        await client.Reader.ReadAsync(500_000);
        nginx.Child.Signal(Sigkill);

        (500_000 + await client.Reader.SkipAsync(100_000_000)).ShouldBeLessThan(100_000_000);
        client.Reader.Ended.ShouldBeTrue();
        var after = await RawClient.AskAsync(penstock.Port, "GET /big HTTP/1.1\r\nHost: a\r\n\r\n");
        after.Status.ShouldBeOneOf(502, 503);
    }

    [PeerFact("nginx", "wrk")]
    public async Task OneOfThreeOrigins_KilledUnderLoad_FailsOnlyWhatItHeld()
    {
        await using var first = await NginxServer.OriginAsync();
        await using var second = await NginxServer.OriginAsync();
        await using var third = await NginxServer.OriginAsync();
        await using var penstock = await PenstockProcess.StartAsync(new ProxyConfig
        {
            Endpoints = [first.Endpoint, second.Endpoint, third.Endpoint],
            Cluster = ["health: {type: tcp, interval: 200ms, rise: 1, fall: 1}"],
        });
        var load = WrkRun.Start(penstock.Port, connections: 32, seconds: 6);

        await Task.Delay(2000);
        third.Child.Signal(Sigkill);
        var result = await load;

        // GET is idempotent: a request on a connection that died without a byte is sent again, and a refused connect tries another.
        result.Requests.ShouldBeGreaterThan(1000);
        result.Errors.ShouldBe(0);
    }
}
