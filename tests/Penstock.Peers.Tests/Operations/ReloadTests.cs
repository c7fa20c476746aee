// SPDX-License-Identifier: Apache-2.0
using Penstock.Peers.Tests.Harness;
using Penstock.Tests;

namespace Penstock.Peers.Tests.Operations;

/// <summary>A new configuration under load, and the end of the process.</summary>
public sealed class ReloadTests
{
    private const int Sighup = 1;
    private const int Sigterm = 15;
    private const string Get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

    [PeerFact("nginx", "wrk")]
    public async Task HundredReloads_UnderLoad_FailNoRequest()
    {
        await using var first = await NginxServer.OriginAsync();
        await using var second = await NginxServer.OriginAsync();
        var configs = new[]
        {
            new ProxyConfig { Endpoints = [first.Endpoint, second.Endpoint] },
            new ProxyConfig { Endpoints = [second.Endpoint], Routes = ["- {match: {path_prefix: /}, to: [{cluster: main}, {cluster: other}]}"], Clusters = [("other", first.Endpoint)] },
        };
        configs[1] = configs[1] with { Port = configs[0].Port, MetricsPort = configs[0].MetricsPort };
        await using var penstock = await PenstockProcess.StartAsync(configs[0]);
        var reloading = true;
        var kept = LoadAsync(32, close: false);
        var closed = LoadAsync(8, close: true);

        for (var reload = 1; reload <= 100; reload++)
        {
            var (exitCode, output) = await penstock.ReloadAsync(configs[reload % 2]);
            exitCode.ShouldBe(0, output);
        }

        Volatile.Write(ref reloading, value: false);
        foreach (var run in (await kept).Concat(await closed))
        {
            run.Requests.ShouldBeGreaterThan(100);
            run.Errors.ShouldBe(0);
        }

        async Task<List<WrkRun>> LoadAsync(int connections, bool close)
        {
            var runs = new List<WrkRun>();
            while (Volatile.Read(ref reloading))
            {
                runs.Add(await WrkRun.Start(penstock.Port, connections, seconds: 5, close: close));
            }

            return runs;
        }
    }

    [Fact]
    public async Task BadFile_Reloaded_ChangesNothingAndTellsTheCaller()
    {
        await using var origin = RawOrigin.Answering();
        await using var penstock = await PenstockProcess.StartAsync(origin);

        var (exitCode, output) = await penstock.ReloadAsync("l7:\n  lissteners: []\n");

        exitCode.ShouldNotBe(0);
        output.ShouldContain("listeners");
        (await RawClient.AskAsync(penstock.Port, Get)).Text.ShouldBe("ok");
    }

    [Fact]
    public async Task RequestInFlight_WhenTheRouteChanges_FinishesOnTheOldOne()
    {
        var release = new TaskCompletionSource();
        await using var slow = new RawOrigin(async connection =>
        {
            await connection.ReadRequestAsync();
            await release.Task;
            await connection.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nold");
        });
        await using var next = RawOrigin.Answering("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nnew");
        await using var penstock = await PenstockProcess.StartAsync(slow);
        using var client = await RawClient.ConnectAsync(penstock.Port);
        await client.SendAsync(Get);
        await Eventually.TrueAsync(() => slow.Requests.Count == 1, "the request is on its way");

        var (exitCode, output) = await penstock.ReloadAsync(penstock.Config with { Endpoints = [next.Endpoint] });
        exitCode.ShouldBe(0, output);
        (await RawClient.AskAsync(penstock.Port, Get)).Text.ShouldBe("new");
        release.SetResult();

        (await client.ReadResponseAsync()).Text.ShouldBe("old");
        await client.SendAsync(Get);
        (await client.ReadResponseAsync()).Text.ShouldBe("new");
    }

