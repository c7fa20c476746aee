// SPDX-License-Identifier: Apache-2.0
using System.Globalization;
using Penstock.Peers.Tests.Harness;

namespace Penstock.Peers.Tests.Forwarding;

/// <summary>Framing and order of messages on one connection.</summary>
public sealed class MessageTests
{
    private const string Get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

    [Fact]
    public async Task PipelinedRequests_AnsweredInTurn_KeepTheirOrder()
    {
        await using var origin = new RawOrigin(connection => RawOrigin.AnswerAsync(
            connection, request => $"HTTP/1.1 200 OK\r\nContent-Length: {request.StartLine.Length}\r\n\r\n{request.StartLine}"));
        await using var penstock = await PenstockProcess.StartAsync(origin);
        using var client = await RawClient.ConnectAsync(penstock.Port);

        await client.SendAsync(string.Concat(Enumerable.Range(0, 100).Select(number => number % 3 == 0
            ? $"POST /{number} HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"
            : $"GET /{number} HTTP/1.1\r\nHost: a\r\n\r\n")));

        for (var number = 0; number < 100; number++)
        {
            (await client.ReadResponseAsync()).Text.ShouldBe($"{(number % 3 == 0 ? "POST" : "GET")} /{number} HTTP/1.1");
        }
    }

