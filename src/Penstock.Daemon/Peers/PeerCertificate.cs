// SPDX-License-Identifier: Apache-2.0
using System.Security.Cryptography.X509Certificates;
using Penstock.Config.Reading;
using Penstock.Model;
using Penstock.Model.Peers;

namespace Penstock.Daemon.Peers;

/// <summary>A certificate that the peers' channel needs: of several in one file the first to end, but of CAs no ended one beside others.</summary>
/// <param name="Part"><c>certificate</c> (this host's own), <c>chain</c> (between that and its CA) or <c>ca</c> (peers are believed of it).</param>
/// <param name="File">Its file.</param>
/// <param name="Subject">Whom it is of.</param>
/// <param name="End">Its end.</param>
internal sealed record PeerCertificate(string Part, string File, string Subject, CertificateEnd End)
{
    private const string Authority = "ca";

    /// <summary>Those in use.</summary>
    public static IEnumerable<PeerCertificate> Of(PeersConfig peers, TlsIdentity identity) => new[]
    {
        First("certificate", peers.Certificate, [identity.Certificate]),
        First("chain", peers.Certificate, identity.Intermediates),
        First(Authority, peers.Ca, identity.Authorities),
    }.OfType<PeerCertificate>();

    /// <summary>What there is to say of its end; null: nothing yet.</summary>
    public string? Warning(DateTimeOffset now)
    {
        if (!End.IsToTell(now))
            return null;
        var isOver = End.IsOver(now);
        if (Part != "certificate")
            return $"peers: the certificate of {Subject} in {File} {(isOver ? "ended" : "ends")} at {End}: no certificate of it is believed {(isOver ? "any more" : "from then on")}";
        return isOver
            ? $"the certificate of this host has ended at {End}, and no peer believes it: put another in its place, then penstock reload"
            : $"the certificate of this host ends at {End}, and no peer believes it from then on: put another in its place, then penstock reload";
    }

    private static PeerCertificate? First(string part, string file, IEnumerable<X509Certificate2> certificates) => CertificateEnd.First(certificates, areAuthorities: part == Authority) is { } first
        ? new PeerCertificate(part, file, TlsIdentity.Subject(first), CertificateEnd.Of(first))
        : null;
}
