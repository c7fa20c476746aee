// SPDX-License-Identifier: Apache-2.0
using System.Net;
using System.Net.Security;
using System.Text;
using Penstock.L7.Tests.Tls;
using Penstock.Model.L7;

namespace Penstock.L7.Tests.Http2;

/// <summary>HTTP/2 over TLS, settled by ALPN (RFC 9113 section 3.2), with .NET's own client.</summary>
public sealed class Http2TlsTests
{
    [Fact]
    public async Task Client_OfHttp2_IsServedSideBySideAndWhole()
    {
        await using var tls = new TlsEngine();
        tls.Apply(new ListenerTlsConfig { Certificates = [tls.Certificate(["shop.example.com"])] });
        using var client = tls.Client();
        var bodies = Enumerable.Range(0, 40).Select(i => new string((char)('a' + (i % 26)), i * 10_000)).ToArray();

        var answers = await Task.WhenAll(bodies.Select(async body =>
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "/echo") { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact, Content = new StringContent(body) };
            using var response = await client.SendAsync(request);
            response.StatusCode.ShouldBe(HttpStatusCode.OK);
            response.Version.ShouldBe(HttpVersion.Version20);
            response.Headers.GetValues("x-head").Single().ShouldContain("|X-Forwarded-Proto: https|");
            return await response.Content.ReadAsStringAsync();
        }));

        answers.ShouldBe(bodies);
    }

    [Fact]
    public async Task Alpn_PrefersHttp2_UnlessTheListenerDoesNotSpeakIt()
    {
        await using var tls = new TlsEngine();
        tls.Apply(new ListenerTlsConfig { Certificates = [tls.Certificate(["shop.example.com"])] });

        (await SettledAsync(tls, SslApplicationProtocol.Http11, SslApplicationProtocol.Http2)).ShouldBe(SslApplicationProtocol.Http2);
        (await SettledAsync(tls, SslApplicationProtocol.Http11)).ShouldBe(SslApplicationProtocol.Http11);

        tls.Apply(new ListenerTlsConfig { Certificates = [tls.Certificate(["shop.example.com"])] }, http2: new Http2Config { Enabled = false });

        (await SettledAsync(tls, SslApplicationProtocol.Http11, SslApplicationProtocol.Http2)).ShouldBe(SslApplicationProtocol.Http11);
    }

    [Theory]
    [InlineData("h2", "GET /old HTTP/1.1\r\nHost: a\r\n\r\n", "")]
    [InlineData("http/1.1", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "HTTP/1.1 505 ")]
    public async Task WhatAlpnHasSettled_IsWhatIsSpoken(string protocol, string sent, string answer)
    {
        await using var tls = new TlsEngine();
        tls.Apply(new ListenerTlsConfig { Certificates = [tls.Certificate(["shop.example.com"])] });
        await using var stream = await tls.ConnectAsync(options => options.ApplicationProtocols = [new(protocol)]);

        await stream.WriteAsync(Encoding.ASCII.GetBytes(sent));

        var buffer = new byte[answer.Length];
        (await stream.ReadAtLeastAsync(buffer, answer.Length, throwOnEndOfStream: false)).ShouldBe(answer.Length);
        Encoding.ASCII.GetString(buffer).ShouldBe(answer);
        if (answer.Length == 0)
            (await stream.ReadAsync(new byte[1])).ShouldBe(0);
    }

    private static async Task<SslApplicationProtocol> SettledAsync(TlsEngine tls, params SslApplicationProtocol[] offered)
    {
        await using var stream = await tls.ConnectAsync(options => options.ApplicationProtocols = [.. offered]);
        return stream.NegotiatedApplicationProtocol;
    }
}
