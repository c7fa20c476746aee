// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using System.Security.Cryptography.X509Certificates;
using Penstock.L7.Acme;
using Penstock.Linux.Tls;
using Penstock.Model;
using Penstock.Model.L7;

namespace Penstock.L7.Tls;

/// <summary>A certificate that a listener shows.</summary>
/// <param name="Config">Its files.</param>
/// <param name="Names">Names it is for, in lower case: its DNS names, or its common name where it has none.</param>
/// <param name="KeyKind">Kind of its key; one certificate of each kind serves a name.</param>
/// <param name="End">Its end.</param>
/// <param name="Staple">OCSP response to send with it; null: none.</param>
internal sealed record ServerCertificate(CertificateConfig Config, ImmutableArray<string> Names, string KeyKind, CertificateEnd End, TlsStaple? Staple)
{
    /// <summary>It with its key, as it was read; null: it is not had by ACME, and each context reads its files.</summary>
    internal TlsContext? Source { get; init; }

    /// <summary>Whether it is as it was read before: its file is gone, or has nothing now that could be served.</summary>
    internal bool IsLost { get; init; }

    /// <summary>Reads the certificate; its key is left to OpenSSL.</summary>
    /// <param name="config">Its files.</param>
    /// <param name="last">What was read of the same file by ACME before, which is gone on with where the file can't be served now; null: nothing.</param>
    /// <param name="renewBefore">Time before its end from which on another is asked for, of those that are had by ACME (<c>acme.renew_before</c>).</param>
    /// <returns>Null: it is had by ACME, and there is none yet that could be served.</returns>
    internal static ServerCertificate? Read(CertificateConfig config, ServerCertificate? last, TimeSpan? renewBefore)
    {
        var source = config.Acme.IsEmpty ? null : new TlsContext();
        using var certificate = source is null ? X509CertificateLoader.LoadCertificateFromFile(config.Cert) : KeptCertificate.Read(config.Cert, source);
        if (certificate is null)
            return last is null ? null : last with { Config = config, IsLost = true };
        var names = certificate.Extensions.OfType<X509SubjectAlternativeNameExtension>().SelectMany(extension => extension.EnumerateDnsNames()).ToList();
        if (names.Count == 0)
            names.Add(certificate.GetNameInfo(X509NameType.SimpleName, forIssuer: false));
        return new ServerCertificate(
            config,
            [.. names.Select(name => name.ToLowerInvariant())],
            certificate.PublicKey.Oid.Value ?? "",
            CertificateEnd.Of(certificate, source is null ? null : AcmeCertificate.RenewedBefore(certificate, renewBefore)),
            config.Ocsp is { } ocsp ? ReadStaple(ocsp, certificate) : null)
        { Source = source };
    }

    /// <summary>Has a context show it.</summary>
    /// <exception cref="TlsException">A file can't be used, or the key is of another certificate.</exception>
    internal void AddTo(TlsContext context)
    {
        if (Source is { } source)
            context.AddCertificate(source);
        else
            context.AddCertificate(Config.Cert, Config.Key, Staple);
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
