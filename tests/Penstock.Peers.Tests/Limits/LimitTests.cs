// SPDX-License-Identifier: Apache-2.0
using System.Diagnostics;
using Penstock.Peers.Tests.Harness;

namespace Penstock.Peers.Tests.Limits;

/// <summary>Every limit and timeout, set low, seen from the wire.</summary>
public sealed class LimitTests
{
    private const string Get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

    [Theory]
    [InlineData("request_line: 1KiB", 414)]
    [InlineData("request_line: 1KiB, headers: 2KiB", 431)]
    public async Task Head_LongerThanItsLimit_IsRefused(string limit, int status)
    {
        await using var origin = RawOrigin.Answering();
        await using var penstock = await StartAsync(origin, $"limits: {{{limit}}}");
        var request = status == 414
            ? $"GET /{new string('x', 1100)} HTTP/1.1\r\nHost: a\r\n\r\n"
            : $"GET / HTTP/1.1\r\nHost: a\r\nX: {new string('x', 2100)}\r\n\r\n";
        using var client = await RawClient.ConnectAsync(penstock.Port);

        await client.SendAsync(request);

        (await client.ReadResponseAsync()).Status.ShouldBe(status);
        (await client.IsClosedAsync()).ShouldBeTrue();
        origin.Requests.ShouldBeEmpty();
    }

    [Fact]
    public async Task HeaderCount_OverItsLimit_Is431()
    {
        await using var origin = RawOrigin.Answering();
        await using var penstock = await StartAsync(origin, "limits: {header_count: 10}");

        string Request(int fields) =>
            "GET / HTTP/1.1\r\nHost: a\r\n" + string.Concat(Enumerable.Range(0, fields - 1).Select(n => $"X-{n}: 1\r\n")) + "\r\n";

        (await RawClient.AskAsync(penstock.Port, Request(10))).Status.ShouldBe(200);
        (await RawClient.AskAsync(penstock.Port, Request(11))).Status.ShouldBe(431);
    }

    [Theory]
    [InlineData("Content-Length: 1025\r\n\r\n")]
    [InlineData("Transfer-Encoding: chunked\r\n\r\n401\r\n")]
    public async Task Body_LongerThanItsLimit_Is413(string start)
    {
        await using var origin = RawOrigin.Answering();
        await using var penstock = await StartAsync(origin, "limits: {body: 1KiB}");
        using var client = await RawClient.ConnectAsync(penstock.Port);

        await client.SendAsync("POST / HTTP/1.1\r\nHost: a\r\n" + start + new string('x', 1025));

        (await client.ReadResponseAsync()).Status.ShouldBe(413);
        (await client.Reader.ReadToEndAsync()).ShouldBeEmpty();
        origin.Requests.ShouldAllBe(request => !request.Complete);
    }

    [Fact]
    public async Task Connections_OverTheListenersLimit_AreClosedAndOthersServed()
    {
        await using var origin = RawOrigin.Answering();
        await using var penstock = await StartAsync(origin, "limits: {connections: 4}");

        await AssertBoundAsync(penstock, 4);
    }

    [Fact]
    public async Task Connections_OverTheClientsLimit_AreClosedAndOthersServed()
    {
        await using var origin = RawOrigin.Answering();
        await using var penstock = await StartAsync(origin, "limits: {connections_per_client: 3}");

        await AssertBoundAsync(penstock, 3);
    }

    [Fact]
    public async Task Requests_UpToTheConnectionsLimit_AreServedAndThenItCloses()
    {
        await using var origin = RawOrigin.Answering();
        await using var penstock = await StartAsync(origin, "limits: {requests_per_connection: 3}");
        using var client = await RawClient.ConnectAsync(penstock.Port);

        await client.SendAsync(Get + Get + Get + Get);
        (await client.ReadResponseAsync()).Status.ShouldBe(200);
        (await client.ReadResponseAsync()).Status.ShouldBe(200);
        var last = await client.ReadResponseAsync();

        last.Value("Connection").ShouldBe("close");
        (await client.IsClosedAsync()).ShouldBeTrue();
    }

