// SPDX-License-Identifier: Apache-2.0
using Penstock.Peers.Tests.Harness;
using Penstock.Peers.Tests.Tls;
using Penstock.Tests;

namespace Penstock.Peers.Tests.Http2;

/// <summary>Real origins that speak HTTP/2.</summary>
public sealed class Http2OriginTests
{
    [PeerFact("curl", "nginx")]
    public async Task Nginx_AnswersClientsOfEitherVersion()
    {
        await using var behind = await NginxServer.OriginAsync("location / { return 200 \"$http_seen\"; }"); // For which nginx reads the body first: curl 7.88 takes an answer before its end for an error.
        await using var nginx = await NginxServer.StreamOriginAsync($"location / {{ proxy_pass http://{behind.Endpoint}; proxy_set_header Seen \"$request_method $server_protocol $host\"; }}");
        await using var penstock = await PenstockProcess.StartAsync(new ProxyConfig { Endpoints = [nginx.Endpoint], Cluster = ["protocol: h2"] });
        using var workplace = new Workplace();
        var file = workplace.Write("body", new string('x', 30_000));
        foreach (var version in (string[])["--http1.1", "--http2-prior-knowledge"])
        {
            (await CurlAsync(version, penstock, "-H", "Host: shop.example.com")).ShouldBe("GET HTTP/2.0 shop.example.com");
            (await CurlAsync(version, penstock, "--head")).ShouldContain(" 200");
            (await CurlAsync(version, penstock, "-T", file)).ShouldStartWith("PUT HTTP/2.0");
            (await CurlAsync(version, penstock, "--data-binary", "@" + file, "-H", version == "--http1.1" ? "Transfer-Encoding: chunked" : "Content-Length:")).ShouldStartWith("POST HTTP/2.0");
        }
    }

    [PeerFact("nghttp", "nginx", "curl")]
    public async Task Nginx_LargeResponse_ComesWhole()
    {
        const long length = 50_000_000;
        await using var nginx = await NginxServer.StreamOriginAsync("location / { }", ("large", length));
        await using var penstock = await PenstockProcess.StartAsync(new ProxyConfig { Endpoints = [nginx.Endpoint], Cluster = ["protocol: h2"] });

        foreach (var client in (string[])["nghttp --no-dep", "curl -sS"])
        {
            var (exitCode, output) = await ChildProcess.RunAsync("sh", "-c", $"{client} http://127.0.0.1:{penstock.Port}/large | wc -c");
            exitCode.ShouldBe(0, output);
            output.Trim().ShouldBe($"{length}");
        }
    }

    [PeerFact("h2load", "nginx")]
    public Task Nginx_ThatEndsConnectionsOften_FailsNoStream() => LoadAsync(100, "-n", "20000", "-c", "20", "-m", "32");

    /// <summary>After fewer requests than go over one at once: before the proxy knows, many are sent in vain again and again.</summary>
    [PeerFact("h2load", "nginx")]
    public Task Nginx_ThatEndsConnectionsAfterAFewRequests_FailsNoStream() => LoadAsync(10, "-n", "20000", "-c", "20", "-m", "32");

    [PeerFact("h2load", "nginx")]
    public Task Nginx_ThatEndsConnectionsOften_FailsNoRequest() => LoadAsync(100, "--h1", "-n", "20000", "-c", "20");

    [PeerFact("h2load", "nginx")]
    public async Task TwentyReloads_UnderH2load_FailNoRequest()
    {
        await using var first = await NginxServer.StreamOriginAsync("location / { return 200 ok; }");
        await using var second = await NginxServer.StreamOriginAsync("location / { return 200 ok; }");
        var configs = new[] { new ProxyConfig { Endpoints = [first.Endpoint, second.Endpoint], Cluster = ["protocol: h2"] }, new ProxyConfig { Endpoints = [second.Endpoint], Cluster = ["protocol: h2"] } };
        configs[1] = configs[1] with { Port = configs[0].Port, MetricsPort = configs[0].MetricsPort };
        await using var penstock = await PenstockProcess.StartAsync(configs[0]);
        var load = H2loadRun.Start(penstock, "-n", "50000", "-c", "8", "-m", "16");

        for (var reload = 1; reload <= 20; reload++)
        {
            var (exitCode, output) = await penstock.ReloadAsync(configs[reload % 2]);
            exitCode.ShouldBe(0, output);
        }

        await (await load).ShouldHaveFailedNothingAsync(50_000, penstock);
    }

    [PeerFact("curl", "nginx")]
    public Task Nginx_OverTls_SpeaksWhatAlpnSettles() => AskOverTlsAsync("ssl http2", "GET HTTP/2.0");

    [PeerFact("curl", "nginx")]
    public Task Nginx_OverTlsWithoutHttp2_IsAnError() => AskOverTlsAsync("ssl", "tls_alert_received");

    [PeerFact("curl", "nghttpd")]
    public async Task Nghttpd_ServesFiles()
    {
        using var workplace = new Workplace();
        workplace.Write("index.html", "hello");
        var port = FreePort.Next();
        await using var nghttpd = new ChildProcess(Programs.Find("nghttpd")!, "--no-tls", "-d", workplace.Path, "-a", "127.0.0.1", $"{port}"); // PeerFact has seen to it being there.
        await PeerReady.WaitAsync(nghttpd, port);
        await using var penstock = await PenstockProcess.StartAsync(new ProxyConfig { Endpoints = [$"127.0.0.1:{port}"], Cluster = ["protocol: h2"] });

        (await CurlAsync("--http1.1", penstock)).ShouldBe("hello");
        (await CurlAsync("--http2-prior-knowledge", penstock)).ShouldBe("hello");
    }

    private static async Task LoadAsync(int requestsEach, params string[] arguments)
    {
        await using var nginx = await NginxServer.StreamOriginAsync($"keepalive_requests {requestsEach}; location / {{ return 200 ok; }}"); // With GOAWAY each time.
        await using var penstock = await PenstockProcess.StartAsync(new ProxyConfig { Endpoints = [nginx.Endpoint], Cluster = ["protocol: h2"] });

        var load = await H2loadRun.Start(penstock, arguments);

        await load.ShouldHaveFailedNothingAsync(20_000, penstock);
    }

    private static async Task AskOverTlsAsync(string listens, string expected)
    {
        using var site = new TlsSite();
        await using var nginx = await NginxServer.TlsOriginAsync(site.Certificate, site.Key, "location / { return 200 \"$request_method $server_protocol\"; }", listens);
        await using var penstock = await PenstockProcess.StartAsync(new ProxyConfig { Endpoints = [nginx.Endpoint], Cluster = ["protocol: h2", $"tls: {{ca: {site.CaFile}, server_name: {TlsSite.Name}}}"] });

        (await CurlAsync("--http1.1", penstock)).ShouldStartWith(expected);
    }

    private static async Task<string> CurlAsync(string version, PenstockProcess penstock, params string[] arguments)
    {
        var (exitCode, output) = await ChildProcess.RunAsync("curl", ["-sS", "--max-time", "20", version, $"http://127.0.0.1:{penstock.Port}/", .. arguments]);
        exitCode.ShouldBe(0, output);
        return output.TrimEnd();
    }
}
