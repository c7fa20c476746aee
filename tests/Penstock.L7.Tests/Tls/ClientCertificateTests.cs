// SPDX-License-Identifier: Apache-2.0
using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Penstock.L7.Tls;
using Penstock.Linux.Tls;
using Penstock.Model.L7;
using Penstock.Tests;

namespace Penstock.L7.Tests.Tls;

/// <summary>Which certificates of clients are believed.</summary>
public sealed class ClientCertificateTests : IAsyncLifetime
{
    private const string ServerUsage = "1.3.6.1.5.5.7.3.1"; // id-kp-serverAuth

    private readonly TlsEngine _tls = new();

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => await _tls.DisposeAsync();

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

    [Fact]
    public async Task Subject_WithWhatTheFieldEscapesAndLongerThanABuffer_IsWrittenAsEnvoyDoes()
    {
        var subject = new X500DistinguishedNameBuilder();
        for (var i = 0; i < 50; i++)
            subject.AddOrganizationalUnitName($"{i:00} {new string('u', 57)}");
        subject.AddCommonName("Acme, \"Inc\" \\");
        using var certificate = Load(_tls.Authority.Sign(["client.example.com"], "client", subject: subject.Build()));
        Apply(ClientCertificateMode.Require);
        using var client = _tls.Client(certificate: certificate);

        var head = (await client.GetAsync("/")).Headers.GetValues("X-Head").Single();

        head.ShouldContain(",CN=Acme\\, \\\"Inc\\\" \\\\\";DNS=client.example.com|");
        head.ShouldContain($";Subject=\"OU=00 {new string('u', 57)},OU=01 ");
        Enumerable.Range(0, 50).ShouldAllBe(i => head.Contains($"OU={i:00} {new string('u', 57)},", StringComparison.Ordinal));
    }

    [Fact]
    public void Names_ThatDoNotFit_AreLeftOutWhole()
    {
        var names = Enumerable.Range(0, 300).Select(i => $"{i:000}.{new string('d', 40)}.example.com").ToArray();
        var (file, _) = _tls.Authority.Sign(names, "many");
        using var certificate = X509CertificateLoader.LoadCertificateFromFile(file);

        var value = Encoding.ASCII.GetString(ClientCertificateField.Of(new TlsPeerCertificate(certificate.RawData, "CN=many")));

        value.Length.ShouldBeInRange(ClientCertificateField.MaxBytes - ";DNS=".Length - names[0].Length, ClientCertificateField.MaxBytes);
        value.Split(";DNS=")[1..].ShouldBe(names[..(value.Split(";DNS=").Length - 1)]);
    }

    [Theory]
    [InlineData("spiffe://example.com/a,b;c=d", ";URI=\"spiffe://example.com/a,b;c=d\"")]
    [InlineData("spiffe://example.com/a\",By=b", "")]
    [InlineData("spiffe://example.com/a\\", "")]
    [InlineData("spiffe://example.com/a\r\nb: c", "")]
    [InlineData("spiffe://example.com/a b", "")]
    public void Name_IsWrittenAsItIsOrLeftOut(string uri, string written)
    {
        var names = new AsnWriter(AsnEncodingRules.DER);
        using (names.PushSequence())
        {
            names.WriteCharacterString(UniversalTagNumber.IA5String, uri, new Asn1Tag(TagClass.ContextSpecific, 6));
            names.WriteCharacterString(UniversalTagNumber.IA5String, "client.example.com", new Asn1Tag(TagClass.ContextSpecific, 2));
        }

        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=a", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509Extension("2.5.29.17", names.Encode(), critical: false)); // subjectAltName
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(100));

        Encoding.ASCII.GetString(ClientCertificateField.Of(new TlsPeerCertificate(certificate.RawData, "CN=a")))
            .ShouldEndWith($";Subject=\"CN=a\"{written};DNS=client.example.com");
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
