// SPDX-License-Identifier: Apache-2.0
using Penstock.Peers.Tests.Harness;
using Penstock.Tests;

namespace Penstock.Peers.Tests.Peers;

/// <summary>Real clients.</summary>
public sealed class ClientTests
{
    [PeerFact("curl")]
    public async Task Curl_GetHeadAndHttp10_AreAnswered()
    {
        await using var origin = RawOrigin.Answering();
        await using var penstock = await PenstockProcess.StartAsync(origin);
        var url = $"http://127.0.0.1:{penstock.Port}/";

        (await CurlAsync(url)).ShouldBe("ok");
        (await CurlAsync("--http1.0", url)).ShouldBe("ok");
        (await CurlAsync("--head", url)).ShouldContain("200 OK");
        origin.Requests.Select(request => request.StartLine.Split(' ')[0]).ShouldBe(["GET", "GET", "HEAD"]);
    }

    [PeerFact("curl")]
    public async Task Curl_UploadsChunkedAndWithExpect_ArriveWhole()
    {
        await using var origin = RawOrigin.Answering();
        await using var penstock = await PenstockProcess.StartAsync(origin);
        using var workplace = new Workplace();
        var file = workplace.Write("body", new string('x', 3_000_000));
        var url = $"http://127.0.0.1:{penstock.Port}/";

        (await CurlAsync("-T", file, url)).ShouldBe("ok");
        (await CurlAsync("-T", file, "-H", "Transfer-Encoding: chunked", url)).ShouldBe("ok");
        (await CurlAsync("--data-binary", "@" + file, "-H", "Expect: 100-continue", url)).ShouldBe("ok");

        origin.Requests.ShouldAllBe(request => request.Complete && request.Body.Length == 3_000_000);
        origin.Requests.Count.ShouldBe(3);
    }

    [PeerFact("curl")]
    public async Task Curl_OverAUnixSocketAndIPv6_IsAnswered()
    {
        using var workplace = new Workplace();
        var socket = Path.Combine(workplace.Path, "front.sock");
        var port = FreePort.Next();
        await using var origin = new RawOrigin(
            connection => RawOrigin.AnswerAsync(connection, _ => RawOrigin.Ok), new System.Net.Sockets.UnixDomainSocketEndPoint(Path.Combine(workplace.Path, "origin.sock")));

        await using (var penstock = await PenstockProcess.StartAsync(ProxyConfig.For(origin) with { Bind = $"unix:{socket}" }))
        {
            await Eventually.TrueAsync(() => File.Exists(socket), penstock.Child.Output);
            (await CurlAsync("--unix-socket", socket, "http://a/")).ShouldBe("ok");
        }

        await using (var penstock = await PenstockProcess.StartAsync(ProxyConfig.For(origin) with { Bind = $"[::1]:{port}" }))
        {
            await CurlAsync("--retry", "20", "--retry-connrefused", "--retry-delay", "1", $"http://[::1]:{port}/");
        }

        origin.Requests[^1].Value("X-Forwarded-For").ShouldBe("::1");
    }

    [Fact]
    public async Task AnyAddress_Bound_TakesBothFamilies()
    {
        await using var origin = RawOrigin.Answering();
        var port = FreePort.Next();
        await using var penstock = await PenstockProcess.StartAsync(ProxyConfig.For(origin) with { Port = port, Bind = $":{port}" });

        foreach (var address in (System.Net.IPAddress[])[System.Net.IPAddress.Loopback, System.Net.IPAddress.IPv6Loopback])
        {
            using var client = await RawClient.ConnectAsync(new System.Net.IPEndPoint(address, port));
            await client.SendAsync("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
            (await client.ReadResponseAsync()).Status.ShouldBe(200);
        }

        origin.Requests.Select(request => request.Value("X-Forwarded-For")).ShouldBe(["127.0.0.1", "::1"]);
    }

    [PeerFact("h2load", "nginx")]
    public async Task H2load_PipeliningHttp11_FailsNothing()
    {
        await using var nginx = await NginxServer.OriginAsync();
        await using var penstock = await PenstockProcess.StartAsync(new ProxyConfig { Endpoints = [nginx.Endpoint] });

        var load = await H2loadRun.Start(penstock, "--h1", "-n", "20000", "-c", "50", "-m", "10");

        await load.ShouldHaveFailedNothingAsync(20_000, penstock);
    }

    [PeerFact("wrk", "nginx")]
    public async Task Wrk_KeptAndClosedConnections_FailNothing()
    {
        await using var nginx = await NginxServer.OriginAsync();
        await using var penstock = await PenstockProcess.StartAsync(new ProxyConfig { Endpoints = [nginx.Endpoint] });

        foreach (var close in (bool[])[false, true])
        {
            var result = await WrkRun.Start(penstock.Port, connections: 100, seconds: 3, close: close);
            result.Requests.ShouldBeGreaterThan(1000);
            result.Errors.ShouldBe(0);
        }
    }

    [PeerFact("promtool", "curl")]
    public async Task Promtool_ReadingTheMetrics_FindsNoFault()
    {
        await using var origin = RawOrigin.Answering();
        await using var penstock = await PenstockProcess.StartAsync(origin);
        await CurlAsync($"http://127.0.0.1:{penstock.Port}/");
        using var workplace = new Workplace();
        var file = workplace.Write("metrics", await penstock.MetricsAsync());

        var (exitCode, output) = await ChildProcess.RunAsync("sh", "-c", $"promtool check metrics < {file}");

        exitCode.ShouldBe(0, output);
        (await File.ReadAllTextAsync(file)).ShouldContain("penstock_");
    }

    private static async Task<string> CurlAsync(params string[] arguments)
    {
        var (exitCode, output) = await ChildProcess.RunAsync("curl", ["-sS", "--max-time", "20", .. arguments]);
        exitCode.ShouldBe(0, output);
        return output.TrimEnd();
    }
}
