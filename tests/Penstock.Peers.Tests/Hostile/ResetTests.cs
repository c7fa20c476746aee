// SPDX-License-Identifier: Apache-2.0
using Penstock.Peers.Tests.Harness;

namespace Penstock.Peers.Tests.Hostile;

/// <summary>A reset by either side, in every phase of a request: no response that looks whole and is not, no connection left counted, no defect.</summary>
public sealed class ResetTests
{
    private const string Get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    private const string Post = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n";
    private const string Chunked = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";

    /// <summary>How far a client gets before it resets.</summary>
    public static TheoryData<string> ClientSends =>
    [
        "",
        "GET / HT",
        "GET / HTTP/1.1\r\nHost: a\r\nX",
        Post,
        Post + "12345",
        Chunked,
        Chunked + "5\r\n12",
        Chunked + "5\r\n12345\r\n",
        Get,
        Post + "1234567890",
        Get + Get,
        Get + "GET / HTTP/1.1\r\nHo",
    ];

    /// <summary>How far an origin gets before it resets, and whether it reads the request before.</summary>
    public static TheoryData<bool, string> OriginSends => new()
    {
        { false, "" },
        { true, "" },
        { true, "HTTP/1.1 200" },
        { true, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n" },
        { true, "HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n" },
        { true, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n" },
        { true, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345" },
        { true, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" },
        { true, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n" },
        { true, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n0\r\n" },
        { true, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" },
        { true, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n12345" },
        { true, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n12345" },
    };

    [Theory]
    [MemberData(nameof(ClientSends))]
    public async Task Client_ThatResets_LeavesNothingBehind(string sent)
    {
        await using var origin = new RawOrigin(async connection =>
        {
            // Slow enough that the client has gone by then, in a while that it waits through and in the body.
            while (await connection.ReadRequestAsync() is not null)
            {
                await connection.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345");
                await Task.Delay(50);
                await connection.SendAsync("67890");
            }
        });
        await using var penstock = await PenstockProcess.StartAsync(ProxyConfig.For(origin) with { Reactors = 1 });

        for (var delay = 0; delay <= 60; delay += 20)
        {
            using var client = await RawClient.ConnectAsync(penstock.Port);
            await client.SendAsync(sent);
            await Task.Delay(delay);
            client.Reset();
        }

        await AssertNothingIsLeftAsync(penstock);
        (await RawClient.AskAsync(penstock.Port, Get)).Text.ShouldBe("1234567890");
    }

    [Theory]
    [InlineData("")]
    [InlineData("GET / HT")]
    public async Task Client_ThatResetsAKeptConnection_LeavesNothingBehind(string sent)
    {
        await using var origin = RawOrigin.Answering();
        await using var penstock = await PenstockProcess.StartAsync(ProxyConfig.For(origin) with { Reactors = 1 });

        using (var client = await RawClient.ConnectAsync(penstock.Port))
        {
            await client.SendAsync(Get);
            (await client.ReadResponseAsync()).Text.ShouldBe("ok");
            await client.SendAsync(sent);
            await Task.Delay(20);
            client.Reset();
        }

        await AssertNothingIsLeftAsync(penstock);
        (await RawClient.AskAsync(penstock.Port, Get)).Text.ShouldBe("ok");
    }

    [Theory]
    [MemberData(nameof(OriginSends))]
    public async Task Origin_ThatResets_GivesNoShortGoodResponse(bool reads, string sent)
    {
        var resets = true;
        await using var origin = new RawOrigin(async connection =>
        {
            if (!Volatile.Read(ref resets))
            {
                await RawOrigin.AnswerAsync(connection, _ => RawOrigin.Ok);
                return;
            }

            if (reads)
                await connection.ReadRequestAsync();
            await connection.SendAsync(sent);
            await Task.Delay(connection.Number % 2 * 30);
            connection.Reset();
        });
        await using var penstock = await PenstockProcess.StartAsync(ProxyConfig.For(origin) with { Reactors = 1 });

        foreach (var request in new[] { Get, Get, Post + "1234567890", Post + "1234567890", "GET / HTTP/1.0\r\nHost: a\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n" })
        {
            using var client = await RawClient.ConnectAsync(penstock.Port);
            await client.SendAsync(request);
            await AssertFailsAsync(client, request, sent);
        }

        Volatile.Write(ref resets, value: false);
        (await RawClient.AskAsync(penstock.Port, Get)).Text.ShouldBe("ok");
        await AssertNothingIsLeftAsync(penstock);
    }

    [Fact]
    public async Task Origin_ThatResetsAfterItsResponse_HarmsNeitherThatNorTheNext()
    {
        await using var origin = new RawOrigin(async connection =>
        {
            await connection.ReadRequestAsync();
            await connection.SendAsync(RawOrigin.Ok);
            await Task.Delay(connection.Number % 3 * 5);
            connection.Reset();
        });
        await using var penstock = await PenstockProcess.StartAsync(ProxyConfig.For(origin) with { Reactors = 1 });
        using var client = await RawClient.ConnectAsync(penstock.Port);

        for (var round = 0; round < 30; round++)
        {
            await client.SendAsync(Get);
            var response = await client.ReadResponseAsync();

            // A reset may overtake the last bytes on their way through the kernel: then the response is refused, not cut.
            (response.Status, response.Text).ShouldBeOneOf((200, "ok"), (502, response.Text));
            response.Complete.ShouldBeTrue();
            await Task.Delay(round % 3 * 5);
        }

        client.Dispose();
        await AssertNothingIsLeftAsync(penstock);
    }

    [Fact]
    public async Task Tunnel_ResetByTheClient_IsResetTowardsTheOriginAndForgotten()
    {
        var ended = new TaskCompletionSource();
        await using var origin = new RawOrigin(async connection =>
        {
            await connection.ReadRequestHeadAsync();
            await connection.SendAsync("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\nhello");
            await connection.Reader.ReadToEndAsync();
            ended.SetResult();
        });
        await using var penstock = await PenstockProcess.StartAsync(ProxyConfig.For(origin) with { Reactors = 1 });
        using (var client = await RawClient.ConnectAsync(penstock.Port))
        {
            await client.SendAsync("GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n");
            (await client.ReadHeadAsync()).Status.ShouldBe(101);
            client.Reset();
        }

        await ended.Task.WaitAsync(TimeSpan.FromSeconds(20));
        await AssertNothingIsLeftAsync(penstock);
    }

    /// <summary>What a client may see of an origin that reset: an error, or a message that is visibly broken.</summary>
    private static async Task AssertFailsAsync(RawClient client, string request, string sent)
    {
        WireMessage response;
        try
        {
            response = await client.ReadResponseAsync();
        }
        catch (InvalidDataException)
        {
            return; // closed without a response, or within its head
        }

        if (response.Status == 101)
        {
            (await client.Reader.ReadToEndAsync()).Length.ShouldBeLessThanOrEqualTo(5);
            return;
        }

        if (response.Status == 502)
        {
            response.Complete.ShouldBeTrue();
            return;
        }

        // Without a length a message ends well with an orderly end only; a reset tells that it broke.
        var endsWithConnection = response.ContentLength is null && !response.Chunked;
        (endsWithConnection ? !client.Reader.WasReset : response.Complete).ShouldBeFalse($"{request} answered by {sent}: {response.Head}{response.Text}");
    }

    /// <summary>No connection and no request is counted any more, but for endpoints' unused connections.</summary>
    private static async Task AssertNothingIsLeftAsync(PenstockProcess penstock)
    {
        var metrics = "";
        await Eventually.TrueAsync(
            async () =>
            {
                metrics = await penstock.MetricsAsync();
                return Sum(metrics, "penstock_listener_connections_open") == 0
                    && Sum(metrics, "penstock_endpoint_requests_active") == 0
                    && Sum(metrics, "penstock_endpoint_connections_open") <= 1;
            },
            TimeSpan.FromSeconds(20),
            () => metrics);
        Sum(metrics, "penstock_defects_total").ShouldBe(0);
    }

    private static long Sum(string metrics, string name) =>
        metrics.Split('\n').Where(line => line.StartsWith(name + "{", StringComparison.Ordinal) || line.StartsWith(name + " ", StringComparison.Ordinal))
            .Sum(line => long.Parse(line.AsSpan(line.LastIndexOf(' ') + 1)));
}