    [Theory]
    [InlineData("")]
    [InlineData("GET / HTTP/1.1\r\nHost")]
    public async Task Head_NotCompleteInTime_EndsTheConnection(string part)
    {
        await using var origin = RawOrigin.Answering();
        await using var penstock = await StartAsync(origin, "timeouts: {header: 1s, idle: 60s}");
        var clock = Stopwatch.StartNew();
        using var client = await RawClient.ConnectAsync(penstock.Port);

        await client.SendAsync(part);
        var answer = await client.Reader.ReadToEndAsync();

        clock.Elapsed.TotalSeconds.ShouldBeInRange(0.8, 9);
        (answer.Length == 0 || System.Text.Encoding.Latin1.GetString(answer).StartsWith("HTTP/1.1 408 ", StringComparison.Ordinal)).ShouldBeTrue();
    }

    [Fact]
    public async Task Head_DrippedByteByByte_DoesNotExtendItsTime()
    {
        await using var origin = RawOrigin.Answering();
        await using var penstock = await StartAsync(origin, "timeouts: {header: 1s}");
        var clock = Stopwatch.StartNew();
        using var client = await RawClient.ConnectAsync(penstock.Port);
        var end = client.Reader.ReadToEndAsync();

        foreach (var letter in Get + new string('x', 100))
        {
            if (end.IsCompleted)
            {
                break;
            }

            await client.SendAsync(letter is '\n' ? "\nX: " : letter.ToString());
            await Task.Delay(100);
        }

        await end;
        clock.Elapsed.TotalSeconds.ShouldBeInRange(0.8, 9);
        origin.Requests.ShouldBeEmpty();
    }

    [Fact]
    public async Task IdleConnection_AfterItsTime_IsClosed()
    {
        await using var origin = RawOrigin.Answering();
        await using var penstock = await StartAsync(origin, "timeouts: {idle: 1s}");
        using var client = await RawClient.ConnectAsync(penstock.Port);

        var clock = Stopwatch.StartNew();
        await client.SendAsync(Get);
        await client.ReadResponseAsync();

        (await client.IsClosedAsync()).ShouldBeTrue();
        clock.Elapsed.TotalSeconds.ShouldBeInRange(0.8, 9);
    }

    [Fact]
    public async Task RequestBody_ThatStops_Is408OrClosed()
    {
        await using var origin = RawOrigin.Answering();
        await using var penstock = await StartAsync(origin, "timeouts: {body: 1s}");
        var clock = Stopwatch.StartNew();
        using var client = await RawClient.ConnectAsync(penstock.Port);

        await client.SendAsync("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nxx");
        var answer = System.Text.Encoding.Latin1.GetString(await client.Reader.ReadToEndAsync());

        clock.Elapsed.TotalSeconds.ShouldBeInRange(0.8, 9);
        answer.ShouldStartWith("HTTP/1.1 408 ");
        origin.Requests.ShouldAllBe(request => !request.Complete);
    }

    [Fact]
    public async Task RequestBody_BelowTheLeastRate_IsCutAfterTheGrace()
    {
        await using var origin = RawOrigin.Answering();
        await using var penstock = await StartAsync(origin, "timeouts: {min_request_rate: 1000B/s}");
        var clock = Stopwatch.StartNew();
        using var client = await RawClient.ConnectAsync(penstock.Port);
        var end = client.Reader.ReadToEndAsync();

        await client.SendAsync("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n");
        while (!end.IsCompleted && clock.Elapsed < TimeSpan.FromSeconds(20))
        {
            await client.SendAsync("x");
            await Task.Delay(100);
        }

        end.IsCompleted.ShouldBeTrue("a body of 10 bytes a second is still taken");
        clock.Elapsed.TotalSeconds.ShouldBeGreaterThan(4);
    }

