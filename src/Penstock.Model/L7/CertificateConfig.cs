// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using Penstock.Model.Schema;

namespace Penstock.Model.L7;

/// <summary>A certificate with its key: the two files, or the names to ask a CA for one by ACME.</summary>
public sealed record CertificateConfig
{
    /// <summary>File (PEM) of the certificate, followed by those between it and its CA. Needed unless there is <see cref="Acme"/>.</summary>
    [Text(TextForm.FilePath)]
    [Example("/etc/penstock/tls/shop.crt")]
    public string Cert { get; init; } = "";

    /// <summary>File (PEM) of its private key, RSA or EC, not encrypted, which others than owner and group may not read. Needed unless there is <see cref="Acme"/>.</summary>
    [Text(TextForm.FilePath)]
    [Example("/etc/penstock/tls/shop.key")]
    public string Key { get; init; } = "";

    /// <summary>File (DER) of the CA's OCSP response (RFC 6960), sent to clients that ask for one; whoever renews it reloads, unless <c>watch</c> does. Default: none is sent.</summary>
    [Text(TextForm.FilePath)]
    [Example("/etc/penstock/tls/shop.ocsp")]
    public string? Ocsp { get; init; }

    /// <summary>
    /// In place of the files: names to ask the CA of the section <c>acme</c> for a certificate for, and renew it in time. Up to 100, none with a wildcard; it is kept under the
    /// first. Default: none.
    /// </summary>
    [Text(TextForm.Label)]
    [Example("[shop.example.com, www.example.com]")]
    public ImmutableArray<string> Acme { get; init; } = [];
}
