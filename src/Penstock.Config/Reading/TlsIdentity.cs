// SPDX-License-Identifier: Apache-2.0
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Penstock.Config.Reading;

/// <summary>A certificate with its key, and the CAs that certificates of others are believed of, read from PEM files.</summary>
public sealed class TlsIdentity
{
    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1"; // RFC 5280, 4.2.1.12
    private const string ClientAuthentication = "1.3.6.1.5.5.7.3.2";

    private TlsIdentity(X509Certificate2 certificate, X509Certificate2Collection intermediates, X509Certificate2Collection authorities)
    {
        (Certificate, Intermediates, Authorities) = (certificate, intermediates, authorities);
        Fingerprint = string.Join(' ', new[] { certificate }.Concat(intermediates).Concat(authorities).Select(one => one.GetCertHashString(HashAlgorithmName.SHA256)));
    }

    /// <summary>The certificate, with its key.</summary>
    public X509Certificate2 Certificate { get; }

    /// <summary>Certificates between it and the CA, as far as its file holds them.</summary>
    public X509Certificate2Collection Intermediates { get; }

    /// <summary>The CAs.</summary>
    public X509Certificate2Collection Authorities { get; }

    /// <summary>Equal for equal certificates.</summary>
    public string Fingerprint { get; }

    /// <summary>How the certificates of others are judged: by these CAs alone, for both sides of a connection, without asking anybody else.</summary>
    public X509ChainPolicy Policy() => Policy(Authorities, X509VerificationFlags.NoFlag);

    /// <summary>Reads one.</summary>
    /// <param name="certificate">Path of the certificate, followed by those between it and the CA.</param>
    /// <param name="key">Path of its key.</param>
    /// <param name="ca">Path of the CAs.</param>
    /// <param name="name">DNS name that it has to be for.</param>
    /// <param name="now">The time.</param>
    /// <param name="faults">Takes what is wrong.</param>
    /// <returns>null: an error is among the faults.</returns>
    public static TlsIdentity? Read(string certificate, string key, string ca, string name, DateTimeOffset now, ICollection<TlsFault> faults)
    {
        var chain = PemFiles.ReadCertificates("certificate", certificate, faults);
        var authorities = PemFiles.ReadCertificates("ca", ca, faults);
        var own = PemFiles.ReadKey(key, certificate, chain?[0], faults);
        if (chain is null || authorities is null || own is null)
            return null;

        chain.RemoveAt(0);
        var before = faults.Count(fault => fault.IsError);
        CheckUse(own, chain, authorities, ca, name, faults);
        PemFiles.CheckTime("the certificate", own, now, faults, "certificate");
        foreach (var intermediate in chain)
            PemFiles.CheckTime($"the certificate of {Subject(intermediate)}, which has signed it,", intermediate, now, faults, "certificate");
        foreach (var authority in authorities)
            PemFiles.CheckTime($"the CA {Subject(authority)}", authority, now, faults, "ca");
        return faults.Count(fault => fault.IsError) == before ? new TlsIdentity(own, chain, authorities) : null;
    }

    /// <summary>Whether a certificate names a node among its subject alternative names (RFC 6125, 6.4.4: the common name counts for nothing).</summary>
    public static bool IsFor(X509Certificate2 certificate, string name) => Names(certificate).Contains(name, StringComparer.OrdinalIgnoreCase);

    /// <summary>DNS names of a certificate.</summary>
    public static IReadOnlyList<string> Names(X509Certificate2 certificate)
    {
        try
        {
            return [.. certificate.Extensions.OfType<X509SubjectAlternativeNameExtension>().SelectMany(extension => extension.EnumerateDnsNames())];
        }
        catch (CryptographicException)
        {
            return []; // the extension can't be read
        }
    }

    /// <summary>Whom a certificate is of, for people.</summary>
    public static string Subject(X509Certificate2 certificate) => certificate.GetNameInfo(X509NameType.SimpleName, forIssuer: false) is { Length: > 0 } name ? name : certificate.Subject;

    private static X509ChainPolicy Policy(X509Certificate2Collection authorities, X509VerificationFlags flags)
    {
        var policy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck,
            DisableCertificateDownloads = true,
            VerificationFlags = flags,
        };
        policy.CustomTrustStore.AddRange(authorities);
        policy.ApplicationPolicy.Add(new Oid(ServerAuthentication));
        policy.ApplicationPolicy.Add(new Oid(ClientAuthentication));
        return policy;
    }

    private static void CheckUse(X509Certificate2 own, X509Certificate2Collection chain, X509Certificate2Collection authorities, string ca, string name, ICollection<TlsFault> faults)
    {
        if (!IsFor(own, name))
        {
            var names = Names(own);
            faults.Add(new TlsFault("certificate", IsError: true, names.Count == 0 ? "a certificate without a DNS name" : $"a certificate for {string.Join(", ", names)}", $"subjectAltName=DNS:{name}, the name of this node"));
        }

        using var path = new X509Chain { ChainPolicy = Policy(authorities, X509VerificationFlags.IgnoreNotTimeValid | X509VerificationFlags.IgnoreCtlNotTimeValid) };
        path.ChainPolicy.ExtraStore.AddRange(chain);
        if (path.Build(own))
            return;
        var isUse = Array.Exists(path.ChainStatus, status => status.Status.HasFlag(X509ChainStatusFlags.NotValidForUsage));
        faults.Add(isUse
            ? new TlsFault("certificate", IsError: true, "a certificate for another use", "extendedKeyUsage of serverAuth and clientAuth, or none: each host is both")
            : new TlsFault("certificate", IsError: true, $"a certificate that no CA in {ca} has signed", "one of the CA that the peers believe, followed by those between the two"));
    }
}
