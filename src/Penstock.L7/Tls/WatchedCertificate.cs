// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Penstock.Model;
using Penstock.Model.L7;

namespace Penstock.L7.Tls;

/// <summary>A certificate whose end matters beside those that listeners show: of several in one file the first to end, but of CAs no ended one beside others, which nobody need miss.</summary>
/// <param name="Part">What it is there for: <c>certificate</c> (shown to endpoints), <c>chain</c> (between one that is shown and its CA) or <c>ca</c> (others are believed of it).</param>
/// <param name="File">Its file.</param>
/// <param name="Subject">Whom it is of.</param>
/// <param name="End">Its end.</param>
internal sealed record WatchedCertificate(string Part, string File, string Subject, CertificateEnd End)
{
    private const string Certificate = "certificate";
    private const string Chain = "chain";
    private const string Authority = "ca";

    /// <summary>How people are told of it.</summary>
    internal string What => Part switch
    {
        Certificate => $"certificate {File}",
        Chain => $"the certificate of {Subject} in {File}, which comes with the first,",
        _ => $"the CA {Subject} in {File}",
    };

    /// <summary>Those of a listener: what comes with its certificates, and the CAs of its clients.</summary>
    internal static ImmutableArray<WatchedCertificate> Of(ListenerTlsConfig config, IEnumerable<ServerCertificate> shown) =>
        [.. shown.Select(one => one.Config.Cert).Distinct(StringComparer.Ordinal).Select(file => First(Chain, file, skipped: 1)).Append(config.ClientCertificates is { Ca: { } ca } ? First(Authority, ca) : null).OfType<WatchedCertificate>()];

    /// <summary>Those of a cluster: what its endpoints are shown, and the CAs that they are believed of; the system's are not watched.</summary>
    internal static ImmutableArray<WatchedCertificate> Of(ClusterTlsConfig config)
    {
        var found = ImmutableArray.CreateBuilder<WatchedCertificate?>();
        if (config is { Cert: { } cert, Key: not null })
            found.AddRange(First(Certificate, cert, most: 1), First(Chain, cert, skipped: 1));
        if (config is { Ca: { } ca, Verify: true })
            found.Add(First(Authority, ca));
        return [.. found.OfType<WatchedCertificate>()];
    }

    // OpenSSL has taken the file: what can't be read here is nothing to refuse it for.
    private static WatchedCertificate? First(string part, string file, int skipped = 0, int most = int.MaxValue)
    {
        var certificates = new X509Certificate2Collection();
        try
        {
            certificates.ImportFromPemFile(file);
            return CertificateEnd.First(certificates.Skip(skipped).Take(most), areAuthorities: part == Authority) is { } first
                ? new WatchedCertificate(part, file, NameOf(first), CertificateEnd.Of(first))
                : null;
        }
        catch (Exception error) when (error is CryptographicException or IOException or UnauthorizedAccessException)
        {
            return null;
        }
        finally
        {
            foreach (var certificate in certificates)
                certificate.Dispose();
        }
    }

    private static string NameOf(X509Certificate2 certificate) => certificate.GetNameInfo(X509NameType.SimpleName, forIssuer: false) is { Length: > 0 } name ? name : certificate.Subject;
}
