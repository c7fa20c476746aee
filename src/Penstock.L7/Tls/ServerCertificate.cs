// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using System.Security.Cryptography.X509Certificates;
using Penstock.L7.Acme;
using Penstock.Linux.Tls;
using Penstock.Model.L7;

namespace Penstock.L7.Tls;

/// <summary>A certificate that a listener shows.</summary>
/// <param name="Config">Its files.</param>
/// <param name="Names">Names it is for, in lower case: its DNS names, or its common name where it has none.</param>
/// <param name="KeyKind">Kind of its key; one certificate of each kind serves a name.</param>
/// <param name="NotAfter">When it ends.</param>
/// <param name="Staple">OCSP response to send with it; null: none.</param>
internal sealed record ServerCertificate(CertificateConfig Config, ImmutableArray<string> Names, string KeyKind, DateTimeOffset NotAfter, TlsStaple? Staple)
{
    /// <summary>Reads the certificate; its key is left to OpenSSL.</summary>
    /// <returns>Null: it is had by ACME, and there is none yet that could be served.</returns>
    internal static ServerCertificate? Read(CertificateConfig config)
    {
        using var certificate = config.Acme.IsEmpty ? X509CertificateLoader.LoadCertificateFromFile(config.Cert) : KeptCertificate.Read(config.Cert);
        if (certificate is null)
            return null;
        var names = certificate.Extensions.OfType<X509SubjectAlternativeNameExtension>().SelectMany(extension => extension.EnumerateDnsNames()).ToList();
        if (names.Count == 0)
            names.Add(certificate.GetNameInfo(X509NameType.SimpleName, forIssuer: false));
        return new ServerCertificate(
            config,
            [.. names.Select(name => name.ToLowerInvariant())],
            certificate.PublicKey.Oid.Value ?? "",
            new DateTimeOffset(certificate.NotAfter.ToUniversalTime(), TimeSpan.Zero),
            config.Ocsp is { } ocsp ? ReadStaple(ocsp, certificate) : null);
    }

    private static TlsStaple ReadStaple(string path, X509Certificate2 certificate)
    {
        var der = File.ReadAllBytes(path);
        try
        {
            return new TlsStaple(der, OcspResponse.Read(der, certificate.SerialNumberBytes.Span).NextUpdate);
        }
        catch (FormatException e)
        {
            throw new FormatException($"{path}: {e.Message}", e);
        }
    }
}
