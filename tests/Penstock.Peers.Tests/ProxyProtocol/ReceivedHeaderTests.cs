// SPDX-License-Identifier: Apache-2.0
using System.Net.Sockets;
using Penstock.Peers.Tests.Harness;

namespace Penstock.Peers.Tests.ProxyProtocol;

/// <summary>A PROXY header in front of a client's bytes names the client, and nobody can do without it or forge it.</summary>
public sealed class ReceivedHeaderTests
{
    private const string Get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    private const string Line = "PROXY TCP4 203.0.113.7 198.51.100.1 40000 80\r\n";
    private const string Required = "proxy_protocol: {from: [127.0.0.1/32]}";

    // The same by version 2.
    private static readonly string s_binary = "\r\n\r\n\0\r\nQUIT\n\u0021\u0011\0\u000c" + "\u00cb\0\u0071\u0007" + "\u00c6\u0033\u0064\u0001" + "\u009c\u0040" + "\0\u0050";

    [Fact]
    public async Task Header_CutAnywhere_NamesTheClient()
    {
        await using var origin = RawOrigin.Answering();
        await using var penstock = await PenstockProcess.StartAsync(ProxyConfig.For(origin) with { Listener = [Required] });

        foreach (var whole in (string[])[Line + Get, s_binary + Get])
        {
            for (var cut = 0; cut < whole.Length - Get.Length + 4; cut++)
            {
                using var client = await RawClient.ConnectAsync(penstock.Port);
                await client.SendAsync(whole[..cut]);
                await Task.Yield();
                await client.SendAsync(whole[cut..]);
                (await client.ReadResponseAsync()).Text.ShouldBe("ok", $"cut at {cut}");
            }
        }

        origin.Requests.ShouldAllBe(request => request.Value("X-Forwarded-For") == "203.0.113.7");
    }

    [Fact]
    public async Task Header_ByteByByte_NamesTheClientForEachRequestAndTheLog()
    {
        using var workplace = new Workplace();
        var log = Path.Combine(workplace.Path, "access.log");
        await using var origin = RawOrigin.Answering();
        await using var penstock = await PenstockProcess.StartAsync(ProxyConfig.For(origin) with
        {
            Listener = [Required, "trusted_proxies: [203.0.113.7/32]"],
            L7 = [$"access_log: {{path: {log}, format: \"%{{client_address}} %{{client_port}}\"}}"],
        });
        using var client = await RawClient.ConnectAsync(penstock.Port);
        foreach (var one in s_binary)
        {
            await client.SendAsync(one.ToString());
            await Task.Delay(1);
        }

        for (var i = 0; i < 3; i++)
        {
            await client.SendAsync(Get);
            (await client.ReadResponseAsync()).Text.ShouldBe("ok");
        }

        await client.SendAsync("GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 192.0.2.9\r\n\r\n");
        (await client.ReadResponseAsync()).Text.ShouldBe("ok");
        string.Join(", ", origin.Requests[^1].Values("X-Forwarded-For")).ShouldBe("192.0.2.9, 203.0.113.7");
        await Eventually.TrueAsync(
            () => File.Exists(log) && File.ReadAllLines(log) is ["203.0.113.7 40000", "203.0.113.7 40000", "203.0.113.7 40000", "192.0.2.9 0"], "the log does not name the client");
    }

    [Fact]
    public async Task HeaderThatNamesNobody_LeavesThePeerTheClient()
    {
        await using var origin = RawOrigin.Answering();
        await using var penstock = await PenstockProcess.StartAsync(ProxyConfig.For(origin) with { Listener = [Required] });

        foreach (var header in (string[])["PROXY UNKNOWN\r\n", "\r\n\r\n\0\r\nQUIT\n\u0020\0\0\0"])
        {
            (await RawClient.AskAsync(penstock.Port, header + Get)).Text.ShouldBe("ok");
        }

        origin.Requests.ShouldAllBe(request => request.Value("X-Forwarded-For") == "127.0.0.1");
    }

    [Fact]
    public async Task HeaderMissingOrWrong_ClosesTheConnectionAndIsCounted()
    {
        await using var origin = RawOrigin.Answering();
        await using var penstock = await PenstockProcess.StartAsync(ProxyConfig.For(origin) with { Listener = ["proxy_protocol: {from: [127.0.0.1/32], timeout: 500ms}"] });

        foreach (var (bytes, reason) in ((string, string)[])
            [(Get, "missing"), ("PROXY TCP4 203.0.113.7 198.51.100.1 40000 080\r\n" + Get, "port_malformed"), ("\r\n\r\n\0\r\nQUIT\n\u0031", "version_unsupported"), ("PROXY TCP4 203", "timeout"), ("", "timeout")])
        {
            using var client = await RawClient.ConnectAsync(penstock.Port);
            await client.SendAsync(bytes);
            (await client.IsClosedAsync()).ShouldBeTrue(reason);
        }

        using (var half = await RawClient.ConnectAsync(penstock.Port))
        {
            await half.SendAsync("PROXY TCP4 203");
            half.EndSending();
            (await half.IsClosedAsync()).ShouldBeTrue();
        }

        await penstock.AwaitMetricAsync("penstock_listener_proxy_headers_rejected_total{listener=\"front\",reason=\"missing\"} 1\n");
        await penstock.AwaitMetricAsync("penstock_listener_proxy_headers_rejected_total{listener=\"front\",reason=\"port_malformed\"} 1\n");
        await penstock.AwaitMetricAsync("penstock_listener_proxy_headers_rejected_total{listener=\"front\",reason=\"version_unsupported\"} 1\n");
        await penstock.AwaitMetricAsync("penstock_listener_proxy_headers_rejected_total{listener=\"front\",reason=\"timeout\"} 2\n");
        await penstock.AwaitMetricAsync("penstock_listener_proxy_headers_rejected_total{listener=\"front\",reason=\"incomplete\"} 1\n");
        await penstock.AwaitMetricAsync("penstock_listener_connections_open{listener=\"front\"} 0\n");
        origin.Requests.ShouldBeEmpty();
        penstock.Child.Output.ShouldContain("front: closed a connection from 127.0.0.1, which has to begin with a PROXY header: missing");
    }