    [Fact]
    public async Task Response_TakenBelowTheLeastRate_IsCutAfterTheGrace()
    {
        const long Length = 64 << 20;
        await using var origin = new RawOrigin(async connection =>
        {
            await connection.ReadRequestAsync();
            await connection.SendAsync($"HTTP/1.1 200 OK\r\nContent-Length: {Length}\r\n\r\n");
            for (var sent = 0L; sent < Length; sent += 1 << 20)
                await connection.SendAsync(new byte[1 << 20]);
        });
        await using var penstock = await StartAsync(origin, "timeouts: {min_response_rate: 1MiB/s}");
        using var client = await RawClient.ConnectAsync(penstock.Port, receiveBufferBytes: 4096);
        var clock = Stopwatch.StartNew();

        await client.SendAsync(Get);
        var metrics = "";
        while (clock.Elapsed < TimeSpan.FromSeconds(20) && !metrics.Contains("{reason=\"response_not_taken\",rejected=\"\"} 1\n", StringComparison.Ordinal))
        {
            await client.Reader.SkipAsync(20_000);
            await Task.Delay(100);
            metrics = await penstock.MetricsAsync();
        }

        metrics.ShouldContain("{reason=\"response_not_taken\",rejected=\"\"} 1\n");
        clock.Elapsed.TotalSeconds.ShouldBeInRange(4, 25);
        (await client.Reader.SkipAsync(Length)).ShouldBeLessThan(Length / 2);
        client.Reader.Ended.ShouldBeTrue();
    }

    [Fact]
    public async Task Request_LongerThanTheWholeTime_IsEnded()
    {
        await using var origin = new RawOrigin(connection => connection.Reader.ReadToEndAsync());
        await using var penstock = await StartAsync(origin, "timeouts: {request: 1s}");
        var clock = Stopwatch.StartNew();

        var response = await RawClient.AskAsync(penstock.Port, Get);

        response.Status.ShouldBe(504);
        clock.Elapsed.TotalSeconds.ShouldBeInRange(0.8, 9);
    }

    [Fact]
    public async Task Origin_ThatDoesNotAnswerInTime_Is504()
    {
        await using var origin = new RawOrigin(connection => connection.Reader.ReadToEndAsync());
        await using var penstock = await PenstockProcess.StartAsync(ProxyConfig.For(origin) with { Cluster = ["timeouts: {response: 1s}"] });
        var clock = Stopwatch.StartNew();

        var response = await RawClient.AskAsync(penstock.Port, Get);

        response.Status.ShouldBe(504);
        response.Value("Proxy-Status").ShouldNotBeNullOrEmpty();
        clock.Elapsed.TotalSeconds.ShouldBeInRange(0.8, 9);
    }

    [Fact]
    public async Task Origin_ThatStopsInMidBody_LeavesABrokenMessage()
    {
        await using var origin = new RawOrigin(async connection =>
        {
            await connection.ReadRequestAsync();
            await connection.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort");
            await connection.Reader.ReadToEndAsync();
        });
        await using var penstock = await PenstockProcess.StartAsync(ProxyConfig.For(origin) with { Cluster = ["timeouts: {body: 1s}"] });

        var response = await RawClient.AskAsync(penstock.Port, Get);

        response.Complete.ShouldBeFalse();
    }

    [Fact]
    public async Task InterimResponses_ToAClientThatDoesNotRead_EndInTime()
    {
        var ended = new TaskCompletionSource();
        var hints = $"HTTP/1.1 103 Early Hints\r\nX: {new string('x', 60_000)}\r\n\r\n";
        await using var origin = new RawOrigin(async connection =>
        {
            await connection.ReadRequestAsync();
            try
            {
                for (var count = 0; count < 16; count++)
                    await connection.SendAsync(hints);
                await connection.Reader.ReadToEndAsync();
            }
            finally
            {
                ended.SetResult();
            }
        });
        await using var penstock = await StartAsync(origin, "timeouts: {body: 1s}");
        using var client = await RawClient.ConnectAsync(penstock.Port, receiveBufferBytes: 4096);
        var clock = Stopwatch.StartNew();

        await client.SendAsync(Get);

        await ended.Task.WaitAsync(TimeSpan.FromSeconds(20));
        clock.Elapsed.TotalSeconds.ShouldBeInRange(0.8, 9);
        await penstock.AwaitMetricAsync("penstock_http_errors_total{reason=\"response_not_taken\",rejected=\"\"} 1\n");
    }

