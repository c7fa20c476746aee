// SPDX-License-Identifier: Apache-2.0
using System.Security.Cryptography.X509Certificates;
using Penstock.Model.L7;
using Penstock.Tests;

namespace Penstock.L7.Tests.Tls;

/// <summary>Which certificates of clients are believed.</summary>
public sealed class ClientCertificateTests : IAsyncDisposable
{
    private const string ServerUsage = "1.3.6.1.5.5.7.3.1"; // id-kp-serverAuth

    private readonly TlsEngine _tls = new();

    public async ValueTask DisposeAsync() => await _tls.DisposeAsync();

    [Theory]
    [InlineData(ClientCertificateMode.Require, "other")]
    [InlineData(ClientCertificateMode.Optional, "other")]
    [InlineData(ClientCertificateMode.Require, "ended")]
    [InlineData(ClientCertificateMode.Optional, "ended")]
    [InlineData(ClientCertificateMode.Require, "server")]
    [InlineData(ClientCertificateMode.Optional, "server")]
    public async Task Certificate_ThatIsNotOfTheAuthorityForClientsAndInTime_IsRefused(ClientCertificateMode mode, string fault)
    {
        using var stranger = new TestAuthority(_tls.Folder, "stranger");
        using var certificate = Load(fault switch
        {
            "other" => stranger.Sign(["client.example.com"], "client"),
            "ended" => _tls.Authority.Sign(["client.example.com"], "client", days: -1),
            _ => _tls.Authority.Sign(["client.example.com"], "client", usage: ServerUsage),
        });
        Apply(mode);
        using var client = _tls.Client(certificate: certificate);

        await Should.ThrowAsync<HttpRequestException>(() => client.GetAsync("/"));
    }

    private void Apply(ClientCertificateMode mode) => _tls.Apply(new ListenerTlsConfig
    {
        Certificates = [_tls.Certificate(["shop.example.com"])],
        ClientCertificates = new ClientCertificatesConfig { Ca = _tls.Authority.CaFile, Mode = mode },
    });

    private static X509Certificate2 Load((string Certificate, string Key) files)
    {
        using var pem = X509Certificate2.CreateFromPemFile(files.Certificate, files.Key);
        return X509CertificateLoader.LoadPkcs12(pem.Export(X509ContentType.Pfx), password: null);
    }
}