    [Fact]
    public async Task HeaderWithALongValue_NamesTheClientAndTheValueIsLeftOut()
    {
        await using var origin = RawOrigin.Answering();
        await using var penstock = await PenstockProcess.StartAsync(ProxyConfig.For(origin) with { Listener = [Required] });
        var name = new string('a', 4000);
        var values = $"\u0002\u000f\u00a0{name}"; // PP2_TYPE_AUTHORITY, 4000 bytes: 4015 with the addresses before it.
        var header = "\r\n\r\n\0\r\nQUIT\n\u0021\u0011\u000f\u00af" + s_binary[16..] + values;

        (await RawClient.AskAsync(penstock.Port, header + Get)).Text.ShouldBe("ok");

        origin.Requests.Single().Value("X-Forwarded-For").ShouldBe("203.0.113.7");
        await penstock.AwaitMetricAsync("penstock_listener_proxy_values_left_out_total{listener=\"front\"} 2\n");
    }

    [Fact]
    public async Task HeaderOfAPeerThatIsNotTrusted_IsTakenAsItsOwnBytes()
    {
        await using var origin = RawOrigin.Answering();
        await using var penstock = await PenstockProcess.StartAsync(ProxyConfig.For(origin) with { Listener = ["proxy_protocol: {from: [192.0.2.0/24]}"] });

        (await RawClient.AskAsync(penstock.Port, Get)).Text.ShouldBe("ok");
        (await RawClient.AskAsync(penstock.Port, Line + Get)).Status.ShouldBe(400);
        (await RawClient.AskAsync(penstock.Port, s_binary + Get)).Status.ShouldBe(400);

        origin.Requests.Single().Value("X-Forwarded-For").ShouldBe("127.0.0.1");
    }

    [Fact]
    public async Task ConnectionsPerClient_AreThoseOfTheNamedClient()
    {
        await using var origin = RawOrigin.Answering();
        await using var penstock = await PenstockProcess.StartAsync(ProxyConfig.For(origin) with { Listener = [Required, "limits: {connections_per_client: 1}"] });
        using var first = await RawClient.ConnectAsync(penstock.Port);
        using var other = await RawClient.ConnectAsync(penstock.Port);
        using var second = await RawClient.ConnectAsync(penstock.Port);
        await first.SendAsync(Line + Get);
        (await first.ReadResponseAsync()).Text.ShouldBe("ok");

        await other.SendAsync(Line.Replace("203.0.113.7", "203.0.113.8", StringComparison.Ordinal) + Get);
        await second.SendAsync(Line + Get);

        (await other.ReadResponseAsync()).Text.ShouldBe("ok");
        (await second.IsClosedAsync()).ShouldBeTrue();
    }

    [Fact]
    public async Task UnixSocket_AwaitsAHeaderOfEveryPeer()
    {
        using var workplace = new Workplace();
        var path = Path.Combine(workplace.Path, "front.sock");
        await using var origin = RawOrigin.Answering();
        await using var penstock = await PenstockProcess.StartAsync(ProxyConfig.For(origin) with { Bind = $"unix:{path}", Listener = ["proxy_protocol: {}"] });
        await Eventually.TrueAsync(() => File.Exists(path), penstock.Child.Output);
        using var named = await RawClient.ConnectAsync(new UnixDomainSocketEndPoint(path));
        using var silent = await RawClient.ConnectAsync(new UnixDomainSocketEndPoint(path));

        await named.SendAsync(s_binary + Get);
        await silent.SendAsync(Get);

        (await named.ReadResponseAsync()).Text.ShouldBe("ok");
        (await silent.IsClosedAsync()).ShouldBeTrue();
        origin.Requests.Single().Value("X-Forwarded-For").ShouldBe("203.0.113.7");
    }

    [Fact]
    public async Task Connections_WaitingForTheirHeader_EndAtAStopAndHoldNothingUp()
    {
        await using var origin = RawOrigin.Answering();
        await using var penstock = await PenstockProcess.StartAsync(ProxyConfig.For(origin) with { Listener = [Required] });
        using var silent = await RawClient.ConnectAsync(penstock.Port);
        using var slow = await RawClient.ConnectAsync(penstock.Port);
        await slow.SendAsync(Line[..10]);
        penstock.Child.Signal(15);
        (await silent.IsClosedAsync()).ShouldBeTrue();
        await slow.SendAsync(Line[10..] + Get);

        (await slow.ReadResponseAsync()).Text.ShouldBe("ok");
        (await penstock.Child.WaitAsync(TimeSpan.FromSeconds(20))).ShouldBe(0);
    }
}
