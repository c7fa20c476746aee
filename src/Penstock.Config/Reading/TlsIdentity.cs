// SPDX-License-Identifier: Apache-2.0
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Penstock.Config.Reading;

/// <summary>A certificate with its key, and the CAs that certificates of others are believed of, read from PEM files.</summary>
public sealed class TlsIdentity
{
    private const int FileBytes = 1 << 20;
    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1"; // RFC 5280, 4.2.1.12
    private const string ClientAuthentication = "1.3.6.1.5.5.7.3.2";

    /// <summary>Time before its end at which a certificate is worth a word.</summary>
    private static readonly TimeSpan s_soon = TimeSpan.FromDays(14);

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
        var chain = ReadCertificates("certificate", certificate, faults);
        var authorities = ReadCertificates("ca", ca, faults);
        var own = ReadKey(key, certificate, chain?[0], faults);
        if (chain is null || authorities is null || own is null)
            return null;

        chain.RemoveAt(0);
        var before = faults.Count(fault => fault.IsError);
        CheckUse(own, chain, authorities, ca, name, faults);
        CheckTime("the certificate", own, now, faults);
        foreach (var intermediate in chain)
            CheckTime($"the certificate of {Subject(intermediate)}, which has signed it,", intermediate, now, faults);
        foreach (var authority in authorities)
            CheckTime($"the CA {Subject(authority)}", authority, now, faults, key: "ca");
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

    private static X509Certificate2Collection? ReadCertificates(string key, string path, ICollection<TlsFault> faults)
    {
        if (ReadText(key, path, faults) is not { } text)
            return null;
        var found = new X509Certificate2Collection();
        try
        {
            found.ImportFromPem(text);
        }
        catch (CryptographicException error)
        {
            faults.Add(new TlsFault(key, IsError: true, $"{path}: a certificate that can't be read: {error.Message}", "PEM"));
            return null;
        }

        if (found.Count > 0)
            return found;
        faults.Add(new TlsFault(key, IsError: true, $"{path}: no certificate", "a file with BEGIN CERTIFICATE"));
        return null;
    }

    private static X509Certificate2? ReadKey(string path, string certificatePath, X509Certificate2? certificate, ICollection<TlsFault> faults)
    {
        if (ReadText("key", path, faults) is not { } text)
            return null;
        if (IsReadByOthers(path))
        {
            faults.Add(new TlsFault("key", IsError: true, $"{path}: a private key that everybody on this host can read", "a file that only its owner and group can: chmod 0640"));
            return null;
        }

        if (!text.Contains("PRIVATE KEY-----", StringComparison.Ordinal))
            faults.Add(new TlsFault("key", IsError: true, $"{path}: no private key", "a file with BEGIN PRIVATE KEY"));
        else if (text.Contains("ENCRYPTED", StringComparison.Ordinal))
            faults.Add(new TlsFault("key", IsError: true, $"{path}: an encrypted private key", "one that can be read without a password"));
        else if (certificate is not null)
            return Join(certificate, text, path, certificatePath, faults);
        return null;
    }

    private static X509Certificate2? Join(X509Certificate2 certificate, string key, string path, string certificatePath, ICollection<TlsFault> faults)
    {
        try
        {
            return X509Certificate2.CreateFromPem(certificate.ExportCertificatePem(), key);
        }
        catch (Exception error) when (error is CryptographicException or ArgumentException)
        {
            faults.Add(new TlsFault("key", IsError: true, $"{path}: not the private key of {certificatePath}", "the key that its certificate was made for, RSA or EC"));
            return null;
        }
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

    private static void CheckTime(string what, X509Certificate2 certificate, DateTimeOffset now, ICollection<TlsFault> faults, string key = "certificate")
    {
        var (begin, end) = (certificate.NotBefore.ToUniversalTime(), certificate.NotAfter.ToUniversalTime());
        if (now.UtcDateTime > end)
            faults.Add(new TlsFault(key, IsError: false, $"{what} ended at {end:yyyy-MM-dd HH:mm:ss}Z: it is refused", "a new one"));
        else if (now.UtcDateTime < begin)
            faults.Add(new TlsFault(key, IsError: false, $"{what} begins at {begin:yyyy-MM-dd HH:mm:ss}Z: until then it is refused"));
        else if (now.UtcDateTime + s_soon > end)
            faults.Add(new TlsFault(key, IsError: false, $"{what} ends at {end:yyyy-MM-dd HH:mm:ss}Z", "a new one before that"));
    }

    private static string? ReadText(string key, string path, ICollection<TlsFault> faults)
    {
        if (RegularFile.TryRead(path, FileBytes, out var content, out _) is not { } problem)
            return Encoding.Latin1.GetString(content.Span);
        faults.Add(new TlsFault(key, IsError: true, $"{path}: {problem}", "a file that can be read"));
        return null;
    }

    private static bool IsReadByOthers(string path)
    {
        try
        {
            return (File.GetUnixFileMode(path) & UnixFileMode.OtherRead) != UnixFileMode.None;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return false; // it was read a moment ago
        }
    }
}
