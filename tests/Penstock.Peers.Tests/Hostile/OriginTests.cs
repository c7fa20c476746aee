// SPDX-License-Identifier: Apache-2.0
using Penstock.Peers.Tests.Harness;

namespace Penstock.Peers.Tests.Hostile;

/// <summary>Origins are held to the same standard as clients.</summary>
public sealed class OriginTests
{
    private const string Get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

    /// <summary>Responses whose head is refused.</summary>
    public static TheoryData<string, string> BadHeads { get; } = new()
    {
        { "not HTTP", "hello\r\n\r\n" },
        { "bare LF", "HTTP/1.1 200 OK\nContent-Length: 2\n\nok" },
        { "bare LF after a field", "HTTP/1.1 200 OK\r\nContent-Length: 2\n\r\nok" },
        { "bare CR in a value", "HTTP/1.1 200 OK\r\nX: a\rb\r\nContent-Length: 2\r\n\r\nok" },
        { "NUL in a value", "HTTP/1.1 200 OK\r\nX: a\0b\r\nContent-Length: 2\r\n\r\nok" },
        { "space before the colon", "HTTP/1.1 200 OK\r\nContent-Length : 2\r\n\r\nok" },
        { "folded value", "HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 2\r\n\r\nok" },
        { "field without a colon", "HTTP/1.1 200 OK\r\nX\r\nContent-Length: 2\r\n\r\nok" },
        { "status of two digits", "HTTP/1.1 20 OK\r\nContent-Length: 2\r\n\r\nok" },
        { "status of four digits", "HTTP/1.1 2000 OK\r\nContent-Length: 2\r\n\r\nok" },
        { "status of letters", "HTTP/1.1 abc OK\r\nContent-Length: 2\r\n\r\nok" },
        { "status below 100", "HTTP/1.1 099 OK\r\nContent-Length: 2\r\n\r\nok" },
        { "version 2.0", "HTTP/2.0 200 OK\r\nContent-Length: 2\r\n\r\nok" },
        { "control byte in the reason", "HTTP/1.1 200 O\u0001K\r\nContent-Length: 2\r\n\r\nok" },
        { "two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nokk" },
        { "length signed", "HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\nok" },
        { "length negative", "HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\nok" },
        { "length of 2^64 + 2", "HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551618\r\n\r\nok" },
        { "length list", "HTTP/1.1 200 OK\r\nContent-Length: 2, 3\r\n\r\nok" },
        { "length and chunked", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n" },
        { "gzip, chunked", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n" },
        { "chunked, gzip", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n" },
        { "chunked in HTTP/1.0", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" },
        { "nothing but an end", "" },
        { "an end within the head", "HTTP/1.1 200 OK\r\nContent-Le" },
    };

    /// <summary>Responses that break after bytes have gone to the client.</summary>
    public static TheoryData<string, string> BrokenBodies { get; } = new()
    {
        { "shorter than its length", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort" },
        { "end within a chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n5\r\nwo" },
        { "end between chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n" },
        { "end before the last CR LF", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n" },
        { "chunk size too great", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n10000000000000001\r\nx\r\n0\r\n\r\n" },
        { "bare LF in an extension", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n1;a\nb\r\nx\r\n0\r\n\r\n" },
        { "chunk ended by bare LF", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\n1\r\nx\r\n0\r\n\r\n" },
        { "NUL in a trailer", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX: a\0\r\n\r\n" },
    };

    [Theory]
    [MemberData(nameof(BadHeads))]
    public async Task BadHead_OfAResponse_Is502AndTheConnectionIsNotUsedAgain(string fault, string answer)
    {
        await using var origin = new RawOrigin(async connection =>
        {
            var request = await connection.ReadRequestAsync();
            await connection.SendAsync(request!.StartLine.Contains("/after", StringComparison.Ordinal) ? RawOrigin.Ok : answer);
            if (answer.Length < 30)
            {
                connection.Close();
            }
            else
            {
                await connection.Reader.ReadToEndAsync();
            }
        });
        await using var penstock = await PenstockProcess.StartAsync(origin);

        var response = await RawClient.AskAsync(penstock.Port, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");

        response.Status.ShouldBe(502, fault);
        response.Complete.ShouldBeTrue();
        response.Value("Proxy-Status").ShouldNotBeNullOrEmpty();
        (await RawClient.AskAsync(penstock.Port, "GET /after HTTP/1.1\r\nHost: a\r\n\r\n")).Text.ShouldBe("ok");
        origin.Connections.ShouldBe(2);
    }

    [Theory]
    [MemberData(nameof(BrokenBodies))]
    public async Task BrokenBody_OfAResponse_NeverLooksWholeToTheClient(string fault, string answer)
    {
        await using var origin = new RawOrigin(async connection =>
        {
            await connection.ReadRequestAsync();
            await connection.SendAsync(answer);
            connection.Close();
        });
        await using var penstock = await PenstockProcess.StartAsync(origin);
        using var client = await RawClient.ConnectAsync(penstock.Port);

        await client.SendAsync(Get + Get);
        var response = await client.ReadResponseAsync();

        (response.Status == 502 || !response.Complete).ShouldBeTrue($"{fault}: {response.StartLine} looked whole");
        if (response.Status != 502)
        {
            client.Reader.Ended.ShouldBeTrue("the connection ends with the broken message");
        }
    }

    [PeerFact("curl")]
    public async Task BrokenBody_ToAnHttp10Client_IsSeenAsAReset()
    {
        // Without a length only the way the connection ends can tell: a reset, not an orderly close. (Before a byte has gone out: a 502, which -f fails for.)
        await using var origin = new RawOrigin(async connection =>
        {
            await connection.ReadRequestAsync();
            await connection.SendAsync("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
            connection.Close();
        });
        await using var penstock = await PenstockProcess.StartAsync(origin);

        var (exitCode, _) = await ChildProcess.RunAsync("curl", "-sf", "--http1.0", $"http://127.0.0.1:{penstock.Port}/");

        exitCode.ShouldNotBe(0);
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokextra")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison")]
    [InlineData("HTTP/1.1 204 No Content\r\n\r\nbody")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison")]
    public async Task BytesLeftOver_AfterAResponse_NeverReachAClient(string answer)
    {
        await using var origin = new RawOrigin(connection => RawOrigin.AnswerAsync(
            connection, request => request.StartLine.Contains("/after", StringComparison.Ordinal) ? RawOrigin.Ok : answer));
        await using var penstock = await PenstockProcess.StartAsync(origin);
        using var client = await RawClient.ConnectAsync(penstock.Port);

        for (var round = 0; round < 5; round++)
        {
            await client.SendAsync(Get);
            var response = await client.ReadResponseAsync();
            response.Text.ShouldBeOneOf("ok", "");
            await client.SendAsync("GET /after HTTP/1.1\r\nHost: a\r\n\r\n");
            (await client.ReadResponseAsync()).Text.ShouldBe("ok");
        }
    }

    [Fact]
    public async Task UnaskedAnswer_OnAnIdleConnection_IsNotTheNextRequestsAnswer()
    {
        var poisoned = new TaskCompletionSource();
        await using var origin = new RawOrigin(async connection =>
        {
            if (connection.Number == 1)
            {
                await connection.ReadRequestAsync();
                await connection.SendAsync(RawOrigin.Ok);
                await connection.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison");
                poisoned.SetResult();
                await connection.Reader.ReadToEndAsync();
            }

            await RawOrigin.AnswerAsync(connection, _ => RawOrigin.Ok);
        });
        await using var penstock = await PenstockProcess.StartAsync(ProxyConfig.For(origin) with { Reactors = 1 });

        (await RawClient.AskAsync(penstock.Port, Get)).Text.ShouldBe("ok");
        await poisoned.Task;
        await Task.Delay(200); // The kernel may hand it over later than it took it.

        (await RawClient.AskAsync(penstock.Port, Get)).Text.ShouldBe("ok");
        origin.Connections.ShouldBe(2);
    }

    [Fact]
    public async Task HeadAnsweredWithABody_OnAKeptConnection_PoisonsIt()
    {
        await using var origin = new RawOrigin(connection => RawOrigin.AnswerAsync(connection, _ => RawOrigin.Ok));
        await using var penstock = await PenstockProcess.StartAsync(ProxyConfig.For(origin) with { Reactors = 1 });

        await RawClient.AskAsync(penstock.Port, "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");

        (await RawClient.AskAsync(penstock.Port, Get)).Text.ShouldBe("ok");
    }

    [Fact]
    public async Task LostKeepAliveRace_OfAnIdempotentRequest_IsRetriedOnce()
    {
        await using var origin = new RawOrigin(async connection =>
        {
            await connection.ReadRequestAsync();
            await connection.SendAsync(RawOrigin.Ok);
            if (connection.Number == 1)
            {
                // Takes the second request and closes without a byte: what a keep-alive timeout looks like from the other end.
                await connection.ReadRequestAsync();
                connection.Reset();
            }

            await RawOrigin.AnswerAsync(connection, _ => RawOrigin.Ok);
        });
        await using var penstock = await PenstockProcess.StartAsync(ProxyConfig.For(origin) with { Reactors = 1 });
        using var client = await RawClient.ConnectAsync(penstock.Port);

        for (var round = 0; round < 2; round++)
        {
            await client.SendAsync(Get);
            (await client.ReadResponseAsync()).Status.ShouldBe(200);
        }

        origin.Connections.ShouldBe(2);
    }

    [Fact]
    public async Task LostKeepAliveRace_OfAPost_IsNotRetried()
    {
        await using var origin = new RawOrigin(async connection =>
        {
            await connection.ReadRequestAsync();
            await connection.SendAsync(RawOrigin.Ok);
            await connection.ReadRequestAsync();
            connection.Reset();
        });
        await using var penstock = await PenstockProcess.StartAsync(ProxyConfig.For(origin) with { Reactors = 1 });
        using var client = await RawClient.ConnectAsync(penstock.Port);

        await client.SendAsync(Get);
        (await client.ReadResponseAsync()).Status.ShouldBe(200);
        await client.SendAsync("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi");
        (await client.ReadResponseAsync()).Status.ShouldBe(502);

        origin.Requests.Count(request => request.StartLine.StartsWith("POST", StringComparison.Ordinal)).ShouldBe(1);
    }
}
