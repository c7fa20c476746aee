// SPDX-License-Identifier: Apache-2.0
using Penstock.Peers.Tests.Harness;

namespace Penstock.Peers.Tests.Operations;

/// <summary>What must not grow or stop: memory and descriptors over many reloads, the daemon's own listeners under many idle clients.</summary>
public sealed class EnduranceTests
{
    private const string Get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    private const int WarmUp = 20;

    // 1000 by hand: PENSTOCK_RELOADS=1000.
    private static readonly int s_reloads = int.Parse(Environment.GetEnvironmentVariable("PENSTOCK_RELOADS") ?? "200");

    [Fact]
    public async Task ManyReloads_UnderLightLoad_FailNothingAndLeaveNothingBehind()
    {
        await using var origin = RawOrigin.Answering();
        var fixedPart = ProxyConfig.For(origin);
        await using var penstock = await PenstockProcess.StartAsync(fixedPart);
        using var stop = new CancellationTokenSource();
        var load = LoadAsync(penstock.Port, stop.Token);
        long rss = 0;
        var files = 0;

        for (var reload = 0; reload < s_reloads + WarmUp; reload++)
        {
            if (reload == WarmUp)
                (rss, files) = (penstock.Child.RssBytes, penstock.Child.OpenFiles);

            // Never the same twice: another route with an expression, another cluster, and the access log at times (its rings of 1 MiB a
            // reactor stay for ten seconds after the last who may write to them).
            (await penstock.ReloadByApiAsync(fixedPart with
            {
                Routes = [$"- {{name: r{reload}, match: {{path_regex: \"/{reload}/[a-z]+\"}}, to: [{{cluster: c{reload}}}]}}", "- to: [{cluster: main}]"],
                Clusters = [($"c{reload}", origin.Endpoint)],
                L7 = reload % 50 == 0 ? ["access_log: {path: /dev/null}"] : [],
            })).Status.ShouldBe(200, penstock.Child.Output);
        }

        await stop.CancelAsync();
        (await load).ShouldBeGreaterThan(s_reloads / 10); // how many there is time for is the machine's
        penstock.Child.OpenFiles.ShouldBeLessThanOrEqualTo(files + 10);
        penstock.Child.RssBytes.ShouldBeLessThan(rss + (48 << 20));
    }

    [Fact]
    public async Task ThousandIdleClients_OfMetricsAndAdminApi_LockNobodyOut()
    {
        await using var origin = RawOrigin.Answering();
        await using var penstock = await PenstockProcess.StartAsync(origin);
        var idle = new List<RawClient>();
        try
        {
            for (var count = 0; count < 1000; count++)
            {
                idle.Add(await RawClient.ConnectAsync(penstock.Config.MetricsPort));
                await idle[^1].SendAsync("GET /metrics HT");
                if (count % 100 == 0)
                    (await penstock.MetricsAsync()).ShouldContain("penstock_reactors 2\n");
            }

            for (var count = 0; count < 200; count++)
            {
                idle.Add(await RawClient.ConnectAsync(penstock.AdminAddress));
                await idle[^1].SendAsync("POST /v1/reload HTTP/1.1\r\nHost");
                if (count % 50 == 0)
                    (await penstock.ReloadByApiAsync(penstock.Config)).Status.ShouldBe(200);
            }

            (await RawClient.AskAsync(penstock.Port, Get)).Text.ShouldBe("ok");
        }
        finally
        {
            idle.ForEach(client => client.Dispose());
        }
    }

    /// <summary>Two clients, one that keeps its connection and one that does not, each request after a pause.</summary>
    /// <returns>Requests answered; one that is not fails the test.</returns>
    private static async Task<int> LoadAsync(int port, CancellationToken stop)
    {
        using var kept = await RawClient.ConnectAsync(port);
        var answered = 0;
        while (!stop.IsCancellationRequested)
        {
            await kept.SendAsync(Get);
            (await kept.ReadResponseAsync()).Text.ShouldBe("ok");
            (await RawClient.AskAsync(port, Get)).Text.ShouldBe("ok");
            answered += 2;
            await Task.Delay(2, CancellationToken.None);
        }

        return answered;
    }
}
