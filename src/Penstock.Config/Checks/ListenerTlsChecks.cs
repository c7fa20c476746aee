// SPDX-License-Identifier: Apache-2.0
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Penstock.Config.Reading;
using Penstock.Config.Yaml;
using Penstock.Model;
using Penstock.Model.L7;

namespace Penstock.Config.Checks;

/// <summary>TLS of listeners: certificates, keys and other files that can be used.</summary>
internal static class ListenerTlsChecks
{
    private const int TicketKeyBytes = 80;

    // 112 bits of security: level 2 of SSL_CTX_set_security_level(3), Debian's default, and that of OpenSSL itself since 3.2.
    private const int LeastRsaBits = 2048;
    private const int LeastEcBits = 224;
    private const string StrongKey = "RSA of 2048 bits or more, or EC of 224 or more";

    // MD5 and SHA-1, with RSA (RFC 8017 appendix C), DSA (RFC 3279 section 2.2.2) and ECDSA (section 2.2.3).
    private static readonly string?[] s_weakSignatures = ["1.2.840.113549.1.1.4", "1.2.840.113549.1.1.5", "1.2.840.10040.4.3", "1.2.840.10045.4.1"];

    private static readonly string[] s_files = ["cert", "key"];

    /// <summary>Checks a listener's TLS.</summary>
    /// <param name="tls">Its TLS.</param>
    /// <param name="readsFiles">Whether its files are those of this host.</param>
    /// <param name="at">Its place.</param>
    /// <param name="sink">Takes what is wrong.</param>
    public static void Run(ListenerTlsConfig tls, bool readsFiles, Cursor at, DiagnosticSink sink)
    {
        if (!tls.Certificates.IsDefault && tls.Certificates.IsEmpty)
            sink.Error(at["certificates"].Node, at["certificates"].Path, "an empty list", "at least one certificate");
        for (var i = 0; !tls.Certificates.IsDefault && i < tls.Certificates.Length; i++)
            CheckKeys(at["certificates"][i], sink);
        if (!readsFiles)
            return;
        var served = new Dictionary<(string Name, string? KeyKind), Cursor>();
        for (var i = 0; !tls.Certificates.IsDefault && i < tls.Certificates.Length; i++)
        {
            if (tls.Certificates[i] is { Cert.Length: > 0, Key.Length: > 0, Acme.IsEmpty: true } certificate)
                CheckCertificate(certificate, served, at["certificates"][i], sink);
        }

        if (tls.ClientCertificates is { Ca: { } ca })
            CheckAuthorities(ca, at["client_certificates"], sink);
        if (tls.SessionTicketKeys is { } keys)
            CheckTicketKeys(keys, at, sink);
    }

    // Either both files or names; AcmeChecks looks at the names.
    private static void CheckKeys(Cursor at, DiagnosticSink sink)
    {
        if (at.Node is not MappingNode { Incomplete: false } mapping || mapping.IndexOf("acme") >= 0)
            return;
        foreach (var key in s_files.Where(key => mapping.IndexOf(key) < 0))
            sink.Error(at.Node, at.Path, $"no key '{key}'", "cert and key, or acme with names");
    }

    private static void CheckCertificate(CertificateConfig config, Dictionary<(string Name, string? KeyKind), Cursor> served, Cursor at, DiagnosticSink sink)
    {
        var faults = new List<TlsFault>();
        var chain = PemFiles.ReadCertificates("cert", config.Cert, faults);
        using var own = PemFiles.ReadKey(config.Key, config.Cert, chain?[0], faults);
        if (config.Ocsp is { } ocsp && PemFiles.ReadText("ocsp", ocsp, faults) is { } response && chain is not null)
            CheckOcsp(ocsp, Encoding.Latin1.GetBytes(response), chain[0], faults);
        CheckStrength(config.Cert, chain, !sink.ToleratesFiles, faults);
        Report(faults, at, sink);
        if (chain is null)
            return;
        CheckTimes(chain, at["cert"], sink);
        CheckNames(chain[0], served, at["cert"], sink);
    }

    /// <summary>
    /// Looks for keys and signatures that are too weak for OpenSSL, which would refuse the file only when it is to be served, or shown. For a daemon this is no error: where the host has set a lower security
    /// level, one is served.
    /// </summary>
    internal static void CheckStrength(string path, X509Certificate2Collection? chain, bool isError, ICollection<TlsFault> faults)
    {
        foreach (var certificate in chain ?? [])
        {
            var subject = TlsIdentity.Subject(certificate);
            try
            {
                using var rsa = certificate.GetRSAPublicKey();
                using var ec = certificate.GetECDsaPublicKey();
                if (rsa is { KeySize: < LeastRsaBits } || ec is { KeySize: < LeastEcBits })
                    faults.Add(new TlsFault("cert", isError, $"{path}: the {(rsa is null ? "EC" : "RSA")} key of {subject} has {(rsa ?? (AsymmetricAlgorithm)ec!).KeySize} bits: OpenSSL refuses it by default", StrongKey)); // One of both is there.
            }
            catch (CryptographicException)
            {
                faults.Add(new TlsFault("cert", IsError: true, $"{path}: the key of {subject} can't be read", StrongKey));
            }

            // Nobody goes by the signature of one that is its own issuer.
            if (s_weakSignatures.Contains(certificate.SignatureAlgorithm.Value) && !certificate.SubjectName.RawData.AsSpan().SequenceEqual(certificate.IssuerName.RawData))
                faults.Add(new TlsFault("cert", isError, $"{path}: the certificate of {subject} is signed by {certificate.SignatureAlgorithm.FriendlyName}: OpenSSL and browsers refuse it", "one signed with SHA-256 or better"));
        }
    }

