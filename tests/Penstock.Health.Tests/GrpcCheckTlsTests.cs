// SPDX-License-Identifier: Apache-2.0
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Penstock.Model.L7;
using Penstock.Tests;

namespace Penstock.Health.Tests;

/// <summary>Checks by gRPC over TLS.</summary>
public sealed class GrpcCheckTlsTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory().FullName;
    private readonly TestAuthority _authority;

    public GrpcCheckTlsTests() => _authority = new TestAuthority(_folder);

    public void Dispose()
    {
        _authority.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task GrpcCheck_EndpointThatAgreesToHttp2_Passes()
    {
        using var server = new FrameServer(Options(SslApplicationProtocol.Http2));
        byte[] answer = [.. FrameServer.Settings, .. FrameServer.Head(":status: 200", "content-type: application/grpc"), .. FrameServer.Data(0, 0, 0, 0, 2, 8, 1), .. FrameServer.LastHead("grpc-status: 0")];
        var asked = server.AnswerAsync(answer);

        (await CheckAsync(server)).ShouldBeNull();
        (await asked).ShouldContain(":scheme: https");
    }

    [Fact]
    public async Task GrpcCheck_EndpointWithoutAlpn_SaysSo()
    {
        using var server = new FrameServer(Options());
        var asked = server.AnswerAsync([]);

        (await CheckAsync(server)).ShouldBe("tls: the endpoint does not agree to HTTP/2 (h2) by ALPN");
        (await asked).ShouldBeEmpty();
    }

    private static async Task<string?> CheckAsync(FrameServer server, ClusterTlsConfig tls) =>
        await new GrpcCheck(new HealthTarget("c", new HealthCheckConfig { Type = HealthCheckType.Grpc }, [server.Endpoint]) { Tls = tls }, new CheckTls(tls, "h2")).RunAsync(server.Endpoint, default);

    private Task<string?> CheckAsync(FrameServer server) => CheckAsync(server, new ClusterTlsConfig { Ca = _authority.CaFile, ServerName = "a.example" });

    private SslServerAuthenticationOptions Options(params SslApplicationProtocol[] protocols)
    {
        var (file, key) = _authority.Sign(["a.example"]);
        using var pem = X509Certificate2.CreateFromPemFile(file, key);
        return new SslServerAuthenticationOptions
        {
            ServerCertificate = X509CertificateLoader.LoadPkcs12(pem.Export(X509ContentType.Pkcs12), password: null),
            ApplicationProtocols = protocols.Length == 0 ? null : [.. protocols],
        };
    }
}