    [Theory]
    [InlineData("pool: {response_headers: 1KiB}", 1, 2000)]
    [InlineData("pool: {response_header_count: 10}", 20, 1)]
    public async Task ResponseHead_OverItsLimit_Is502(string pool, int fields, int length)
    {
        await using var origin = RawOrigin.Answering(
            "HTTP/1.1 200 OK\r\n" + string.Concat(Enumerable.Range(0, fields).Select(n => $"X-{n}: {new string('x', length)}\r\n")) + "Content-Length: 2\r\n\r\nok");
        await using var penstock = await PenstockProcess.StartAsync(ProxyConfig.For(origin) with { Cluster = [pool] });

        (await RawClient.AskAsync(penstock.Port, Get)).Status.ShouldBe(502);
    }

    [Fact]
    public async Task ConnectionsToAnEndpoint_OverTheirLimit_Are503()
    {
        await using var origin = new RawOrigin(connection => connection.Reader.ReadToEndAsync());
        await using var penstock = await PenstockProcess.StartAsync(
            ProxyConfig.For(origin) with { Reactors = 1, Cluster = ["pool: {max_idle: 2, max_connections: 2}"] });
        using var first = await RawClient.ConnectAsync(penstock.Port);
        using var second = await RawClient.ConnectAsync(penstock.Port);
        await first.SendAsync(Get);
        await second.SendAsync(Get);
        await Eventually.TrueAsync(() => origin.Connections == 2, "two requests are on their way");

        var response = await RawClient.AskAsync(penstock.Port, Get);

        response.Status.ShouldBe(503);
        response.Value("Proxy-Status").ShouldNotBeNullOrEmpty();
    }

    private static Task<PenstockProcess> StartAsync(RawOrigin origin, string listener) =>
        PenstockProcess.StartAsync(ProxyConfig.For(origin) with { Listener = [listener] });

    /// <summary>So many connections are served at once, one more is not, and when one goes another comes.</summary>
    private static async Task AssertBoundAsync(PenstockProcess penstock, int limit)
    {
        var held = new List<RawClient>();
        await Eventually.TrueAsync(
            async () =>
            {
                // The probe that waited for the start may still count for a moment.
                held.ForEach(client => client.Dispose());
                held.Clear();
                for (var number = 0; number < limit; number++)
                {
                    held.Add(await RawClient.ConnectAsync(penstock.Port));
                }

                return (await Task.WhenAll(held.Select(IsServedAsync))).All(served => served);
            },
            TimeSpan.FromSeconds(20),
            () => $"{limit} connections are not served");

        using (var extra = await RawClient.ConnectAsync(penstock.Port))
        {
            (await IsServedAsync(extra)).ShouldBeFalse();
        }

        (await Task.WhenAll(held.Select(IsServedAsync))).ShouldAllBe(served => served);
        held[0].Dispose();
        await Eventually.TrueAsync(
            async () =>
            {
                using var next = await RawClient.ConnectAsync(penstock.Port);
                return await IsServedAsync(next);
            },
            TimeSpan.FromSeconds(20),
            () => "a place that came free is not given away");
        held.ForEach(client => client.Dispose());
    }

    private static async Task<bool> IsServedAsync(RawClient client)
    {
        await client.SendAsync(Get);
        try
        {
            return (await client.ReadResponseAsync()).Status == 200;
        }
        catch (InvalidDataException)
        {
            return false;
        }
    }
}