    private static void CheckOcsp(string path, byte[] der, X509Certificate2 certificate, List<TlsFault> faults)
    {
        const string expected = "one in DER, as openssl ocsp -respout writes it";
        try
        {
            var response = OcspResponse.Read(der, certificate.SerialNumberBytes.Span);
            if (response.NextUpdate < TimeProvider.System.GetUtcNow())
                faults.Add(new TlsFault("ocsp", IsError: false, $"{path}: an OCSP response that ended at {response.NextUpdate:yyyy-MM-dd HH:mm:ss}Z: it is not sent", "a new one"));
            else if (!response.IsGood)
                faults.Add(new TlsFault("ocsp", IsError: false, $"{path}: the CA says that the certificate is revoked, or that it does not know it: clients refuse it", "a new certificate"));
        }
        catch (FormatException error)
        {
            faults.Add(new TlsFault("ocsp", IsError: true, $"{path}: {error.Message}", expected));
        }
    }

    /// <summary>
    /// Looks at when certificates end. A daemon serves on with one that has ended: refusing to start, or to reload, would take the other ones
    /// down with it.
    /// </summary>
    internal static void CheckTimes(X509Certificate2Collection chain, Cursor at, DiagnosticSink sink)
    {
        var now = TimeProvider.System.GetUtcNow();
        if (CertificateEnd.Of(chain[0]) is var end && end.IsOver(now) && !sink.ToleratesFiles)
        {
            sink.Error(at.Node, at.Path, $"the certificate ended at {end}: it is refused", "a new one");
            return;
        }

        var faults = new List<TlsFault>();
        PemFiles.CheckTime("the certificate", chain[0], now, faults, "cert");
        foreach (var intermediate in chain.Skip(1))
            PemFiles.CheckTime($"the certificate of {TlsIdentity.Subject(intermediate)}, which comes with it,", intermediate, now, faults, "cert");
        foreach (var fault in faults)
            sink.Warning(at.Node, at.Path, fault.Found, fault.Expected);
    }

    private static void CheckNames(X509Certificate2 certificate, Dictionary<(string Name, string? KeyKind), Cursor> served, Cursor at, DiagnosticSink sink)
    {
        var names = TlsIdentity.Names(certificate) is { Count: > 0 } known ? known : [TlsIdentity.Subject(certificate)];
        var kind = certificate.PublicKey.Oid.Value;
        var taken = names.Where(name => served.ContainsKey((name.ToLowerInvariant(), kind))).ToList();
        if (taken.Count == names.Count)
            sink.Warning(at.Node, at.Path, $"a certificate that serves nobody: there is one for {Printable.OneLine(taken[0])}, with the same kind of key, before it", $"another name or kind of key; first at {served[(taken[0].ToLowerInvariant(), kind)].Where}");
        foreach (var name in names)
            served.TryAdd((name.ToLowerInvariant(), kind), at);
    }

    /// <summary>Reads the CAs under the key <c>ca</c>.</summary>
    internal static void CheckAuthorities(string path, Cursor at, DiagnosticSink sink)
    {
        var faults = new List<TlsFault>();
        foreach (var authority in PemFiles.ReadCertificates("ca", path, faults) ?? [])
            PemFiles.CheckTime($"the CA {TlsIdentity.Subject(authority)}", authority, TimeProvider.System.GetUtcNow(), faults, "ca");
        Report(faults, at, sink);
    }

    private static void CheckTicketKeys(string path, Cursor at, DiagnosticSink sink)
    {
        const string key = "session_ticket_keys";
        const string expected = "80 random bytes in base64 a line: openssl rand -base64 80 | tr -d '\\n'";
        var faults = new List<TlsFault>();
        if (PemFiles.ReadText(key, path, faults) is { } text)
        {
            var lines = text.Split('\n', StringSplitOptions.TrimEntries).Select((line, i) => (Text: line, Number: i + 1)).Where(line => line.Text.Length > 0 && line.Text[0] != '#').ToList();
            var bad = lines.Find(line => !Convert.TryFromBase64String(line.Text, new byte[TicketKeyBytes], out var length) || length != TicketKeyBytes);
            if (PemFiles.IsReadByOthers(path))
                faults.Add(new TlsFault(key, IsError: true, $"{path}: keys that everybody on this host can read", "a file that only its owner and group can: chmod 0640"));
            else if (lines.Count == 0)
                faults.Add(new TlsFault(key, IsError: true, $"{path}: no key", expected));
            else if (bad.Text is not null)
                faults.Add(new TlsFault(key, IsError: true, $"{path}:{bad.Number}: not a key", expected));
        }

        Report(faults, at, sink);
    }

    /// <summary>Reports faults by their keys.</summary>
    internal static void Report(List<TlsFault> faults, Cursor at, DiagnosticSink sink)
    {
        foreach (var fault in faults)
        {
            var here = at[fault.Key];
            if (fault.IsError)
                sink.Error(here.Node, here.Path, fault.Found, fault.Expected);
            else
                sink.Warning(here.Node, here.Path, fault.Found, fault.Expected);
        }
    }
}