    [Fact]
    public async Task ChunkedRequestWithTrailers_Forwarded_ArrivesWholeWithoutExtensions()
    {
        await using var origin = RawOrigin.Answering();
        await using var penstock = await PenstockProcess.StartAsync(origin);

        await RawClient.AskAsync(
            penstock.Port, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n3;a=b\r\nabc\r\n2\r\nde\r\n0;x\r\nX-Sum: 5\r\n\r\n");

        var seen = origin.Requests.Single();
        seen.Text.ShouldBe("abcde");
        seen.Complete.ShouldBeTrue();
        seen.Trailers.ShouldBe([("X-Sum", "5")]);
    }

    [Theory]
    [InlineData("Content-Length: 1")]
    [InlineData("Transfer-Encoding: chunked")]
    [InlineData("Host: evil")]
    [InlineData("X-Forwarded-For: 10.0.0.1")]
    public async Task FramingOrRoutingField_InATrailer_IsNotForwarded(string field)
    {
        await using var origin = RawOrigin.Answering();
        await using var penstock = await PenstockProcess.StartAsync(origin);

        await RawClient.AskAsync(penstock.Port, $"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n{field}\r\n\r\n");

        origin.Requests.ShouldAllBe(seen => seen.Trailers.Count == 0);
    }

    [Fact]
    public async Task ChunkedResponseWithTrailers_Forwarded_ArrivesWhole()
    {
        await using var origin = RawOrigin.Answering("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n3;a=b\r\nabc\r\n2\r\nde\r\n0\r\nX-Sum: 5\r\n\r\n");
        await using var penstock = await PenstockProcess.StartAsync(origin);
        using var client = await RawClient.ConnectAsync(penstock.Port);

        for (var round = 0; round < 2; round++)
        {
            await client.SendAsync("GET / HTTP/1.1\r\nHost: a\r\nTE: trailers\r\n\r\n");
            var response = await client.ReadResponseAsync();
            response.Text.ShouldBe("abcde");
            response.Complete.ShouldBeTrue();
            response.Trailers.ShouldBe([("X-Sum", "5")]);
        }
    }

    [Fact]
    public async Task ChunkedResponse_ToAnHttp10Client_IsSentWithoutChunksAndClosed()
    {
        await using var origin = RawOrigin.Answering("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
        await using var penstock = await PenstockProcess.StartAsync(origin);

        var response = await RawClient.AskAsync(penstock.Port, "GET / HTTP/1.0\r\nHost: a\r\n\r\n");

        response.Chunked.ShouldBeFalse();
        response.Text.ShouldBe("abcde");
    }

    [Fact]
    public async Task ResponseUntilClose_ToAnHttp11Client_KeepsTheConnection()
    {
        await using var origin = new RawOrigin(async connection =>
        {
            await connection.ReadRequestAsync();
            await connection.SendAsync("HTTP/1.0 200 OK\r\n\r\nuntil the end");
            connection.Close();
        });
        await using var penstock = await PenstockProcess.StartAsync(origin);
        using var client = await RawClient.ConnectAsync(penstock.Port);

        for (var round = 0; round < 2; round++)
        {
            await client.SendAsync(Get);
            var response = await client.ReadResponseAsync();
            response.Text.ShouldBe("until the end");
            response.Chunked.ShouldBeTrue();
            response.Complete.ShouldBeTrue();
        }
    }

    [Theory]
    [InlineData("HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")]
    [InlineData("HEAD", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")]
    [InlineData("GET", "HTTP/1.1 204 No Content\r\n\r\n")]
    [InlineData("GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 1000\r\nETag: \"x\"\r\n\r\n")]
    public async Task ResponseWithoutBody_OnAKeptConnection_IsFollowedByTheNext(string method, string answer)
    {
        await using var origin = RawOrigin.Answering(answer);
        await using var penstock = await PenstockProcess.StartAsync(origin);
        using var client = await RawClient.ConnectAsync(penstock.Port);

        for (var round = 0; round < 3; round++)
        {
            await client.SendAsync($"{method} / HTTP/1.1\r\nHost: a\r\n\r\n");
            var response = await client.ReadResponseAsync(method);
            response.StartLine.ShouldBe(answer.Split("\r\n")[0]);
            if (answer.Contains("1000", StringComparison.Ordinal))
            {
                response.ContentLength.ShouldBe(1000);
            }
        }

        origin.Connections.ShouldBe(1);
    }

    [Theory]
    [InlineData("HTTP/1.0", "", false)]
    [InlineData("HTTP/1.0", "Connection: keep-alive\r\n", true)]
    [InlineData("HTTP/1.1", "", true)]
    [InlineData("HTTP/1.1", "Connection: close\r\n", false)]
    [InlineData("HTTP/1.1", "Connection: foo, CLOSE\r\n", false)]
    public async Task Connection_AfterAResponse_StaysAsTheVersionAndFieldSay(string version, string field, bool stays)
    {
        await using var origin = RawOrigin.Answering();
        await using var penstock = await PenstockProcess.StartAsync(origin);
        using var client = await RawClient.ConnectAsync(penstock.Port);

        await client.SendAsync($"GET / {version}\r\nHost: a\r\n{field}\r\n");
        (await client.ReadResponseAsync()).Text.ShouldBe("ok");

        if (stays)
        {
            await client.SendAsync($"GET / {version}\r\nHost: a\r\n{field}\r\n");
            (await client.ReadResponseAsync()).Text.ShouldBe("ok");
        }
        else
        {
            (await client.IsClosedAsync()).ShouldBeTrue();
        }
    }

    [Fact]
    public async Task Expect100Continue_FromAClient_IsAnsweredByTheOrigin()
    {
        await using var origin = new RawOrigin(async connection =>
        {
            var request = await connection.ReadRequestHeadAsync();
            await connection.SendAsync("HTTP/1.1 100 Continue\r\n\r\n");
            await connection.Reader.ReadBodyAsync(request!, untilClose: false);
            await connection.SendAsync(RawOrigin.Ok);
        });
        await using var penstock = await PenstockProcess.StartAsync(origin);
        using var client = await RawClient.ConnectAsync(penstock.Port);

        await client.SendAsync("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
        (await client.ReadHeadAsync()).Status.ShouldBe(100);
        await client.SendAsync("abc");

        (await client.ReadResponseAsync()).Status.ShouldBe(200);
        origin.Requests.Single().Text.ShouldBe("abc");
    }

    [Fact]
    public async Task Expect100Continue_RefusedByTheOrigin_IsRefusedToTheClient()
    {
        await using var origin = new RawOrigin(async connection =>
        {
            await connection.ReadRequestHeadAsync();
            await connection.SendAsync("HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            connection.Close();
        });
        await using var penstock = await PenstockProcess.StartAsync(origin);
        using var client = await RawClient.ConnectAsync(penstock.Port);

        await client.SendAsync("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");

        (await client.ReadHeadAsync()).Status.ShouldBe(413);
        (await client.IsClosedAsync()).ShouldBeTrue("the body that was not sent must not be taken for a request");
    }

    [Fact]
    public async Task InterimResponses_OfAnOrigin_AreForwardedInOrder()
    {
        await using var origin = RawOrigin.Answering("HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n" + RawOrigin.Ok);
        await using var penstock = await PenstockProcess.StartAsync(origin);
        using var client = await RawClient.ConnectAsync(penstock.Port);

        await client.SendAsync(Get);

        var hints = await client.ReadHeadAsync();
        hints.Status.ShouldBe(103);
        hints.Value("Link").ShouldBe("</a.css>");
        (await client.ReadHeadAsync()).Status.ShouldBe(102);
        (await client.ReadResponseAsync()).Text.ShouldBe("ok");
    }

    [Fact]
    public async Task InterimResponses_ToAnHttp10Client_AreLeftOut()
    {
        await using var origin = RawOrigin.Answering("HTTP/1.1 103 Early Hints\r\n\r\n" + RawOrigin.Ok);
        await using var penstock = await PenstockProcess.StartAsync(origin);
        using var client = await RawClient.ConnectAsync(penstock.Port);

        await client.SendAsync("GET / HTTP/1.0\r\nHost: a\r\n\r\n");

        (await client.ReadHeadAsync()).Status.ShouldBe(200);
    }

    [Fact]
    public async Task EarlyResponse_WhileTheBodyIsStillSent_ReachesTheClient()
    {
        await using var origin = new RawOrigin(async connection =>
        {
            await connection.ReadRequestHeadAsync();
            await connection.SendAsync("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno");
            await connection.Reader.ReadToEndAsync();
        });
        await using var penstock = await PenstockProcess.StartAsync(origin);
        using var client = await RawClient.ConnectAsync(penstock.Port);

        await client.SendAsync("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n" + new string('x', 1000));

        var response = await client.ReadResponseAsync();
        response.Status.ShouldBe(403);
        response.Text.ShouldBe("no");
    }

    [Theory]
    [InlineData("OPTIONS")]
    [InlineData("TRACE")]
    public async Task MaxForwards_OfZero_EndsHere(string method)
    {
        await using var origin = RawOrigin.Answering();
        await using var penstock = await PenstockProcess.StartAsync(origin);

        var response = await RawClient.AskAsync(penstock.Port, $"{method} / HTTP/1.1\r\nHost: a\r\nMax-Forwards: 0\r\n\r\n");

        response.Status.ShouldBe(501);
        response.Text.ShouldContain("Max-Forwards");
        origin.Requests.ShouldBeEmpty();
    }

    [Fact]
    public async Task HalfClose_AfterARequest_StillGetsTheResponse()
    {
        await using var origin = new RawOrigin(async connection =>
        {
            await connection.ReadRequestAsync();
            await Task.Delay(200);
            await connection.SendAsync(RawOrigin.Ok);
            await connection.Reader.ReadToEndAsync();
        });
        await using var penstock = await PenstockProcess.StartAsync(origin);
        using var client = await RawClient.ConnectAsync(penstock.Port);

        await client.SendAsync(Get);
        client.EndSending();

        (await client.ReadResponseAsync()).Text.ShouldBe("ok");
        (await client.IsClosedAsync()).ShouldBeTrue();
    }

    [Fact]
    public async Task ClientReset_WhileTheOriginAnswers_EndsTheOriginsConnection()
    {
        var ended = new TaskCompletionSource();
        await using var origin = new RawOrigin(async connection =>
        {
            await connection.ReadRequestAsync();
            try
            {
                await connection.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n");
                for (var sent = 0; sent < 1000; sent++)
                {
                    await connection.SendAsync(new byte[1 << 20]);
                }
            }
            finally
            {
                ended.SetResult();
            }
        });
        await using var penstock = await PenstockProcess.StartAsync(origin);
        using var client = await RawClient.ConnectAsync(penstock.Port);

        await client.SendAsync(Get);
        await client.ReadHeadAsync();
        client.Reset();

        await ended.Task.WaitAsync(TimeSpan.FromSeconds(20));
        (await RawClient.AskAsync(penstock.Port, "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n")).Status.ShouldBe(200);
        (await penstock.MetricsAsync()).ShouldContain("penstock_defects_total 0\n");
    }

    [Fact]
    public async Task ClientReset_BeforeAFixedResponse_IsCountedWithItsReason()
    {
        await using var penstock = await PenstockProcess.StartAsync(
            new ProxyConfig { Endpoints = ["127.0.0.1:9"], Reactors = 1, Routes = ["- {match: {path: /fixed}, respond: {body: x}}", "- to: [{cluster: main}]"] });

        for (var number = 0; number < 300; number++)
        {
            using var client = await RawClient.ConnectAsync(penstock.Port);
            await client.SendAsync("GET /fixed HTTP/1.1\r\nHost: a\r\n\r\n");
            client.Reset();
        }

        (await RawClient.AskAsync(penstock.Port, "GET /fixed HTTP/1.1\r\nHost: a\r\n\r\n")).Text.ShouldBe("x");
        var metrics = (await penstock.MetricsAsync()).Split('\n');
        var unanswered = metrics.Where(line => line.StartsWith("penstock_http_requests_total{", StringComparison.Ordinal) && line.Contains("code=\"0\"", StringComparison.Ordinal)).Sum(Number);
        metrics.Where(line => line.Contains("reason=\"client_closed\"", StringComparison.Ordinal)).Sum(Number).ShouldBeGreaterThanOrEqualTo(unanswered);
    }

    private static double Number(string sample) => double.Parse(sample[sample.LastIndexOf(' ')..], CultureInfo.InvariantCulture);
}
