// SPDX-License-Identifier: Apache-2.0
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Penstock.Tests;

/// <summary>A certificate authority for tests: signs certificates and writes them as PEM files into a folder.</summary>
internal sealed class TestAuthority : IDisposable
{
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly X509Certificate2 _certificate;
    private readonly string _folder;

    /// <summary>One whose certificate is the file <c>NAME.crt</c>.</summary>
    /// <param name="folder">Where.</param>
    /// <param name="name">Its name.</param>
    /// <param name="days">Days from now on for which it is valid; negative: it has ended.</param>
    public TestAuthority(string folder, string name = "ca", int days = 1000)
    {
        _folder = folder;
        var request = new CertificateRequest($"CN={name} of tests", _key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: false, pathLengthConstraint: 0, critical: true));
        _certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1000), DateTimeOffset.UtcNow.AddDays(days));
        CaFile = Write(name + ".crt", _certificate.ExportCertificatePem());
    }

    /// <summary>Its certificate.</summary>
    public string CaFile { get; }

    /// <summary>Makes <c>FILE.crt</c> and <c>FILE.key</c>.</summary>
    /// <param name="file">Their name; null: the first DNS name.</param>
    /// <param name="names">DNS names.</param>
    /// <param name="days">Days from now on for which it is valid; negative: it has ended.</param>
    /// <param name="usage">Extended key usage; null: none is named.</param>
    /// <param name="rsa">Whether the key is RSA; else ECDSA.</param>
    /// <param name="subject">Its subject; null: the first DNS name.</param>
    /// <param name="since">Days up to now for which it has been valid.</param>
    /// <param name="uris">URIs among the subject alternative names.</param>
    /// <returns>The two paths.</returns>
    public (string Certificate, string Key) Sign(string[] names, string? file = null, int days = 100, string? usage = null, bool rsa = false, X500DistinguishedName? subject = null, int since = 500, params string[] uris)
    {
        using AsymmetricAlgorithm key = rsa ? RSA.Create(2048) : ECDsa.Create(ECCurve.NamedCurves.nistP256);
        subject ??= new X500DistinguishedName($"CN={(names.Length > 0 ? names[0] : "nobody")}");
        var request = key is RSA other ? new CertificateRequest(subject, other, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1) : new CertificateRequest(subject, (ECDsa)key, HashAlgorithmName.SHA256);
        if (names.Length > 0 || uris.Length > 0)
        {
            var builder = new SubjectAlternativeNameBuilder();
            foreach (var name in names)
                builder.AddDnsName(name);
            foreach (var uri in uris)
                builder.AddUri(new Uri(uri));
            request.CertificateExtensions.Add(builder.Build());
        }

        if (usage is not null)
            request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(usage)], critical: false));
        using var signed = request.Create(
            _certificate.SubjectName, X509SignatureGenerator.CreateForECDsa(_key), DateTimeOffset.UtcNow.AddDays(-since), DateTimeOffset.UtcNow.AddDays(days), RandomNumberGenerator.GetBytes(8));
        var at = file ?? names[0];
        return (Write(at + ".crt", signed.ExportCertificatePem()), Write(at + ".key", key.ExportPkcs8PrivateKeyPem()));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _certificate.Dispose();
        _key.Dispose();
    }

    private string Write(string name, string text)
    {
        var path = Path.Combine(_folder, name);
        File.WriteAllText(path, text + "\n");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        return path;
    }
}
