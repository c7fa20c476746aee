// SPDX-License-Identifier: Apache-2.0
using System.Buffers.Text;
using System.Net;
using Penstock.Config.Binding;
using Penstock.Config.Reading;
using Penstock.Model;
using Penstock.Model.L7;

namespace Penstock.Config.Checks;

/// <summary>Certificates that are asked for by ACME: the CA, and the names.</summary>
internal static class AcmeChecks
{
    private const int MostNames = 100; // of Let's Encrypt's rate limits: names in a certificate

    /// <summary>Checks the CA, and each certificate that is to come from one.</summary>
    /// <param name="config">The configuration.</param>
    /// <param name="readsFiles">Whether files that it names are those of this host.</param>
    /// <param name="at">Its place.</param>
    /// <param name="sink">Takes what is wrong.</param>
    public static void Run(ApplianceConfig config, bool readsFiles, Cursor at, DiagnosticSink sink)
    {
        if (config.Acme is { } acme)
            CheckAuthority(acme, readsFiles, at["acme"], sink);
        var lists = new Dictionary<string, (string[] Names, Cursor At)>(StringComparer.Ordinal);
        for (var i = 0; i < config.L7.Listeners.Length; i++)
        {
            if (config.L7.Listeners[i] is not { Tls: { Certificates.IsDefault: false } tls })
                continue;
            for (var j = 0; j < tls.Certificates.Length; j++)
            {
                var here = at["l7"]["listeners"][i]["tls"]["certificates"][j];
                if (tls.Certificates[j] is { } certificate && here.Has("acme"))
                    CheckCertificate(certificate, config.Acme is not null || at.Has("acme"), lists, here, sink);
            }
        }

        if (lists.Count > 0 && !sink.Incomplete)
            CheckPort(config, at["l7"], sink);
    }

    private static void CheckAuthority(AcmeConfig acme, bool readsFiles, Cursor at, DiagnosticSink sink)
    {
        if (acme.Directory is not null && !IsDirectory(acme.Directory))
            sink.Error(at["directory"].Node, at["directory"].Path, "no URL of a directory", "one with https");
        if (at.Has("terms_agreed") && !acme.TermsAgreed)
            sink.Error(at["terms_agreed"].Node, at["terms_agreed"].Path, "terms of service that are not agreed to: the CA gives no certificate then", "true");
        if (acme.Contact is { } contact && (!contact.Contains('@', StringComparison.Ordinal) || contact.AsSpan().ContainsAny(' ', ':', ',')))
            sink.Error(at["contact"].Node, at["contact"].Path, "no mail address", "one such as ops@example.com");
        if (!readsFiles)
            return;
        if (acme.Ca is { } ca)
            ListenerTlsChecks.CheckAuthorities(ca, at, sink);
        if (acme.ExternalAccount is { KeyFile: { } path })
            CheckKey(path, at["external_account"], sink);
    }

    // No error: a firewall in front may map ports.
    private static void CheckPort(ApplianceConfig config, Cursor at, DiagnosticSink sink)
    {
        var byTls = config.Acme?.Proof == AcmeProof.TlsAlpn;
        var (port, kind) = byTls ? (443, "with tls") : (80, "without tls");
        if (!config.L7.Listeners.Any(listener => listener is { Mode: ListenerMode.Http } && listener.Tls is not null == byTls && listener.Bind.Port == port))
            sink.Warning(at.Node, "l7.listeners", $"no listener {kind} at port {port}, where the CA asks for each name", $"one with bind: \":{port}\", unless something in front brings that port to another");
    }

    private static bool IsDirectory(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var url) && url is { UserInfo: "", Fragment: "" }
        && string.Equals(url.Scheme, Uri.UriSchemeHttps, StringComparison.Ordinal);

    private static void CheckKey(string path, Cursor at, DiagnosticSink sink)
    {
        const string key = "key_file";
        var faults = new List<TlsFault>();
        if (PemFiles.ReadText(key, path, faults) is { } text)
        {
            if (PemFiles.IsReadByOthers(path))
                faults.Add(new TlsFault(key, IsError: true, $"{path}: a key that everybody on this host can read", "a file that only its owner and group can: chmod 0640"));
            else if (text.AsSpan().Trim().IsEmpty || !Base64Url.IsValid(text.AsSpan().Trim()))
                faults.Add(new TlsFault(key, IsError: true, $"{path}: no key", "one in base64url, as the CA has given it"));
        }

        ListenerTlsChecks.Report(faults, at, sink);
    }

    private static void CheckCertificate(CertificateConfig certificate, bool hasAuthority, Dictionary<string, (string[] Names, Cursor At)> lists, Cursor at, DiagnosticSink sink)
    {
        var here = at["acme"];
        foreach (var key in (string[])["cert", "key", "ocsp"])
        {
            if (at.Has(key))
                sink.Error(at.AtKey(key).Node, at[key].Path, $"both {key} and acme", "one of them: a certificate by ACME has no files of its own");
        }

        if (!hasAuthority && !sink.Incomplete)
            sink.Error(here.Node, here.Path, "names for ACME, and no CA", "the section acme, such as acme: {terms_agreed: true}");
        var names = certificate.Acme.Where(name => !string.IsNullOrEmpty(name)).Select(name => name.TrimEnd('.').ToLowerInvariant()).Distinct(StringComparer.Ordinal).ToArray();
        if (certificate.Acme.IsEmpty)
            sink.Error(here.Node, here.Path, "an empty list", "at least one name");
        if (names.Length > MostNames)
            sink.Error(here.Node, here.Path, $"{names.Length} names", $"at most {MostNames} in one certificate");
        foreach (var name in names)
        {
            if (name.Contains('*', StringComparison.Ordinal))
                sink.Error(here.Node, here.Path, $"the wildcard {name}, which a CA proves by dns-01 alone", "each name by itself; or cert and key, had by a client of ACME that speaks to the DNS");
            else if (!TextForms.IsDnsName(name) || IPAddress.TryParse(name, out _) || !name.Contains('.', StringComparison.Ordinal))
                sink.Error(here.Node, here.Path, $"'{name}'", "DNS names such as shop.example.com");
        }

        if (names.Length > 0 && !lists.TryAdd(names[0], (names, here)) && !lists[names[0]].Names.SequenceEqual(names, StringComparer.Ordinal))
            sink.Error(here.Node, here.Path, $"another certificate whose first name is {names[0]}, under which it is kept", $"the same names, or another first; first at {lists[names[0]].At.Where}");
    }
}
