// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using Penstock.Model.Schema;

namespace Penstock.Model.L7;

/// <summary>
/// TLS towards clients. Files are read when the daemon starts and at each reload, also when only their content has changed; connections
/// there are go on with what they began with. The handshake is part of the time that <c>timeouts.header</c> gives.
/// </summary>
public sealed record ListenerTlsConfig
{
    /// <summary>
    /// Certificates. A client gets one that is for the name it asks for (SNI), exact before wildcard, RSA or ECDSA by what it takes where
    /// there are both; the first one where none is for that name, or it asks for none.
    /// </summary>
    [Example("[{cert: /etc/penstock/tls/shop.crt, key: /etc/penstock/tls/shop.key}]")]
    public required ImmutableArray<CertificateConfig> Certificates { get; init; }

    /// <summary>Versions and ciphers. Default intermediate.</summary>
    public TlsProfile Profile { get; init; } = TlsProfile.Intermediate;

    /// <summary>Certificates that clients have to show; null, the default: none are asked for.</summary>
    [Example("{ca: /etc/penstock/tls/clients.crt, mode: require}")]
    public ClientCertificatesConfig? ClientCertificates { get; init; }

    /// <summary>
    /// File of keys that session tickets are enciphered with, for hosts that go on with one another's sessions: 80 random bytes in base64 a
    /// line, the first for new tickets, all for those that come back. Others than owner and group may not read it. Default: a key of this
    /// process's own, replaced every 12 hours.
    /// </summary>
    [Text(TextForm.FilePath)]
    [Example("/etc/penstock/tls/tickets.keys")]
    public string? SessionTicketKeys { get; init; }
}
