// SPDX-License-Identifier: Apache-2.0
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Penstock.Model.L7;
using Penstock.Model.Vrrp;
using Penstock.Tests;

namespace Penstock.Config.Tests;

public sealed class TlsTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("penstock-tls-").FullName;
    private readonly TestAuthority _authority;

    public TlsTests() => _authority = new TestAuthority(_folder);

    public void Dispose()
    {
        _authority.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public void Tls_WellWritten_IsRead()
    {
        var (certificate, key) = _authority.Sign(["shop.example.com"]);
        var result = Load($"certificates: [{{cert: {certificate}, key: {key}}}], profile: modern, client_certificates: {{ca: {_authority.CaFile}, mode: optional}}");

        result.Lines().ShouldBeEmpty();
        var tls = result.Config.ShouldNotBeNull().L7.Listeners.ShouldHaveSingleItem().Tls.ShouldNotBeNull();
        tls.Certificates.ShouldHaveSingleItem().Cert.ShouldBe(certificate);
        (tls.Profile, tls.ClientCertificates.ShouldNotBeNull().Mode).ShouldBe((TlsProfile.Modern, ClientCertificateMode.Optional));
    }

    [Fact]
    public void Files_OfAnotherHost_AreNotLookedAt() =>
        Some.Parse(Text("certificates: [{cert: /nowhere.crt, key: /nowhere.key}]")).Lines().ShouldBeEmpty();

    [Fact]
    public void Certificate_ThatIsMissing_IsAnErrorAtItsPlace()
    {
        var (_, key) = _authority.Sign(["shop.example.com"]);

        Line($"certificates: [{{cert: {_folder}/none.crt, key: {key}}}]").ShouldBe(
            $"a.yaml:3:85: error: l7.listeners[0].tls.certificates[0].cert: {_folder}/none.crt: cannot open the file: No such file or directory; expected a file that can be read");
    }

    [Fact]
    public void Key_ThatCannotServe_IsAnError()
    {
        var (certificate, key) = _authority.Sign(["shop.example.com"]);
        var (_, other) = _authority.Sign(["other.example.com"]);
        using var made = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var encrypted = Write("encrypted.key", made.ExportEncryptedPkcs8PrivateKeyPem("secret", new PbeParameters(PbeEncryptionAlgorithm.Aes128Cbc, HashAlgorithmName.SHA256, 1000)));
        var open = Write("open.key", File.ReadAllText(key));
        File.SetUnixFileMode(open, UnixFileMode.UserRead | UnixFileMode.OtherRead);

        Line(Pair(certificate, other)).ShouldContain($"certificates[0].key: {other}: not the private key of {certificate}");
        Line(Pair(certificate, encrypted)).ShouldContain($"{encrypted}: an encrypted private key");
        Line(Pair(certificate, open)).ShouldContain($"{open}: a private key that everybody on this host can read");
        Line(Pair(certificate, certificate)).ShouldContain("no private key");
        Line(Pair(key, key)).ShouldContain($"certificates[0].cert: {key}: no certificate");
    }

    [Fact]
    public void Certificate_WithAKeyThatOpensslRefuses_IsAnError()
    {
        using var weak = RSA.Create(1024);
        var request = new CertificateRequest("CN=shop.example.com", weak, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        using var signed = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(100));
        var (certificate, key) = (Write("weak.crt", signed.ExportCertificatePem()), Write("weak.key", weak.ExportPkcs8PrivateKeyPem()));

        Line(Pair(certificate, key)).ShouldContain($"error: l7.listeners[0].tls.certificates[0].cert: {certificate}: the RSA key of shop.example.com has 1024 bits: OpenSSL refuses it by default; expected RSA of 2048 bits or more, or EC of 224 or more");
        Load(Pair(certificate, key), starts: true).Lines().ShouldHaveSingleItem().ShouldContain("warning: l7.listeners[0].tls.certificates[0].cert: ");
        LoadCluster($"server_name: shop.internal, cert: {certificate}, key: {key}").Lines().ShouldHaveSingleItem().ShouldContain($"l7.clusters.a.tls.cert: {certificate}: the RSA key of shop.example.com has 1024 bits");
    }

    [Fact]
    public void Certificate_WithACurveThatOpensslRefuses_IsAnError()
    {
        using var weak = ECDsa.Create(ECCurve.CreateFromFriendlyName("prime192v1"));
        using var signed = new CertificateRequest("CN=shop.example.com", weak, HashAlgorithmName.SHA256).CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(100));
        var (certificate, key) = (Write("weak.crt", signed.ExportCertificatePem()), Write("weak.key", weak.ExportPkcs8PrivateKeyPem()));

        Line(Pair(certificate, key)).ShouldContain($"{certificate}: the EC key of shop.example.com has 192 bits: OpenSSL refuses it by default; expected RSA of 2048 bits or more, or EC of 224 or more");
    }

    [Fact]
    public void Certificate_SignedWithSha1_IsAnErrorUnlessItIsItsOwnIssuer()
    {
        using var issuing = RSA.Create(2048);
        using var own = RSA.Create(2048);
        var (since, until, signer, ca) = (DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(100), new Sha1Signer(issuing), new X500DistinguishedName("CN=ca"));
        using var issuer = new CertificateRequest(ca, issuing, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1).Create(ca, signer, since, until, [1]);
        using var signed = new CertificateRequest("CN=shop.example.com", own, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1).Create(ca, signer, since, until, [2]);
        var (certificate, key) = (Write("old.crt", signed.ExportCertificatePem()), Write("old.key", own.ExportPkcs8PrivateKeyPem()));
        var (root, rootKey) = (Write("root.crt", issuer.ExportCertificatePem()), Write("root.key", issuing.ExportPkcs8PrivateKeyPem()));

        Line(Pair(certificate, key)).ShouldContain($"{certificate}: the certificate of shop.example.com is signed by sha1RSA: OpenSSL and browsers refuse it; expected one signed with SHA-256 or better");
        Load(Pair(root, rootKey)).Lines().ShouldBeEmpty();
    }

    [Fact]
    public void Certificate_ThatHasEnded_IsAnErrorForCheckAndAWarningForTheDaemon()
    {
        var (certificate, key) = _authority.Sign(["shop.example.com"], days: -1);

        Line(Pair(certificate, key)).ShouldContain("error: l7.listeners[0].tls.certificates[0].cert: the certificate ended at ");
        var started = Load(Pair(certificate, key), starts: true);
        started.Lines().ShouldHaveSingleItem().ShouldContain("warning: l7.listeners[0].tls.certificates[0].cert: the certificate ended at ");
        started.Config.ShouldNotBeNull();
    }

    [Fact]
    public void Certificate_ThatEndsSoon_IsAWarning()
    {
        var (certificate, key) = _authority.Sign(["shop.example.com"], days: 10);

        Line(Pair(certificate, key)).ShouldContain("warning: l7.listeners[0].tls.certificates[0].cert: the certificate ends at ");
    }

    [Fact]
    public void Certificate_ThatServesNobody_IsAWarning()
    {
        var (certificate, key) = _authority.Sign(["shop.example.com"]);
        var (other, otherKey) = _authority.Sign(["SHOP.example.com"], "other");
        var (rsa, rsaKey) = _authority.Sign(["shop.example.com"], "rsa", rsa: true);

        Line($"certificates: [{{cert: {certificate}, key: {key}}}, {{cert: {rsa}, key: {rsaKey}}}, {{cert: {other}, key: {otherKey}}}]")
            .ShouldContain("certificates[2].cert: a certificate that serves nobody");
    }

    [Theory]
    [InlineData("", "no key")]
    [InlineData("AAAA\n", "tickets:1: not a key")]
    [InlineData("# keys\n\nQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=\nnothing\n", "tickets:4: not a key")]
    public void TicketKeys_ThatAreNone_AreAnErrorWithoutTheKey(string text, string found)
    {
        var (certificate, key) = _authority.Sign(["shop.example.com"]);
        var line = Line($"{Pair(certificate, key)}, session_ticket_keys: {Write("tickets", text)}");

        line.ShouldContain($"tls.session_ticket_keys: {_folder}/{(found.StartsWith('t') ? "" : "tickets: ")}{found}; expected 80 random bytes in base64 a line");
        line.ShouldNotContain("nothing");
    }

    [Fact]
    public void OtherFiles_ThatAreNotWhatTheyShouldBe_AreErrors()
    {
        var (certificate, key) = _authority.Sign(["shop.example.com"]);

        Line($"certificates: [{{cert: {certificate}, key: {key}, ocsp: {certificate}}}]").ShouldContain("certificates[0].ocsp: " + certificate + ": not an OCSP response");
        Line($"{Pair(certificate, key)}, client_certificates: {{ca: {key}}}").ShouldContain("client_certificates.ca: " + key + ": no certificate");
        Some.Parse(Text("certificates: []")).Lines().ShouldHaveSingleItem().ShouldContain("tls.certificates: an empty list; expected at least one certificate");
    }

    [Fact]
    public void OcspResponse_GoesByWhatItSaysOfTheCertificate()
    {
        var (certificate, key) = _authority.Sign(["shop.example.com"]);
        using var read = X509CertificateLoader.LoadCertificateFromFile(certificate);
        var serial = read.SerialNumberBytes.Span;
        var path = Path.Combine(_folder, "staple.der");
        var (now, text) = (DateTimeOffset.UtcNow, $"certificates: [{{cert: {certificate}, key: {key}, ocsp: {path}}}]");
        foreach (var good in (byte[][])[TestOcsp.Response(serial, now.AddDays(1)), TestOcsp.Response(serial, nextUpdate: null)])
        {
            File.WriteAllBytes(path, good);
            Load(text).Lines().ShouldBeEmpty();
            for (var length = 0; length < good.Length; length++)
            {
                File.WriteAllBytes(path, good[..length]);
                Line(text).ShouldContain($"error: l7.listeners[0].tls.certificates[0].ocsp: {path}: not an OCSP response");
            }
        }

        File.WriteAllBytes(path, TestOcsp.Response(serial, now.AddDays(-1)));
        Line(text).ShouldContain($"warning: l7.listeners[0].tls.certificates[0].ocsp: {path}: an OCSP response that ended at ");
        File.WriteAllBytes(path, TestOcsp.Response(serial, now.AddDays(1), isGood: false));
        Line(text).ShouldContain("warning: l7.listeners[0].tls.certificates[0].ocsp: " + path + ": the CA says that the certificate is revoked, or that it does not know it");
        File.WriteAllBytes(path, TestOcsp.Response(serial, now.AddDays(1), status: 3));
        Line(text).ShouldContain("error: l7.listeners[0].tls.certificates[0].ocsp: " + path + ": an error of the OCSP responder, status 3");
        File.WriteAllBytes(path, TestOcsp.Response([4, 5, 6], now.AddDays(1)));
        Line(text).ShouldContain("error: l7.listeners[0].tls.certificates[0].ocsp: " + path + ": an OCSP response for another certificate");
    }

    [Fact]
    public void Cluster_WellWritten_IsRead()
    {
        var (certificate, key) = _authority.Sign(["lb.example.com"]);
        var result = LoadCluster($"ca: {_authority.CaFile}, server_name: origin.example.com, san: [\"spiffe://example.com/a\"], cert: {certificate}, key: {key}");

        result.Lines().ShouldBeEmpty();
        var tls = result.Config.ShouldNotBeNull().L7.Clusters["a"].Tls.ShouldNotBeNull();
        (tls.ServerName, tls.Verify, string.Join(' ', tls.San)).ShouldBe(("origin.example.com", true, "spiffe://example.com/a"));
    }

    [Fact]
    public void Cluster_ThatCannotVerify_OrHasHalfACertificate_IsRefused()
    {
        var (certificate, key) = _authority.Sign(["lb.example.com"]);
        var (_, other) = _authority.Sign(["other.example.com"]);

        LoadCluster($"ca: {_authority.CaFile}").Lines().ShouldHaveSingleItem().ShouldContain("error: l7.clusters.a.tls: neither server_name nor san");
        LoadCluster("verify: false").Lines().ShouldHaveSingleItem().ShouldContain("warning: l7.clusters.a.tls.verify: certificates of endpoints that nobody verifies");
        LoadCluster($"server_name: a.example.com, cert: {certificate}").Lines().ShouldHaveSingleItem().ShouldContain("cert without key");
        LoadCluster($"server_name: a.example.com, cert: {certificate}, key: {other}").Lines().ShouldHaveSingleItem().ShouldContain($"l7.clusters.a.tls.key: {other}: not the private key of {certificate}");
        LoadCluster($"server_name: a.example.com, ca: {key}").Lines().ShouldHaveSingleItem().ShouldContain("l7.clusters.a.tls.ca: " + key + ": no certificate");
    }

    [Fact]
    public void Cluster_BehindAListenerOfModeTcp_IsRefused() => Some.Parse(
        "node: lb1\nl7:\n  listeners: [{name: db, bind: \":5432\", mode: tcp, to: [{cluster: a}]}]\n  clusters: {a: {endpoints: [\"10.0.0.1:443\"], tls: {server_name: a.example.com}}}\n")
        .Lines().ShouldHaveSingleItem().ShouldContain("l7.listeners[0].to[0]: cluster 'a', which has tls, behind a listener of mode tcp");

    [Fact]
    public void Cluster_OfProtocolH2_BehindAListenerOfModeTcp_OrARouteOfConnect_OrWithProxyProtocol_IsRefused()
    {
        Some.Parse("node: lb1\nl7:\n  listeners: [{name: db, bind: \":5432\", mode: tcp, to: [{cluster: a}]}]\n  clusters: {a: {endpoints: [\"10.0.0.1:443\"], protocol: h2}}\n")
            .Lines().ShouldHaveSingleItem().ShouldContain("l7.listeners[0].to[0]: cluster 'a', which has protocol: h2, behind a listener of mode tcp");
        Some.Parse("node: lb1\nl7:\n  listeners: [{name: http, bind: \":80\", routes: main}]\n  routes: {main: [{connect: true, to: [{cluster: a}]}]}\n  clusters: {a: {endpoints: [\"10.0.0.1:443\"], protocol: h2}}\n")
            .Lines().ShouldHaveSingleItem().ShouldContain("l7.routes.main[0].to[0]: cluster 'a', which has protocol: h2, on a route with connect");
        Some.Parse("node: lb1\nl7:\n  listeners: [{name: http, bind: \":80\", routes: main}]\n  routes: {main: [{to: [{cluster: a}]}]}\n  clusters: {a: {endpoints: [\"10.0.0.1:443\"], protocol: h2, proxy_protocol: v2}}\n")
            .Lines().ShouldHaveSingleItem().ShouldContain("l7.clusters.a.proxy_protocol: proxy_protocol beside protocol: h2");
    }

    private static ConfigResult LoadCluster(string tls) => ConfigLoader.Parse(
        [new ConfigFile("a.yaml", Encoding.UTF8.GetBytes($"node: lb1\nl7:\n  listeners: [{{name: http, bind: \":80\", routes: main}}]\n  routes: {{main: [{{to: [{{cluster: a}}]}}]}}\n  clusters: {{a: {{endpoints: [\"10.0.0.1:443\"], tls: {{{tls}}}}}}}\n"))],
        new NoInterfaces());

    private static string Pair(string certificate, string key) => $"certificates: [{{cert: {certificate}, key: {key}}}]";

    private static string Text(string tls) => $"node: lb1\nl7:\n  listeners: [{{name: https, bind: \":443\", routes: main, tls: {{{tls}}}}}]{Some.Tail}";

    private string Line(string tls) => Load(tls).Lines().ShouldHaveSingleItem();

    private string Write(string name, string text)
    {
        var path = Path.Combine(_folder, name);
        File.WriteAllText(path, text);
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        return path;
    }

    private static ConfigResult Load(string tls, bool starts = false) =>
        ConfigLoader.Parse([new ConfigFile("a.yaml", Encoding.UTF8.GetBytes(Text(tls)))], new NoInterfaces(), starts);

    private sealed class NoInterfaces : IHostInterfaces
    {
        public IReadOnlyCollection<string> Names() => [];

        public IReadOnlyList<InterfaceAddress> Addresses(string name) => [];
    }

    // What .NET itself no longer signs: sha1WithRSAEncryption (RFC 8017 appendix A.2.4).
    private sealed class Sha1Signer(RSA key) : X509SignatureGenerator
    {
        public override byte[] GetSignatureAlgorithmIdentifier(HashAlgorithmName hashAlgorithm) => Convert.FromHexString("300D06092A864886F70D0101050500");

        public override byte[] SignData(byte[] data, HashAlgorithmName hashAlgorithm) => key.SignData(data, HashAlgorithmName.SHA1, RSASignaturePadding.Pkcs1);

        protected override PublicKey BuildPublicKey() => new(key);
    }
}
