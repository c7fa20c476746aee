// SPDX-License-Identifier: Apache-2.0
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Penstock.Model.L7;
using Penstock.Tests;

namespace Penstock.L7.Tests.Tls;

public sealed class TlsClusterTests : IAsyncLifetime
{
    private const string Id = "spiffe://example.com/ns/mesh/sa/gateway";
    private readonly TlsEngine _tls = new();

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => await _tls.DisposeAsync();

    [Fact]
    public async Task Requests_ToAnEndpointWithTls_AreAnswered()
    {
        _tls.SecureOrigin(Origin());
        using var client = Serve(new ClusterTlsConfig { Ca = _tls.Authority.CaFile, ServerName = "origin.example.com" });
        var body = RandomNumberGenerator.GetBytes(10 << 20);

        for (var i = 0; i < 3; i++)
            (await client.GetAsync($"/{i}")).Headers.GetValues("X-Head").Single().ShouldStartWith($"GET /{i} HTTP/1.1|");
        using var answer = await client.PostAsync("/", new ByteArrayContent(body));
        (await answer.Content.ReadAsByteArrayAsync()).AsSpan().SequenceEqual(body).ShouldBeTrue();
    }

    [Theory]
    [InlineData("origin.example.com", "", true)]
    [InlineData("", Id, true)]
    [InlineData("other.example.com", Id, true)]
    [InlineData("", "origin.example.com", true)]
    [InlineData("other.example.com", "", false)]
    [InlineData("origin.example.com", "spiffe://example.com/ns/mesh/sa/other", false)]
    [InlineData("origin.example.com", Id + "/", false)]
    public async Task Certificate_ForAnotherName_IsRefused(string serverName, string san, bool taken)
    {
        _tls.SecureOrigin(Origin());
        using var client = Serve(new ClusterTlsConfig
        {
            Ca = _tls.Authority.CaFile,
            ServerName = serverName.Length > 0 ? serverName : null,
            San = san.Length > 0 ? [san] : [],
        });

        await ShouldBeAsync(client, taken ? null : "tls_certificate_error");
    }

    [Fact]
    public async Task Certificate_OfAnotherAuthorityOrOfYesterday_IsRefusedUnlessNobodyLooks()
    {
        using var stranger = new TestAuthority(_tls.Folder, "stranger");
        _tls.SecureOrigin(Origin());
        using (var client = Serve(new ClusterTlsConfig { Ca = stranger.CaFile, ServerName = "origin.example.com" }))
            await ShouldBeAsync(client, "tls_certificate_error");
        using (var client = Serve(new ClusterTlsConfig { ServerName = "origin.example.com" }))
            await ShouldBeAsync(client, "tls_certificate_error");
        using (var client = Serve(new ClusterTlsConfig { Verify = false }))
            await ShouldBeAsync(client, error: null);

        _tls.SecureOrigin(Origin(days: -1));
        using (var client = Serve(new ClusterTlsConfig { Ca = _tls.Authority.CaFile, ServerName = "origin.example.com" }))
            await ShouldBeAsync(client, "tls_certificate_error");
    }

    [Fact]
    public async Task Endpoint_WithoutTls_IsToldFromOneThatRefuses()
    {
        using var client = Serve(new ClusterTlsConfig { Ca = _tls.Authority.CaFile, ServerName = "origin.example.com" }, header: 2);

        using var answer = await client.GetAsync("/");

        answer.StatusCode.ShouldBeOneOf(HttpStatusCode.BadGateway, HttpStatusCode.GatewayTimeout);
    }

    [Fact]
    public async Task Certificate_OfOurs_IsShown()
    {
        _tls.SecureOrigin(Origin(), X509CertificateLoader.LoadCertificateFromFile(_tls.Authority.CaFile));
        var own = _tls.Certificate(["lb.example.com"]);
        using var client = Serve(new ClusterTlsConfig { Ca = _tls.Authority.CaFile, ServerName = "origin.example.com", Cert = own.Cert, Key = own.Key });

        await ShouldBeAsync(client, error: null);
    }

    [Fact]
    public async Task Body_ThatTheConnectionEnds_IsWholeOnlyIfTlsSaysSo()
    {
        _tls.SecureOrigin(Origin());
        using var client = Serve(new ClusterTlsConfig { Ca = _tls.Authority.CaFile, ServerName = "origin.example.com" });

        (await client.GetStringAsync("/end")).ShouldBe("all of it");
        await Should.ThrowAsync<HttpRequestException>(() => client.GetStringAsync("/cut"));
    }

    private CertificateConfig Origin(int days = 100)
    {
        var (certificate, key) = _tls.Authority.Sign(["origin.example.com"], "origin", days, uris: Id);
        return new CertificateConfig { Cert = certificate, Key = key };
    }

    private HttpClient Serve(ClusterTlsConfig cluster, int header = 60)
    {
        _tls.Apply(new ListenerTlsConfig { Certificates = [_tls.Certificate(["shop.example.com"])] }, new ListenerTimeouts { Header = TimeSpan.FromSeconds(header) }, cluster: cluster);
        return _tls.Client();
    }

    private static async Task ShouldBeAsync(HttpClient client, string? error)
    {
        using var answer = await client.GetAsync("/");
        answer.StatusCode.ShouldBe(error is null ? HttpStatusCode.OK : HttpStatusCode.BadGateway);
        if (error is not null)
            answer.Headers.GetValues("Proxy-Status").Single().ShouldBe($"lb1; error={error}");
    }
}
