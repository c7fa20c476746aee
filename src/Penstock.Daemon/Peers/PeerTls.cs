// SPDX-License-Identifier: Apache-2.0
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Penstock.Config.Reading;

namespace Penstock.Daemon.Peers;

/// <summary>Both sides of the channel between peers: TLS 1.3 (RFC 8446), each with a certificate of a CA of its own that names the node. Nothing is resumed: each connection is judged anew.</summary>
/// <param name="identity">This host's certificate, and the CAs.</param>
/// <param name="time">Clock.</param>
internal sealed class PeerTls(TlsIdentity identity, TimeProvider time)
{
    private readonly SslStreamCertificateContext _own = SslStreamCertificateContext.Create(identity.Certificate, identity.Intermediates, offline: true);

    /// <summary>Makes sure of who has connected.</summary>
    /// <param name="socket">The socket; it is not closed.</param>
    /// <param name="names">Nodes that may.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="PeerFaultException">It is none of them.</exception>
    public async ValueTask<Stream> AcceptAsync(Socket socket, IReadOnlyCollection<string> names, CancellationToken cancellation)
    {
        string? trouble = null;
        var options = new SslServerAuthenticationOptions
        {
            ServerCertificateContext = _own,
            ClientCertificateRequired = true,
            EnabledSslProtocols = SslProtocols.Tls13,
            CertificateChainPolicy = identity.Policy(),
            AllowTlsResume = false,
            RemoteCertificateValidationCallback = (_, certificate, chain, _) => (trouble = Judge(certificate, chain, names)) is null,
        };
        var stream = new PeerStream(new NetworkStream(socket, ownsSocket: false), time);
        return await OpenAsync(stream, stream.AuthenticateAsServerAsync(options, cancellation), () => trouble);
    }

    /// <summary>Makes sure of whom this host has connected to.</summary>
    /// <param name="socket">The socket; the stream that comes of it closes it, and so does a failure.</param>
    /// <param name="name">The node it is to be.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="PeerFaultException">It is not.</exception>
    public async ValueTask<Stream> ConnectAsync(Socket socket, string name, CancellationToken cancellation)
    {
        string? trouble = null;
        var options = new SslClientAuthenticationOptions
        {
            ClientCertificateContext = _own,
            TargetHost = name,
            EnabledSslProtocols = SslProtocols.Tls13,
            CertificateChainPolicy = identity.Policy(),
            AllowTlsResume = false,
            RemoteCertificateValidationCallback = (_, certificate, chain, _) => (trouble = Judge(certificate, chain, [name])) is null,
        };
        var stream = new SslStream(new NetworkStream(socket, ownsSocket: true));
        return await OpenAsync(stream, stream.AuthenticateAsClientAsync(options, cancellation), () => trouble);
    }

    private static async Task<Stream> OpenAsync(SslStream stream, Task handshake, Func<string?> trouble)
    {
        try
        {
            await handshake;
            return stream;
        }
        catch (AuthenticationException error)
        {
            await stream.DisposeAsync();
            throw trouble() is { } reason
                ? new PeerFaultException(PeerFaultKind.Certificate, reason, error)
                : new PeerFaultException(PeerFaultKind.Tls, $"no TLS 1.3 handshake: {(error.InnerException ?? error).Message}", error);
        }
        catch
        {
            await stream.DisposeAsync();
            throw;
        }
    }

    /// <summary>What is wrong with a certificate, plainly; null: nothing.</summary>
    private static string? Judge(X509Certificate? shown, X509Chain? chain, IReadOnlyCollection<string> names)
    {
        if (shown is not X509Certificate2 certificate || chain is null)
            return "no certificate was shown";
        var found = chain.ChainStatus.Aggregate(X509ChainStatusFlags.NoError, (all, one) => all | one.Status);
        if (found.HasFlag(X509ChainStatusFlags.UntrustedRoot) || found.HasFlag(X509ChainStatusFlags.PartialChain))
            return $"the certificate of {Names(certificate)} is not signed by the CA";
        if (found.HasFlag(X509ChainStatusFlags.NotTimeValid))
            return OutOfTime(certificate, chain);
        if (found != X509ChainStatusFlags.NoError)
            return $"the certificate of {Names(certificate)} is not good: {PeerReport.Plain(chain.ChainStatus[0].StatusInformation.Trim())}";
        return names.Any(name => TlsIdentity.IsFor(certificate, name)) ? null : $"the certificate is for {Names(certificate)}, not for {string.Join(" or ", names)}";
    }

    // Its own, or one of those that have signed it.
    private static string OutOfTime(X509Certificate2 certificate, X509Chain chain)
    {
        var element = chain.ChainElements.FirstOrDefault(one => Array.Exists(one.ChainElementStatus, status => status.Status.HasFlag(X509ChainStatusFlags.NotTimeValid)))?.Certificate ?? certificate;
        var whose = element.Equals(certificate) ? $"the certificate of {Names(certificate)}" : $"{PeerReport.Plain(TlsIdentity.Subject(element))}, by which the certificate of {Names(certificate)} is signed,";
        return $"{whose} is valid from {element.NotBefore.ToUniversalTime():yyyy-MM-dd HH:mm:ss}Z to {element.NotAfter.ToUniversalTime():yyyy-MM-dd HH:mm:ss}Z, not now";
    }

    private static string Names(X509Certificate2 certificate) =>
        TlsIdentity.Names(certificate) is { Count: > 0 } names ? PeerReport.Plain(string.Join(", ", names)) : "nobody";
}
