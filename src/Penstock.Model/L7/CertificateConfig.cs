// SPDX-License-Identifier: Apache-2.0
using Penstock.Model.Schema;

namespace Penstock.Model.L7;

/// <summary>A certificate with its key.</summary>
public sealed record CertificateConfig
{
    /// <summary>File (PEM) of the certificate, followed by those between it and its CA.</summary>
    [Text(TextForm.FilePath)]
    [Example("/etc/penstock/tls/shop.crt")]
    public required string Cert { get; init; }

    /// <summary>File (PEM) of its private key, RSA or EC, not encrypted, which others than owner and group may not read.</summary>
    [Text(TextForm.FilePath)]
    [Example("/etc/penstock/tls/shop.key")]
    public required string Key { get; init; }

    /// <summary>File (DER) of the CA's OCSP response (RFC 6960), sent to clients that ask for one; whoever renews it reloads. Default: none is sent.</summary>
    [Text(TextForm.FilePath)]
    [Example("/etc/penstock/tls/shop.ocsp")]
    public string? Ocsp { get; init; }
}
