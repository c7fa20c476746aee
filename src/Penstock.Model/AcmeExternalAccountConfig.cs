// SPDX-License-Identifier: Apache-2.0
using Penstock.Model.Schema;

namespace Penstock.Model;

/// <summary>An account that a CA has made by other means, and what proves it.</summary>
public sealed record AcmeExternalAccountConfig
{
    /// <summary>Its identifier, as the CA has given it.</summary>
    [Text(TextForm.Label)]
    [Example("kid-1")]
    public required string KeyId { get; init; }

    /// <summary>File of its key (HMAC), in base64url as the CA has given it.</summary>
    [Text(TextForm.FilePath)]
    [Example("/etc/penstock/tls/acme.hmac")]
    public required string KeyFile { get; init; }
}
