// SPDX-License-Identifier: Apache-2.0
using Penstock.Peers.Tests.Harness;

namespace Penstock.Peers.Tests.Forwarding;

/// <summary>Routes as a client meets them.</summary>
public sealed class RoutingTests : IAsyncLifetime
{
    private readonly List<RawOrigin> _origins = [.. Enumerable.Range(0, 4).Select(number =>
        RawOrigin.Answering($"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n{number}"))];

    private PenstockProcess _penstock = null!; // set before each test by InitializeAsync

    [Theory]
    [InlineData("GET", "shop.test", "/", "0")]
    [InlineData("GET", "SHOP.test:80", "/x", "0")]
    [InlineData("GET", "shop.test", "/api", "1")]
    [InlineData("GET", "shop.test", "/api/v1", "1")]
    [InlineData("GET", "shop.test", "/apix", "0")]
    [InlineData("POST", "shop.test", "/api/v1", "2")]
    [InlineData("GET", "a.b.test", "/", "3")]
    [InlineData("GET", "a.b.test", "/v12/x", "2")]
    [InlineData("GET", "b.test", "/", "404")]
    [InlineData("GET", "other.test", "/", "404")]
    public async Task Request_ByHostPathAndMethod_ReachesItsCluster(string method, string host, string target, string expected)
    {
        var response = await RawClient.AskAsync(_penstock.Port, $"{method} {target} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 0\r\n\r\n");

        (response.Status == 200 ? response.Text : response.Status.ToString()).ShouldBe(expected);
    }

    [Fact]
    public async Task Redirect_OfAMatchingRequest_KeepsPathAndQuery()
    {
        var response = await RawClient.AskAsync(_penstock.Port, "GET /old/x?y=1 HTTP/1.1\r\nHost: shop.test\r\n\r\n");

        response.Status.ShouldBe(308);
        response.Value("Location").ShouldBe("https://shop.test/old/x?y=1");
    }

    [Fact]
    public async Task FixedResponse_OfAMatchingRequest_IsSent()
    {
        var response = await RawClient.AskAsync(_penstock.Port, "GET /health HTTP/1.1\r\nHost: shop.test\r\n\r\n");

        response.Status.ShouldBe(203);
        response.Text.ShouldBe("fine");
        response.Value("Content-Type").ShouldBe("text/plain; charset=utf-8");
    }

    [Fact]
    public async Task PrefixRewrite_OfAMatchingRequest_ReplacesThePrefixOnly()
    {
        await RawClient.AskAsync(_penstock.Port, "GET /strip/api/x?y=/strip HTTP/1.1\r\nHost: shop.test\r\n\r\n");

        _origins[3].Requests.Single().StartLine.ShouldBe("GET /inner/api/x?y=/strip HTTP/1.1");
    }

    /// <inheritdoc/>
    public async Task InitializeAsync()
    {
        _penstock = await PenstockProcess.StartAsync(ProxyConfig.For(_origins[0]) with
        {
            Clusters = [("one", _origins[1].Endpoint), ("two", _origins[2].Endpoint), ("three", _origins[3].Endpoint)],
            Routes =
            [
                "- {match: {host: shop.test}, to: [{cluster: main}]}",
                "- {match: {host: shop.test, path_prefix: /api}, to: [{cluster: one}]}",
                "- {match: {host: shop.test, path_prefix: /api, methods: [POST]}, to: [{cluster: two}]}",
                "- {match: {host: \"*.b.test\"}, to: [{cluster: three}]}",
                "- {match: {host: \"*.b.test\", path_regex: \"/v[0-9]+/.*\"}, to: [{cluster: two}]}",
                "- {match: {host: shop.test, path_prefix: /old}, redirect: {status: 308, scheme: https}}",
                "- {match: {path: /anywhere}, redirect: {scheme: https}}",
                "- {match: {host: shop.test, path: /health}, respond: {status: 203, body: fine}}",
                "- {match: {host: shop.test, path_prefix: /strip}, to: [{cluster: three}], rewrite_prefix: /inner}",
            ],
        });
    }

    [Fact]
    public async Task Redirect_OfARequestThatNamesNoHost_LeadsToTheAddressItCameTo() =>
        (await RawClient.AskAsync(_penstock.Port, "GET /anywhere HTTP/1.0\r\n\r\n")).Value("Location").ShouldBe("https://127.0.0.1/anywhere");

    /// <inheritdoc/>
    public async Task DisposeAsync()
    {
        await _penstock.DisposeAsync();
        foreach (var origin in _origins)
        {
            await origin.DisposeAsync();
        }
    }
}
