// SPDX-License-Identifier: Apache-2.0
using System.Security.Cryptography;
using System.Text;

namespace Penstock.Linux.Tls;

/// <summary>The client's side of TLS towards servers of one kind: whom it believes, and what it shows. Any thread.</summary>
public sealed class TlsClient
{
    private readonly TlsContext _context;
    private readonly TlsClientOptions _options;

    private TlsClient(TlsClientOptions options, TlsContext context, string fingerprint) => (_options, _context, Fingerprint) = (options, context, fingerprint);

    /// <summary>Equal where the options and the files' content are.</summary>
    public string Fingerprint { get; }

    /// <summary>Reads the files.</summary>
    /// <exception cref="TlsException">OpenSSL can't use one of them.</exception>
    /// <exception cref="IOException">One can't be read.</exception>
    /// <exception cref="UnauthorizedAccessException">One may not be read.</exception>
    public static TlsClient Create(TlsClientOptions options)
    {
        var context = new TlsContext();
        context.SetLeastVersion(TlsContext.Tls12);
        context.OfferProtocol(options.Protocol);
        if (options.Verifies)
            context.VerifyServers(options.Ca);
        if (options is { Certificate: { } certificate, Key: { } key })
            context.AddCertificate(certificate, key);
        return new TlsClient(options, context, FingerprintOf(options));
    }

    /// <summary>A session that begins on a connected socket.</summary>
    /// <param name="descriptor">The socket; whoever owns it closes it after this.</param>
    /// <param name="earlier">A session with the same server to go on with; null: none.</param>
    /// <exception cref="TlsException">OpenSSL makes none.</exception>
    public TlsSession Connect(int descriptor, TlsSavedSession? earlier) =>
        TlsSession.Connect(_context, descriptor, _options.ServerName?.TrimEnd('.'), verifiesName: _options.Verifies && _options.Names.Count == 0, earlier);

    /// <summary>Whether the server of an established session is one of those named; its certificate has been verified.</summary>
    public bool IsExpected(TlsSession session) =>
        !_options.Verifies || _options.Names.Count == 0 || (session.PeerCertificate() is { } certificate && certificate.Names().Any(name => _options.Names.Contains(name.Name, StringComparer.Ordinal)));

    private static string FingerprintOf(TlsClientOptions options)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes($"{options.Ca}\n{options.Certificate}\n{options.Key}\n{options.ServerName}\n{string.Join('\n', options.Names)}\n{options.Verifies}\n{options.Protocol}\n"));
        foreach (var path in new[] { options.Ca, options.Certificate, options.Key })
            hash.AppendData(path is null ? [0] : SHA256.HashData(File.ReadAllBytes(path)));
        return Convert.ToHexString(hash.GetHashAndReset());
    }
}
