// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using Penstock.L7.Acme;
using Penstock.Linux.Tls;
using Penstock.Model.L7;

namespace Penstock.L7.Tls;

/// <summary>A listener's TLS as of one reading of its files: the certificates by name, and the rules.</summary>
internal sealed class TlsListener
{
    private readonly Dictionary<string, TlsContext> _byName = new(StringComparer.Ordinal);
    private readonly Dictionary<string, TlsContext> _byWildcard = new(StringComparer.Ordinal);

    private readonly ImmutableArray<(string Path, long Stamp)> _kept;

    private TlsListener(ImmutableArray<ServerCertificate> certificates, ImmutableArray<WatchedCertificate> others, ImmutableArray<(string Path, long Stamp)> kept, TlsContext context)
    {
        _kept = kept;
        Certificates = certificates;
        Others = others;
        Context = context;
    }

    /// <summary>For new sessions: that of the first certificate, which finds the others.</summary>
    internal TlsContext Context { get; }

    /// <summary>Whether a certificate by ACME has been replaced since, or may have its file again.</summary>
    internal bool IsOutdated => Certificates.Any(one => one.IsLost) || _kept.Any(one => KeptCertificate.Stamp(one.Path) != one.Stamp);

    /// <summary>Certificates in the order of the configuration, without those that a CA has not issued yet.</summary>
    internal ImmutableArray<ServerCertificate> Certificates { get; }

    /// <summary>Certificates that come with those, and the CAs of clients.</summary>
    internal ImmutableArray<WatchedCertificate> Others { get; }

    /// <summary>Reads the files and makes the contexts.</summary>
    /// <param name="listener">The listener.</param>
    /// <param name="config">Its TLS.</param>
    /// <param name="http2">Whether HTTP/2 is spoken to clients that offer it.</param>
    /// <param name="ownKeys">Keys of session tickets where the configuration names none.</param>
    /// <param name="challenges">What CAs are answered.</param>
    /// <param name="read">Reads a certificate; null: it is had by ACME, and there is none yet.</param>
    /// <exception cref="L7ApplyException">One of the files can't be used.</exception>
    internal static TlsListener Read(string listener, ListenerTlsConfig config, bool http2, TlsTicketKeys ownKeys, AcmeChallenges challenges, Func<CertificateConfig, ServerCertificate?> read)
    {
        try
        {
            ImmutableArray<(string, long)> kept = [.. config.Certificates.Where(one => !one.Acme.IsEmpty).Select(one => (one.Cert, KeptCertificate.Stamp(one.Cert)))]; // before they are read
            var certificates = config.Certificates.Select(read).OfType<ServerCertificate>().ToImmutableArray();
            var keys = config.SessionTicketKeys is { } path ? TicketKeyFile.Read(path) : ownKeys;
            var rules = new TlsRules(config, http2, keys, Domain(listener, config));
            var groups = new CertificateGroups(certificates);
            var contexts = new Dictionary<string, TlsContext>(StringComparer.Ordinal);
            var tls = new TlsListener(certificates, WatchedCertificate.Of(config, certificates), kept, ContextOf(groups.Default, rules, contexts));
            foreach (var (name, group) in groups.ByName)
                tls._byName.Add(name, ContextOf(group, rules, contexts));
            foreach (var (suffix, group) in groups.ByWildcard)
                tls._byWildcard.Add(suffix, ContextOf(group, rules, contexts));
            tls.Context.ChooseBy(tls.Find);
            tls.Context.AnswerChallengesBy(challenges.CertificateOf);
            return tls;
        }
        catch (Exception e) when (e is TlsException or IOException or UnauthorizedAccessException or CryptographicException or FormatException)
        {
            throw new L7ApplyException($"listener {listener}: tls: {e.Message}", e);
        }
    }

    /// <summary>The context for a name in lower case: exact, then by wildcard (one label, RFC 9525 section 6.3), then the first.</summary>
    internal TlsContext Find(string name)
    {
        if (_byName.TryGetValue(name, out var context))
            return context;
        var dot = name.IndexOf('.', StringComparison.Ordinal);
        return dot > 0 && _byWildcard.TryGetValue(name[dot..], out context) ? context : Context;
    }

    // Several names of the same certificates are one context.
    private static TlsContext ContextOf(ImmutableArray<ServerCertificate> group, TlsRules rules, Dictionary<string, TlsContext> contexts)
    {
        var key = string.Join('\n', group.Select(one => one.Config.Cert));
        if (contexts.TryGetValue(key, out var context))
            return context;
        context = rules.NewContext();
        if (group.IsEmpty)
            context.RefuseAll();
        foreach (var certificate in group)
            certificate.AddTo(context);
        return contexts[key] = context;
    }

    // A session in which a client was verified by one CA does not go on where another is asked for.
    private static byte[] Domain(string listener, ListenerTlsConfig config)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes(listener));
        if (config.ClientCertificates is { } clients)
        {
            hash.AppendData([(byte)(1 + clients.Mode)]);
            hash.AppendData(File.ReadAllBytes(clients.Ca));
        }

        return hash.GetHashAndReset();
    }
}
