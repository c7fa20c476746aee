// SPDX-License-Identifier: Apache-2.0
using System.Net;
using System.Net.Sockets;
using System.Text;
using Penstock.Telemetry.Http;

namespace Penstock.Telemetry.Tests.Http;

public sealed class ControlHttpServerTests : IAsyncLifetime
{
    private readonly List<Exception> _errors = [];
    private readonly TaskCompletionSource _release = new();
    private int _waiting;
    private readonly ControlHttpServer _server;

    public ControlHttpServerTests()
    {
        var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        _server = new ControlHttpServer(
            listener,
            async (request, _) =>
            {
                if (request.Path is "/wait")
                {
                    Interlocked.Increment(ref _waiting);
                    await _release.Task;
                }

                return request.Path is "/throw" ? throw new InvalidOperationException("broken")
                    : ControlHttpResponse.Text(200, $"{request.Method} {request.Path} {request.Query} {Encoding.ASCII.GetString(request.Body.Span)}");
            },
            _errors.Add,
            new ControlHttpLimits { HeadBytes = 512, HeaderCount = 4, BodyBytes = 16, Connections = 2 });
    }

    [Fact]
    public async Task Get_WithQuery_ReachesTheHandlerApart()
    {
        var answer = await ExchangeAsync("GET /metrics?x=1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        answer.ShouldStartWith("HTTP/1.1 200 OK\r\n");
        answer.ShouldEndWith("\r\n\r\nGET /metrics x=1 \n");
    }

    [Fact]
    public async Task Head_IsAnsweredWithoutBody()
    {
        var answer = await ExchangeAsync("HEAD /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        answer.ShouldContain("Content-Length: 10\r\n");
        answer.ShouldEndWith("\r\n\r\n");
    }

    [Fact]
    public async Task PipelinedRequests_AreAnsweredInOrder()
    {
        var answer = await ExchangeAsync("POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabcGET /2 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        answer.IndexOf("POST /1  abc", StringComparison.Ordinal).ShouldBePositive();
        answer.IndexOf("GET /2", StringComparison.Ordinal).ShouldBeGreaterThan(answer.IndexOf("POST /1", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("GET / HTTP/1.1\r\n\r\n", 400)]
    [InlineData("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400)]
    [InlineData("GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400)]
    [InlineData("GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n", 400)]
    [InlineData("GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n", 400)]
    [InlineData("GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400)]
    [InlineData("GET /#f HTTP/1.1\r\nHost: a\r\n\r\n", 400)]
    [InlineData("GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n", 400)]
    [InlineData("GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505)]
    [InlineData("\r\n\r\n", 400)]
    [InlineData("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\nx", 400)]
    [InlineData("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx", 400)]
    [InlineData("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n", 400)]
    [InlineData("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 17\r\n\r\n", 413)]
    [InlineData("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", 501)]
    [InlineData("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n", 417)]
    [InlineData("GET / HTTP/1.1\r\nHost: a\r\nA: 1\r\nB: 1\r\nC: 1\r\nD: 1\r\n\r\n", 431)]
    public async Task Request_OutsideTheRules_IsRefusedAndClosed(string request, int status)
    {
        var answer = await ExchangeAsync(request);
        answer.ShouldStartWith($"HTTP/1.1 {status} ");
        answer.ShouldContain("Connection: close\r\n");
    }

    [Fact]
    public async Task Head_LongerThanItsLimit_IsRefused()
    {
        var answer = await ExchangeAsync("GET / HTTP/1.1\r\nX: " + new string('a', 600));
        answer.ShouldStartWith("HTTP/1.1 431 ");
    }

    [Fact]
    public async Task Handler_Throwing_GivesStatus500AndTheServerLives()
    {
        (await ExchangeAsync("GET /throw HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")).ShouldStartWith("HTTP/1.1 500 ");
        _errors.ShouldHaveSingleItem().Message.ShouldBe("broken");
        (await ExchangeAsync("GET / HTTP/1.0\r\n\r\n")).ShouldStartWith("HTTP/1.1 200 ");
    }

    [Fact]
    public async Task Connection_BeyondTheLimit_TakesThePlaceOfTheOneIdleLongest()
    {
        using var first = await ConnectAsync();
        using var second = await ConnectAsync();
        foreach (var client in new[] { second, first })
        {
            await AskAsync(client);
            await Task.Delay(500); // The server sees an answer's end after its client may have.
        }

        (await ExchangeAsync("GET / HTTP/1.0\r\n\r\n")).ShouldStartWith("HTTP/1.1 200 ");

        (await second.ReceiveAsync(new byte[64])).ShouldBe(0);
        await AskAsync(first);
    }

    [Fact]
    public async Task Connections_WhileEveryOneIsAnswered_AreClosed()
    {
        using var first = await ConnectAsync();
        using var second = await ConnectAsync();
        await first.SendAsync("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n"u8.ToArray());
        await second.SendAsync("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n"u8.ToArray());
        while (Volatile.Read(ref _waiting) < 2) await Task.Delay(1);

        using var third = await ConnectAsync();
        (await third.ReceiveAsync(new byte[64])).ShouldBe(0);
        _release.SetResult();
        (await first.ReceiveAsync(new byte[512])).ShouldBePositive();
        (await second.ReceiveAsync(new byte[512])).ShouldBePositive();
    }

    [Fact]
    public async Task Connections_ByTheThousandThatSendNothing_LockNobodyOut()
    {
        var idle = new List<Socket>();
        for (var i = 0; i < 1000; i++)
        {
            idle.Add(await ConnectAsync());
            await idle[^1].SendAsync("GET / HT"u8.ToArray());
            if (i % 100 == 0) (await ExchangeAsync("GET / HTTP/1.0\r\n\r\n")).ShouldStartWith("HTTP/1.1 200 ");
        }

        idle.ForEach(socket => socket.Dispose());
    }

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => await _server.DisposeAsync();

    [Fact]
    public async Task Handshake_ThatFailsLikeABug_IsTold_AndTheServerCanBeClosed()
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        var told = new TaskCompletionSource<Exception>();
        await using var server = new ControlHttpServer(
            listener, (_, _) => throw new NotSupportedException(), told.SetResult, handshake: (_, _) => throw new InvalidOperationException("broken"));
        using var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await client.ConnectAsync(server.LocalEndPoint!); // it listens

        (await told.Task.WaitAsync(TimeSpan.FromSeconds(20))).Message.ShouldBe("broken");
        (await client.ReceiveAsync(new byte[1]).WaitAsync(TimeSpan.FromSeconds(20))).ShouldBe(0);
    }

    private async Task<Socket> ConnectAsync()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync((EndPoint)_server.LocalEndPoint.ShouldNotBeNull());
        return socket;
    }

    /// <summary>Has a request answered, to the answer's last byte.</summary>
    private static async Task AskAsync(Socket socket)
    {
        await socket.SendAsync("GET / HTTP/1.1\r\nHost: a\r\n\r\n"u8.ToArray());
        var (answer, part) = ("", new byte[512]);
        while (!answer.EndsWith("\r\n\r\nGET /  \n", StringComparison.Ordinal))
        {
            var read = await socket.ReceiveAsync(part);
            read.ShouldBePositive(answer);
            answer += Encoding.ASCII.GetString(part, 0, read);
        }
    }

    private async Task<string> ExchangeAsync(string request)
    {
        using var socket = await ConnectAsync();
        await socket.SendAsync(Encoding.ASCII.GetBytes(request));
        using var answer = new MemoryStream();
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        await using var stream = new NetworkStream(socket);
        await stream.CopyToAsync(answer, timeout.Token);
        return Encoding.ASCII.GetString(answer.ToArray());
    }
}
