// SPDX-License-Identifier: Apache-2.0
using Penstock.Peers.Tests.Harness;

namespace Penstock.Peers.Tests.Forwarding;

/// <summary>Which fields cross the proxy, in both directions.</summary>
public sealed class FieldTests(ProxyFixture fixture) : IClassFixture<ProxyFixture>
{
    [Fact]
    public async Task HopByHopFields_OfARequest_AreNotForwarded()
    {
        var seen = await ForwardedAsync(
            "GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, X-Hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=5\r\nProxy-Connection: x\r\n"
            + "Proxy-Authorization: secret\r\nTE: trailers\r\nUpgrade: foo\r\nX-End-To-End: 2\r\n\r\n");

        seen.Values("X-End-To-End").ShouldBe(["2"]);
        foreach (var name in (string[])["X-Hop", "Keep-Alive", "Proxy-Connection", "Upgrade"])
        {
            seen.Values(name).ShouldBeEmpty(name);
        }

        seen.Values("Connection").ShouldAllBe(value => !value.Contains("X-Hop", StringComparison.OrdinalIgnoreCase));
    }

    [Theory]
    [InlineData("Host")]
    [InlineData("Content-Length")]
    [InlineData("X-Forwarded-For")]
    [InlineData("Transfer-Encoding")]
    public async Task Connection_NamingAFieldTheProxyNeeds_DoesNotRemoveIt(string name)
    {
        var seen = await ForwardedAsync(
            $"POST / HTTP/1.1\r\nHost: a\r\nConnection: {name}\r\n"
            + (name == "Transfer-Encoding" ? "Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n" : "Content-Length: 2\r\n\r\nhi"));

        seen.Value("Host").ShouldBe("a");
        seen.Text.ShouldBe("hi");
        seen.Value("X-Forwarded-For").ShouldBe("127.0.0.1");
    }

    [Fact]
    public async Task ForwardedFields_FromAnUntrustedClient_AreReplaced()
    {
        var seen = await ForwardedAsync(
            "GET / HTTP/1.1\r\nHost: shop.test:8080\r\nX-Forwarded-For: 10.9.9.9\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: evil\r\n\r\n");

        seen.Value("X-Forwarded-For").ShouldBe("127.0.0.1");
        seen.Value("X-Forwarded-Proto").ShouldBe("http");
        seen.Value("X-Forwarded-Host").ShouldBe("shop.test:8080");
        seen.Value("Host").ShouldBe("shop.test:8080");
    }

    [Fact]
    public async Task ForwardedFields_FromATrustedProxy_AreKeptAndExtended()
    {
        await using var origin = RawOrigin.Answering();
        await using var penstock = await PenstockProcess.StartAsync(
            ProxyConfig.For(origin) with { Listener = ["trusted_proxies: [127.0.0.0/8]"] });

        await RawClient.AskAsync(
            penstock.Port,
            "GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 10.9.9.9\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: shop.test\r\n\r\n");

        var seen = origin.Requests.Single();
        string.Join(", ", seen.Values("X-Forwarded-For")).ShouldBe("10.9.9.9, 127.0.0.1");
        seen.Value("X-Forwarded-Proto").ShouldBe("https");
        seen.Value("X-Forwarded-Host").ShouldBe("shop.test");
    }

    [Fact]
    public async Task Via_OfRequestAndResponse_NamesTheReceivedVersion()
    {
        var before = fixture.Origin.Requests.Count;

        var response = await RawClient.AskAsync(fixture.Penstock.Port, "GET / HTTP/1.0\r\nHost: a\r\n\r\n");

        fixture.Origin.Requests[before].Value("Via").ShouldStartWith("1.0 ");
        response.Value("Via").ShouldStartWith("1.1 ");
    }

    [Fact]
    public async Task Via_ThatIsThereAlready_IsExtended()
    {
        var seen = await ForwardedAsync("GET / HTTP/1.1\r\nHost: a\r\nVia: 1.1 first\r\n\r\n");

        string.Join(", ", seen.Values("Via")).ShouldStartWith("1.1 first, 1.1 ");
    }

    [Fact]
    public async Task RequestId_OfEachRequest_IsItsOwn()
    {
        var first = await ForwardedAsync("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        var second = await ForwardedAsync("GET / HTTP/1.1\r\nHost: a\r\n\r\n");

        first.Value("X-Request-Id").ShouldNotBeNullOrEmpty();
        second.Value("X-Request-Id").ShouldNotBe(first.Value("X-Request-Id"));
    }

    [Fact]
    public async Task RepeatedFields_OfARequest_KeepNumberOrderAndBytes()
    {
        var seen = await ForwardedAsync("GET / HTTP/1.1\r\nHost: a\r\nX-A: 1\r\nX-B: \u00e9\u00ff\r\nx-a: 2\r\nX-A:\r\n\r\n");

        seen.Values("X-A").ShouldBe(["1", "2", ""]);
        seen.Values("X-B").ShouldBe(["\u00e9\u00ff"]);
    }

    [Fact]
    public async Task HopByHopFields_OfAResponse_AreNotForwarded()
    {
        await using var origin = RawOrigin.Answering(
            "HTTP/1.1 200 Fine\r\nConnection: X-Hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=5\r\nProxy-Authenticate: x\r\nUpgrade: foo\r\n"
            + "Set-Cookie: a=1\r\nSet-Cookie: b=2\r\nContent-Length: 2\r\n\r\nok");
        await using var penstock = await PenstockProcess.StartAsync(origin);

        var response = await RawClient.AskAsync(penstock.Port, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");

        response.Values("Set-Cookie").ShouldBe(["a=1", "b=2"]);
        response.Text.ShouldBe("ok");
        foreach (var name in (string[])["X-Hop", "Keep-Alive", "Upgrade"])
        {
            response.Values(name).ShouldBeEmpty(name);
        }
    }

    [Fact]
    public async Task UpgradeToH2c_IsAskedFor_IsNeverForwarded()
    {
        var seen = await ForwardedAsync(
            "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n");

        seen.Values("Upgrade").ShouldBeEmpty();
        seen.Values("HTTP2-Settings").ShouldBeEmpty();
        seen.Values("Connection").ShouldAllBe(value => !value.Contains("upgrade", StringComparison.OrdinalIgnoreCase));
    }

    private async Task<WireMessage> ForwardedAsync(string request)
    {
        var before = fixture.Origin.Requests.Count;
        (await RawClient.AskAsync(fixture.Penstock.Port, request)).Status.ShouldBe(200);
        return fixture.Origin.Requests.Skip(before).ShouldHaveSingleItem();
    }
}