    [Fact]
    public async Task Cluster_RemovedWithARequestInFlight_FinishesItAndClosesItsConnections()
    {
        var both = new TaskCompletionSource();
        var release = new TaskCompletionSource();
        TaskCompletionSource[] ended = [new(), new()];
        await using var leaving = new RawOrigin(async connection =>
        {
            await connection.ReadRequestAsync();
            await both.Task;
            if (connection.Number == 1)
            {
                // It lies unused when its cluster goes.
                await connection.SendAsync(RawOrigin.Ok);
            }
            else
            {
                await connection.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345");
                await release.Task;
                await connection.SendAsync("67890");
            }

            await connection.Reader.ReadToEndAsync();
            ended[connection.Number - 1].SetResult();
        });
        await using var staying = RawOrigin.Answering();
        var config = ProxyConfig.For(staying) with
        {
            Reactors = 1,
            Routes = ["- {match: {path_prefix: /leaving}, to: [{cluster: leaving}]}", "- to: [{cluster: main}]"],
            Clusters = [("leaving", leaving.Endpoint)],
        };
        await using var penstock = await PenstockProcess.StartAsync(config);
        using var first = await RawClient.ConnectAsync(penstock.Port);
        using var second = await RawClient.ConnectAsync(penstock.Port);
        const string Ask = "GET /leaving HTTP/1.1\r\nHost: a\r\n\r\n";
        await first.SendAsync(Ask);
        await Eventually.TrueAsync(() => leaving.Requests.Count == 1, "a request is on its way");
        await second.SendAsync(Ask);
        await Eventually.TrueAsync(() => leaving.Requests.Count == 2, "two requests are on their way");
        both.SetResult();
        (await first.ReadResponseAsync()).Text.ShouldBe("ok");

        var (exitCode, output) = await penstock.ReloadAsync(config with { Routes = ["- to: [{cluster: main}]"], Clusters = [] });
        exitCode.ShouldBe(0, output);
        await ended[0].Task.WaitAsync(TimeSpan.FromSeconds(20));
        (await RawClient.AskAsync(penstock.Port, Ask)).Text.ShouldBe("ok");
        staying.Requests.Count.ShouldBe(1);
        release.SetResult();

        (await second.ReadResponseAsync()).Text.ShouldBe("1234567890");
        await ended[1].Task.WaitAsync(TimeSpan.FromSeconds(20));
        (await penstock.MetricsAsync()).ShouldNotContain("cluster=\"leaving\",endpoint");
        await second.SendAsync(Ask);
        (await second.ReadResponseAsync()).Text.ShouldBe("ok");
    }

    [Fact]
    public async Task Listener_MovedByAReload_AnswersOnTheNewPortOnly()
    {
        await using var origin = RawOrigin.Answering();
        await using var penstock = await PenstockProcess.StartAsync(origin);
        var before = penstock.Port;

        var (exitCode, output) = await penstock.ReloadAsync(penstock.Config with { Port = FreePort.Next() });

        exitCode.ShouldBe(0, output);
        (await RawClient.AskAsync(penstock.Port, Get)).Text.ShouldBe("ok");
        await Eventually.TrueAsync(() => RefusesAsync(before), TimeSpan.FromSeconds(20), () => "the old port still answers");

        static async Task<bool> RefusesAsync(int port)
        {
            try
            {
                using var client = await RawClient.ConnectAsync(port);
                return false;
            }
            catch (System.Net.Sockets.SocketException)
            {
                return true;
            }
        }
    }

    [Fact]
    public async Task Sighup_WithANewFile_AppliesIt()
    {
        await using var first = RawOrigin.Answering("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1");
        await using var second = RawOrigin.Answering("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n2");
        await using var penstock = await PenstockProcess.StartAsync(first);

        penstock.WriteConfig(penstock.Config with { Endpoints = [second.Endpoint] });
        penstock.Child.Signal(Sighup);

        await Eventually.TrueAsync(
            async () => (await RawClient.AskAsync(penstock.Port, Get)).Text == "2", TimeSpan.FromSeconds(20), () => penstock.Child.Output);
    }

    [Fact]
    public async Task Sigterm_WithARequestInFlight_LetsItFinishAndExitsZero()
    {
        var release = new TaskCompletionSource();
        await using var origin = new RawOrigin(async connection =>
        {
            await connection.ReadRequestAsync();
            await release.Task;
            await connection.SendAsync(RawOrigin.Ok);
            await connection.Reader.ReadToEndAsync();
        });
        await using var penstock = await PenstockProcess.StartAsync(origin);
        using var busy = await RawClient.ConnectAsync(penstock.Port);
        using var idle = await RawClient.ConnectAsync(penstock.Port);
        await busy.SendAsync(Get);
        await Eventually.TrueAsync(() => origin.Requests.Count == 1, "the request is on its way");

        penstock.Child.Signal(Sigterm);
        (await idle.IsClosedAsync()).ShouldBeTrue();
        release.SetResult();

        (await busy.ReadResponseAsync()).Text.ShouldBe("ok");
        (await penstock.Child.WaitAsync(TimeSpan.FromSeconds(20))).ShouldBe(0);
    }

    [Fact]
    public async Task Sigterm_WithARequestThatNeverEnds_ExitsWithinTheShutdownTimeout()
    {
        await using var origin = new RawOrigin(connection => connection.Reader.ReadToEndAsync());
        await using var penstock = await PenstockProcess.StartAsync(origin);
        using var client = await RawClient.ConnectAsync(penstock.Port);
        await client.SendAsync(Get);
        await Eventually.TrueAsync(() => origin.Connections == 1, "the request is on its way");

        penstock.Child.Signal(Sigterm);

        // shutdown_timeout is 5 s in these configurations.
        await penstock.Child.WaitAsync(TimeSpan.FromSeconds(20));
    }
}
