// SPDX-License-Identifier: Apache-2.0
using System.Buffers;
using System.Collections.Immutable;
using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Penstock.L7.Routing;
using Penstock.Linux.Tls;
using Penstock.Model.L7;

namespace Penstock.L7.Acme;

/// <summary>
/// What is answered to a CA for the orders that wait: those of this host, and those of its peers, to which the CA may come here. Written by those who order and those who hear of it, read by every reactor.
/// </summary>
internal sealed class AcmeChallenges
{
    private const string Folder = "/.well-known/acme-challenge/";
    private const int MostLetters = 512, MostNameLetters = 253;

    // Of one host: a certificate has at most 100 names, which are proven one after the other.
    private const int MostOfPeers = 64;

    private static readonly SearchValues<char> s_letters = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");

    private static readonly SearchValues<char> s_nameLetters = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789-_.");

    private readonly Lock _gate = new();
    private ImmutableArray<AcmeChallenge> _own = [];
    private ImmutableArray<AcmeChallenge> _others = [];

    // Mostly empty, and then it costs a request nothing.
    private (byte[] Path, Route Route)[] _answers = [];
    private (string Name, TlsChallengeCertificate Certificate)[] _certificates = [];

    /// <summary>Those of this host.</summary>
    internal ImmutableArray<AcmeChallenge> Own
    {
        get
        {
            lock (_gate)
                return _own;
        }
    }

    /// <summary>Whether a text can be a token (RFC 8555 section 8.3), and so a part of a path, or a nonce (section 6.5.1).</summary>
    internal static bool IsToken(string text) => text.Length is > 0 and <= MostLetters && !text.AsSpan().ContainsAnyExcept(s_letters);

    /// <summary>Answers from now on.</summary>
    internal void Add(AcmeChallenge challenge) => Change(() => _own = _own.Add(challenge));

    /// <summary>Answers no more.</summary>
    internal void Remove(AcmeChallenge challenge) => Change(() => _own = _own.Remove(challenge));

    /// <summary>Answers those of the peers, as many as there can be, and no others of theirs.</summary>
    internal void SetOthers(IEnumerable<AcmeChallenge> challenges)
    {
        ImmutableArray<AcmeChallenge> next = [.. challenges.Where(IsSound).Take(MostOfPeers)];
        if (!next.SequenceEqual(_others))
            Change(() => _others = next);
    }

    /// <summary>The answer to a path (http-01); null: nothing that is waited for.</summary>
    internal Route? Find(ReadOnlySpan<byte> path)
    {
        foreach (var (pending, route) in Volatile.Read(ref _answers))
        {
            if (path.SequenceEqual(pending))
                return route;
        }

        return null;
    }

    /// <summary>What is shown for a name to a CA that asks by tls-alpn-01 (RFC 8737 section 3); null: nobody waits for it.</summary>
    /// <param name="name">Lower case.</param>
    internal TlsChallengeCertificate? CertificateOf(string name)
    {
        foreach (var (pending, certificate) in Volatile.Read(ref _certificates))
        {
            if (string.Equals(name, pending, StringComparison.Ordinal))
                return certificate;
        }

        return null;
    }

    private static bool IsSound(AcmeChallenge challenge) =>
        challenge.Name.Length is > 0 and <= MostNameLetters && !challenge.Name.AsSpan().ContainsAnyExcept(s_nameLetters) && IsToken(challenge.Token) && challenge.Authorization.Split('.') is [var token, var thumbprint] && string.Equals(token, challenge.Token, StringComparison.Ordinal) && IsToken(thumbprint);

    private void Change(Action change)
    {
        lock (_gate)
        {
            change();
            Volatile.Write(ref _answers, [.. _own.Concat(_others).Select(one => (Encoding.ASCII.GetBytes(Folder + one.Token), Answer(one.Authorization)))]);
            Volatile.Write(ref _certificates, [.. _own.Concat(_others).Select(one => (one.Name, Certificate(one)))]);
        }
    }

    private static Route Answer(string authorization) =>
        new(new RouteConfig { Name = "acme-challenge", Respond = new RespondAction { Body = authorization, ContentType = "application/octet-stream" } }, index: 0);

    private static TlsChallengeCertificate Certificate(AcmeChallenge challenge)
    {
        const string identifier = "1.3.6.1.5.5.7.1.31"; // id-pe-acmeIdentifier
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=acme-tls", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(challenge.Name);
        request.CertificateExtensions.Add(names.Build());
        var digest = new AsnWriter(AsnEncodingRules.DER);
        digest.WriteOctetString(SHA256.HashData(Encoding.ASCII.GetBytes(challenge.Authorization)));
        request.CertificateExtensions.Add(new X509Extension(identifier, digest.Encode(), critical: true));
        var now = TimeProvider.System.GetUtcNow();
        using var certificate = request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
        return new TlsChallengeCertificate(certificate.RawData, key.ExportECPrivateKey());
    }
}
