// SPDX-License-Identifier: Apache-2.0
using System.Buffers.Binary;
using System.Net;
using System.Text;
using Penstock.Peers.Tests.Harness;
using Penstock.Peers.Tests.Tls;

namespace Penstock.Peers.Tests.ProxyProtocol;

/// <summary>Connections to endpoints begin with a PROXY header of the client whose requests they carry, and of no other's.</summary>
public sealed class SentHeaderTests
{
    private const int BinaryLength = 28; // TCP over IPv4, no values
    private const string Get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

    [Fact]
    public async Task Requests_OfManyClients_NeverGoOutUnderAnothersAddress()
    {
        await using var origin = new RawOrigin(AnswerWithTheNamedAsync);
        await using var penstock = await PenstockProcess.StartAsync(ProxyConfig.For(origin) with { Cluster = ["proxy_protocol: v2"], Listener = ["proxy_protocol: {from: [127.0.0.1/32]}"], Reactors = 2 });
        await Task.WhenAll(Enumerable.Range(1, 40).Select(async number =>
        {
            using var client = await RawClient.ConnectAsync(penstock.Port);
            await client.SendAsync($"PROXY TCP4 203.0.113.{number} 198.51.100.1 {1000 + number} 80\r\n");
            for (var round = 0; round < 25; round++)
            {
                await client.SendAsync(Get);
                (await client.ReadResponseAsync()).Text.ShouldBe($"203.0.113.{number}:{1000 + number}");
            }
        }));

        origin.Connections.ShouldBe(40); // One for each, kept as long as the client's.
    }

    [Fact]
    public async Task ConnectionOfAClient_EndsWithTheClients()
    {
        var ended = new TaskCompletionSource();
        await using var origin = new RawOrigin(async connection =>
        {
            await AnswerWithTheNamedAsync(connection);
            ended.TrySetResult();
        });
        await using var penstock = await PenstockProcess.StartAsync(ProxyConfig.For(origin) with { Cluster = ["proxy_protocol: v2"] });
        using (var client = await RawClient.ConnectAsync(penstock.Port))
        {
            await client.SendAsync(Get);
            (await client.ReadResponseAsync()).Text.ShouldStartWith("127.0.0.1:");
            ended.Task.IsCompleted.ShouldBeFalse();
        }

        await ended.Task.WaitAsync(TimeSpan.FromSeconds(20));
        await penstock.AwaitMetricAsync($"penstock_endpoint_connections_open{{cluster=\"main\",endpoint=\"{origin.Endpoint}\"}} 0\n");
    }

    [Theory]
    [InlineData("pool: {max_connections: 2}")] // Idle connections of others make room for one that is needed.
    [InlineData("pool: {max_idle: 2}")] // The connection that is kept is the one just used.
    public async Task UnusedConnections_OfOtherClients_StandInNobodysWay(string pool)
    {
        await using var origin = new RawOrigin(AnswerWithTheNamedAsync);
        await using var penstock = await PenstockProcess.StartAsync(ProxyConfig.For(origin) with { Cluster = ["proxy_protocol: v2", pool], Reactors = 1 });
        using var first = await RawClient.ConnectAsync(penstock.Port);
        using var second = await RawClient.ConnectAsync(penstock.Port);
        using var third = await RawClient.ConnectAsync(penstock.Port);
        foreach (var client in (RawClient[])[first, second, third, third, third])
        {
            await client.SendAsync(Get);
            (await client.ReadResponseAsync()).Status.ShouldBe(200);
        }

        origin.Connections.ShouldBe(3);
    }

    [Fact]
    public async Task Reload_OfTheVersion_HoldsForTheNextRequest()
    {
        await using var origin = new RawOrigin(AnswerWithTheNamedAsync);
        await using var other = RawOrigin.Answering();
        var config = ProxyConfig.For(origin) with { Cluster = ["proxy_protocol: v2"], Clusters = [("plain", other.Endpoint)] };
        await using var penstock = await PenstockProcess.StartAsync(config);
        using var client = await RawClient.ConnectAsync(penstock.Port);
        await client.SendAsync(Get);
        (await client.ReadResponseAsync()).Text.ShouldStartWith("127.0.0.1:");

        (await penstock.ReloadAsync(config with { Cluster = ["proxy_protocol: v1"] })).ExitCode.ShouldBe(0);
        await client.SendAsync(Get);

        (await client.ReadResponseAsync()).Text.ShouldBe("PROXY TCP4 127.0.0.1 127.0.0");
    }

    [Fact]
    public async Task HealthChecks_BeginWithAHeaderThatNamesNobody()
    {
        foreach (var (version, header) in ((string, string)[])[("v1", "PROXY UNKNOWN\r\n"), ("v2", "\r\n\r\n\0\r\nQUIT\n\u0020\0\0\0")])
        {
            var seen = new TaskCompletionSource<string>();
            await using var origin = new RawOrigin(async connection => seen.TrySetResult(Encoding.Latin1.GetString(await connection.Reader.ReadAsync(header.Length + 6))));
            await using var penstock = await PenstockProcess.StartAsync(ProxyConfig.For(origin) with { Cluster = [$"proxy_protocol: {version}", "health: {type: http, interval: 100ms, timeout: 100ms}"] });

            (await seen.Task.WaitAsync(TimeSpan.FromSeconds(20))).ShouldBe(header + "GET / ");
        }
    }

    [PeerFact("curl")]
    public async Task Header_OfAClientWithTls_SaysWhatItAgreedUpon()
    {
        using var site = new TlsSite();
        var seen = new TaskCompletionSource<string>();
        await using var origin = new RawOrigin(async connection =>
        {
            var begin = await connection.Reader.ReadAsync(16);
            var rest = await connection.Reader.ReadAsync(BinaryPrimitives.ReadUInt16BigEndian(begin.AsSpan(14)));
            seen.TrySetResult(Encoding.Latin1.GetString(rest.AsSpan(12)));
            await RawOrigin.AnswerAsync(connection, _ => RawOrigin.Ok);
        });
        await using var penstock = await PenstockProcess.StartAsync(site.Config(origin) with { Cluster = ["proxy_protocol: v2"] });

        (await site.CurlAsync(penstock.Port, "--http1.1")).Output.Trim().ShouldBe("ok");

        var values = await seen.Task.WaitAsync(TimeSpan.FromSeconds(20));
        values.ShouldStartWith($"\u0001\0\u0008http/1.1\u0002\0\u0009{TlsSite.Name}\u0020\0");
        values.ShouldContain("\u0001\0\0\0\u0001\u0021\0\u0007TLSv1.3");
    }

    /// <summary>Answers requests with the client that the connection's header names; with the header itself where it is a line.</summary>
    private static async Task AnswerWithTheNamedAsync(OriginConnection connection)
    {
        var header = await connection.Reader.ReadAsync(BinaryLength);
        if (header.Length < BinaryLength)
        {
            return;
        }

        var isLine = header[0] == 'P';
        var text = isLine ? Encoding.Latin1.GetString(header) : $"{new IPAddress(header.AsSpan(16, 4))}:{BinaryPrimitives.ReadUInt16BigEndian(header.AsSpan(24))}";
        if (isLine)
        {
            await connection.Reader.ReadHeadAsync(); // With the rest of the line in it.
            await connection.SendAsync(Answer(text));
        }

        await RawOrigin.AnswerAsync(connection, _ => Answer(text));
    }

    private static string Answer(string text) => $"HTTP/1.1 200 OK\r\nContent-Length: {text.Length}\r\n\r\n{text}";
}
