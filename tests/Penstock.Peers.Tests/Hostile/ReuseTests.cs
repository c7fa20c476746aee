// SPDX-License-Identifier: Apache-2.0
using Penstock.Peers.Tests.Harness;
using Penstock.Tests;

namespace Penstock.Peers.Tests.Hostile;

/// <summary>What one request leaves behind must not reach the next: state, connections and memory are used again.</summary>
public sealed class ReuseTests
{
    private const string Get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

    [Fact]
    public async Task TrailersOfAResponse_AreNotRepeatedAfterALaterBody()
    {
        await using var origin = new RawOrigin(async connection =>
        {
            await connection.ReadRequestAsync();
            await connection.SendAsync(connection.Number == 1
                ? "HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Secret: first\r\n\r\n"
                : "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nok");
            connection.Close();
        });
        await using var penstock = await PenstockProcess.StartAsync(ProxyConfig.For(origin) with { Reactors = 1 });
        using var client = await RawClient.ConnectAsync(penstock.Port);

        await client.SendAsync(Get);
        (await client.ReadResponseAsync()).Status.ShouldBe(200);
        await client.SendAsync(Get);
        var second = await client.ReadResponseAsync();

        second.Complete.ShouldBeTrue();
        second.Trailers.ShouldBeEmpty();
    }

    [Fact]
    public async Task LostKeepAliveRace_OfAPutWhoseBodyComesLater_SendsTheBodyWithTheRetry()
    {
        await using var origin = new RawOrigin(async connection =>
        {
            if (connection.Number == 1)
            {
                await connection.ReadRequestAsync();
                await connection.SendAsync(RawOrigin.Ok);
                await connection.ReadRequestHeadAsync();
                connection.Reset();
                return;
            }

            await RawOrigin.AnswerAsync(connection, _ => RawOrigin.Ok);
        });
        await using var penstock = await PenstockProcess.StartAsync(ProxyConfig.For(origin) with { Reactors = 1 });
        using var client = await RawClient.ConnectAsync(penstock.Port);
        await client.SendAsync(Get);
        (await client.ReadResponseAsync()).Status.ShouldBe(200);

        await client.SendAsync("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n");
        await Eventually.TrueAsync(() => Task.FromResult(origin.Connections == 2), TimeSpan.FromSeconds(20), () => "the request was not sent again");
        await client.SendAsync("hello");

        (await client.ReadResponseAsync()).Status.ShouldBe(200);
    }

    [Fact]
    public async Task SwitchingProtocols_BeforeTheRequestsEnd_Is502AndNoTunnel()
    {
        await using var origin = new RawOrigin(async connection =>
        {
            await connection.ReadRequestHeadAsync();
            await connection.SendAsync("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
            await connection.Reader.ReadToEndAsync();
        });
        await using var penstock = await PenstockProcess.StartAsync(origin);
        using var client = await RawClient.ConnectAsync(penstock.Port);

        await client.SendAsync("POST / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 100\r\n\r\nsome");

        (await client.ReadHeadAsync()).Status.ShouldBe(502);
    }

    [Fact]
    public async Task SwitchingProtocols_ToAnotherThanAskedFor_Is502()
    {
        await using var origin = RawOrigin.Answering("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: other\r\n\r\n");
        await using var penstock = await PenstockProcess.StartAsync(origin);

        var response = await RawClient.AskAsync(penstock.Port, "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");

        response.Status.ShouldBe(502);
    }

    [Theory]
    [InlineData("")]
    [InlineData("Upgrade: websocket\r\n")]
    [InlineData("Connection: Upgrade\r\nUpgrade: h2c\r\n")]
    public async Task SwitchingProtocols_ToNoneThatIsNamed_Is502EvenWhereTheClientsListHasAnEmptyPart(string fields)
    {
        await using var origin = RawOrigin.Answering($"HTTP/1.1 101 Switching Protocols\r\n{fields}\r\n");
        await using var penstock = await PenstockProcess.StartAsync(origin);

        var response = await RawClient.AskAsync(penstock.Port, "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket,\r\n\r\n");

        response.Status.ShouldBe(502);
    }

    [Fact]
    public async Task EndpointThatEndsFreshConnectionsUnheard_WithAnotherReady_FailsNoGet()
    {
        await using var dying = new RawOrigin(async connection =>
        {
            await connection.ReadRequestAsync();
            connection.Reset();
        });
        await using var alive = RawOrigin.Answering();
        await using var penstock = await PenstockProcess.StartAsync(new ProxyConfig { Endpoints = [dying.Endpoint, alive.Endpoint], Reactors = 1 });

        for (var i = 0; i < 10; i++)
            (await RawClient.AskAsync(penstock.Port, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")).Status.ShouldBe(200);
    }

    [Fact]
    public async Task LostKeepAliveRace_AtAnEndpointThatDies_GoesToAnother()
    {
        // What a killed process looks like: its connections are reset, yet its listening socket accepts for a moment more.
        await using var dying = new RawOrigin(async connection =>
        {
            if (connection.Number % 2 == 1)
            {
                await connection.ReadRequestAsync();
                await connection.SendAsync(RawOrigin.Ok);
            }

            await connection.ReadRequestAsync();
            connection.Reset();
        });
        await using var alive = RawOrigin.Answering();
        await using var penstock = await PenstockProcess.StartAsync(new ProxyConfig { Endpoints = [dying.Endpoint, alive.Endpoint], Cluster = ["balancing: random"], Reactors = 1 });
        using var client = await RawClient.ConnectAsync(penstock.Port);

        for (var i = 0; i < 100; i++)
        {
            await client.SendAsync("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
            (await client.ReadResponseAsync()).Status.ShouldBe(200);
        }
    }

    [Fact]
    public async Task LostKeepAliveRace_WithTheOtherEndpointDown_IsRetriedAtTheFirst()
    {
        await using var origin = new RawOrigin(async connection =>
        {
            await connection.ReadRequestAsync();
            await connection.SendAsync(RawOrigin.Ok);
            await connection.ReadRequestAsync();
            connection.Reset();
        });
        var down = $"127.0.0.1:{FreePort.Next()}";
        await using var penstock = await PenstockProcess.StartAsync(new ProxyConfig { Endpoints = [origin.Endpoint, down], Reactors = 1 });
        using var client = await RawClient.ConnectAsync(penstock.Port);

        for (var i = 0; i < 4; i++)
        {
            await client.SendAsync("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
            (await client.ReadResponseAsync()).Status.ShouldBe(200);
        }
    }
}
