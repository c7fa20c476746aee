// SPDX-License-Identifier: Apache-2.0
using Penstock.Model.Schema;

namespace Penstock.Model;

/// <summary>
/// The CA that listeners' certificates with <c>acme</c> come from, asked by ACME (RFC 8555). What it asks at a name is answered by every listener of mode http, before its routes. The account's key and
/// the certificates lie below <c>state</c>, in <c>acme</c>, each host's for itself.
/// </summary>
public sealed record AcmeConfig
{
    /// <summary>URL of the CA's directory (RFC 8555 section 7.1.1): https. Default that of Let's Encrypt.</summary>
    [Text(TextForm.Label)]
    public string Directory { get; init; } = "https://acme-v02.api.letsencrypt.org/directory";

    /// <summary>Whether the CA's terms of service have been read and are agreed to; nothing is asked of it otherwise, so it has to be true.</summary>
    [Example("true")]
    public required bool TermsAgreed { get; init; }

    /// <summary>How names are proven: <c>http</c> (http-01) at port 80, by listeners without TLS, or <c>tls_alpn</c> (tls-alpn-01, RFC 8737) at port 443, by those with TLS. Default http.</summary>
    public AcmeProof Proof { get; init; }

    /// <summary>Mail address that the CA writes to when it has to. Default: it is given none.</summary>
    [Text(TextForm.Label)]
    [Example("ops@example.com")]
    public string? Contact { get; init; }

    /// <summary>File (PEM) of the CAs that the directory's own certificate is believed of, for a CA of one's own. Default: those of the system.</summary>
    [Text(TextForm.FilePath)]
    [Example("/etc/penstock/tls/acme-ca.crt")]
    public string? Ca { get; init; }

    /// <summary>Time before a certificate's end from which on another is asked for, at most half of its life. Default: a third of its life.</summary>
    [Range("1m", "8760h")]
    [Example("720h")]
    public TimeSpan? RenewBefore { get; init; }

    /// <summary>Account with the CA that the one made here belongs to (RFC 8555 section 7.3.4), where it asks for that; null: none.</summary>
    [Example("{key_id: kid-1, key_file: /etc/penstock/tls/acme.hmac}")]
    public AcmeExternalAccountConfig? ExternalAccount { get; init; }
}
