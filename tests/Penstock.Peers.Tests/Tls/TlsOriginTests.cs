// SPDX-License-Identifier: Apache-2.0
using Penstock.Peers.Tests.Harness;

namespace Penstock.Peers.Tests.Tls;

/// <summary>nginx as an origin with TLS.</summary>
public sealed class TlsOriginTests : IDisposable
{
    private readonly TlsSite _site = new();

    public void Dispose() => _site.Dispose();

    [PeerFact("nginx")]
    public async Task Nginx_AsOrigin_IsVerifiedAndItsSessionsGoOn()
    {
        await using var nginx = await NginxServer.TlsOriginAsync(_site.Certificate, _site.Key, "ssl_protocols TLSv1.2 TLSv1.3; keepalive_requests 1; location / { return 200 \"$ssl_protocol $ssl_server_name $ssl_session_reused.\"; }");
        await using var penstock = await PenstockProcess.StartAsync(Config(nginx, $"tls: {{ca: {_site.CaFile}, server_name: {TlsSite.Name}}}") with { Reactors = 1 });

        (await AskAsync(penstock.Port)).ShouldBe($"TLSv1.3 {TlsSite.Name} ..");
        (await AskAsync(penstock.Port)).ShouldBe($"TLSv1.3 {TlsSite.Name} r.");

        await penstock.AwaitMetricAsync("penstock_upstream_tls_handshakes_total{result=\"full\"} 1");
        await penstock.AwaitMetricAsync("penstock_upstream_tls_handshakes_total{result=\"resumed\"} 1");
    }

    [PeerFact("nginx")]
    public async Task Nginx_KeptConnections_AreUsedAgain()
    {
        await using var nginx = await NginxServer.TlsOriginAsync(_site.Certificate, _site.Key, "location / { return 200 \"$connection_requests\"; }");
        await using var penstock = await PenstockProcess.StartAsync(Config(nginx, $"tls: {{ca: {_site.CaFile}, san: [{TlsSite.Name}]}}") with { Reactors = 1 });

        for (var i = 1; i <= 20; i++)
            (await AskAsync(penstock.Port)).ShouldBe(i.ToString(System.Globalization.CultureInfo.InvariantCulture));
    }

    [PeerFact("nginx")]
    public async Task Nginx_ThatAsksForACertificate_GetsOurs()
    {
        await using var nginx = await NginxServer.TlsOriginAsync(
            _site.Certificate, _site.Key, $"ssl_client_certificate {_site.CaFile}; ssl_verify_client on; location / {{ return 200 \"$ssl_client_s_dn\"; }}");
        await using var penstock = await PenstockProcess.StartAsync(
            Config(nginx, $"tls: {{ca: {_site.CaFile}, server_name: {TlsSite.Name}, cert: {_site.Certificate}, key: {_site.Key}}}"));

        (await AskAsync(penstock.Port)).ShouldBe($"CN={TlsSite.Name}");
    }

    [PeerFact("nginx")]
    public async Task Nginx_WithTheIdOfAMesh_IsTakenByThatAndByNoOther()
    {
        const string id = "spiffe://cluster.local/ns/istio-system/sa/ingress";
        var (certificate, key) = _site.Sign("ingress.test", id);
        await using var nginx = await NginxServer.TlsOriginAsync(
            certificate, key, $"ssl_client_certificate {_site.CaFile}; ssl_verify_client on; location / {{ return 200 \"$ssl_server_name $ssl_client_s_dn\"; }}");
        ProxyConfig By(string san) =>
            Config(nginx, $"tls: {{ca: {_site.CaFile}, san: [\"{san}\"], server_name: mesh.test, cert: {_site.Certificate}, key: {_site.Key}}}");

        await using (var penstock = await PenstockProcess.StartAsync(By(id)))
            (await AskAsync(penstock.Port)).ShouldBe($"mesh.test CN={TlsSite.Name}");
        await using (var penstock = await PenstockProcess.StartAsync(By(id + "2")))
        {
            var answer = await RawClient.AskAsync(penstock.Port, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
            answer.Status.ShouldBe(502);
            answer.Value("Proxy-Status")!.ShouldContain("tls_certificate_error");
        }
    }

    [PeerFact("nginx")]
    public async Task Health_OfAnEndpointWithTls_GoesByItsCertificate()
    {
        await using var nginx = await NginxServer.TlsOriginAsync(_site.Certificate, _site.Key, "location / { return 200 ok; }");
        const string health = "health: {type: http, interval: 100ms, timeout: 5s, rise: 1, fall: 1}";
        var good = Config(nginx, $"tls: {{ca: {_site.CaFile}, server_name: {TlsSite.Name}}}", health);
        await using var penstock = await PenstockProcess.StartAsync(good);
        (await AskAsync(penstock.Port)).ShouldBe("ok");

        (await penstock.ReloadAsync(Config(nginx, $"tls: {{ca: {_site.CaFile}, server_name: other.test}}", health) with { Port = good.Port, MetricsPort = good.MetricsPort })).ExitCode.ShouldBe(0);

        await Eventually.TrueAsync(
            () => penstock.Child.Output.Contains("tls: the certificate is refused: hostname mismatch", StringComparison.Ordinal), penstock.Child.Output);
        (await penstock.ReloadAsync(good)).ExitCode.ShouldBe(0);
        await Eventually.TrueAsync(async () => string.Equals(await AskAsync(penstock.Port), "ok", StringComparison.Ordinal), TimeSpan.FromSeconds(30), () => penstock.Child.Output);
    }

    private static ProxyConfig Config(NginxServer nginx, params string[] cluster) => new() { Endpoints = [nginx.Endpoint], Cluster = cluster };

    private static async Task<string> AskAsync(int port) => (await RawClient.AskAsync(port, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")).Text;
}
