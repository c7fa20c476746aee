// SPDX-License-Identifier: Apache-2.0
using System.Text.RegularExpressions;
using Penstock.Peers.Tests.Harness;

namespace Penstock.Peers.Tests.Http2;

/// <summary>Real clients that speak HTTP/2 without TLS.</summary>
public sealed partial class Http2ClientTests
{
    private const int Sigterm = 15;

    [PeerFact("curl")]
    public async Task Curl_GetHeadAndUploads_AreAnswered()
    {
        await using var origin = RawOrigin.Answering();
        await using var penstock = await PenstockProcess.StartAsync(origin);
        using var workplace = new Workplace();
        var file = workplace.Write("body", new string('x', 3_000_000));
        var url = $"http://127.0.0.1:{penstock.Port}/";

        (await CurlAsync("-w", " %{http_version}", url)).ShouldBe("ok 2");
        (await CurlAsync("--head", url)).ShouldStartWith("HTTP/2 200");
        (await CurlAsync("-T", file, url)).ShouldBe("ok");
        (await CurlAsync("--data-binary", "@" + file, "-H", "Content-Length:", url)).ShouldBe("ok"); // Of a length that is not told.

        origin.Requests.ShouldAllBe(request => request.Complete);
        origin.Requests.Select(request => request.Body.Length).ShouldBe([0, 0, 3_000_000, 3_000_000]);
        origin.Requests.Select(request => request.Chunked).ShouldBe([false, false, false, true]);
    }

    [PeerFact("nghttp", "nginx")]
    public async Task Nghttp_LargeResponse_ComesWhole()
    {
        const long length = 50_000_000;
        await using var nginx = await NginxServer.OriginAsync("location / { }", ("large", length));
        await using var penstock = await PenstockProcess.StartAsync(new ProxyConfig { Endpoints = [nginx.Endpoint] });

        var (exitCode, output) = await ChildProcess.RunAsync("sh", "-c", $"nghttp --no-dep http://127.0.0.1:{penstock.Port}/large | wc -c");

        exitCode.ShouldBe(0, output);
        output.Trim().ShouldBe($"{length}");
    }

    [PeerFact("h2load", "nginx")]
    public async Task H2load_ManyStreams_FailNothing()
    {
        await using var nginx = await NginxServer.OriginAsync();
        await using var penstock = await PenstockProcess.StartAsync(new ProxyConfig { Endpoints = [nginx.Endpoint] });

        var load = await H2loadRun.Start(penstock, "-n", "20000", "-c", "20", "-m", "32");

        await load.ShouldHaveFailedNothingAsync(20_000, penstock);
    }

    [PeerFact("h2load", "nginx")]
    public async Task HundredReloads_UnderH2load_FailNoRequest()
    {
        await using var first = await NginxServer.OriginAsync();
        await using var second = await NginxServer.OriginAsync();
        var configs = new[] { new ProxyConfig { Endpoints = [first.Endpoint, second.Endpoint] }, new ProxyConfig { Endpoints = [second.Endpoint] } };
        configs[1] = configs[1] with { Port = configs[0].Port, MetricsPort = configs[0].MetricsPort };
        await using var penstock = await PenstockProcess.StartAsync(configs[0]);
        var reloading = true;
        var load = LoadAsync();

        for (var reload = 1; reload <= 100; reload++)
        {
            var (exitCode, output) = await penstock.ReloadAsync(configs[reload % 2]);
            exitCode.ShouldBe(0, output);
        }

        Volatile.Write(ref reloading, value: false);
        foreach (var run in await load)
            await run.ShouldHaveFailedNothingAsync(5000, penstock);

        async Task<List<H2loadRun>> LoadAsync()
        {
            var runs = new List<H2loadRun>();
            while (Volatile.Read(ref reloading))
                runs.Add(await H2loadRun.Start(penstock, "-n", "5000", "-c", "8", "-m", "16"));
            return runs;
        }
    }

    [PeerFact("h2load", "nginx")]
    public async Task Stop_UnderH2load_FailsNoRequestThatWasBegun()
    {
        await using var nginx = await NginxServer.OriginAsync();
        await using var penstock = await PenstockProcess.StartAsync(new ProxyConfig { Endpoints = [nginx.Endpoint] });
        var load = ChildProcess.RunAsync("h2load", "-n", "10000000", "-c", "8", "-m", "16", $"http://127.0.0.1:{penstock.Port}/");
        await Eventually.TrueAsync(async () => Regex.IsMatch(await penstock.MetricsAsync(), "^penstock_http2_streams_total [0-9]{4,}", RegexOptions.Multiline | RegexOptions.NonBacktracking), TimeSpan.FromSeconds(30), () => penstock.Child.Output);

        penstock.Child.Signal(Sigterm);
        (await penstock.Child.WaitAsync(TimeSpan.FromSeconds(60))).ShouldBe(0);

        // What h2load had not begun counts as failed there; of what was answered, every answer is whole.
        var output = (await load).Output;
        var statuses = Statuses().Match(output);
        statuses.Success.ShouldBeTrue(output);
        output.ShouldContain($" {statuses.Groups["good"].Value} succeeded,");
    }

    [GeneratedRegex("status codes: (?<good>[0-9]+) 2xx, 0 3xx, 0 4xx, 0 5xx", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex Statuses();

    private static async Task<string> CurlAsync(params string[] arguments)
    {
        var (exitCode, output) = await ChildProcess.RunAsync("curl", ["-sS", "--max-time", "20", "--http2-prior-knowledge", .. arguments]);
        exitCode.ShouldBe(0, output);
        return output.TrimEnd();
    }
}
