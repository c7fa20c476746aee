// SPDX-License-Identifier: Apache-2.0
using Penstock.Model.Schema;

namespace Penstock.Model.L7;

/// <summary>
/// Certificates of clients. One that was verified goes to endpoints as X-Forwarded-Client-Cert, behind what a trusted proxy in front sent
/// there; what another client sends there is removed.
/// </summary>
public sealed record ClientCertificatesConfig
{
    /// <summary>File (PEM) of the CA, or several, that certificates are believed of.</summary>
    [Text(TextForm.FilePath)]
    [Example("/etc/penstock/tls/clients.crt")]
    public required string Ca { get; init; }

    /// <summary>Whether a client may come without one. Default require.</summary>
    public ClientCertificateMode Mode { get; init; } = ClientCertificateMode.Require;
}
