// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using Penstock.Model.Schema;

namespace Penstock.Model.L7;

/// <summary>
/// TLS 1.2 and 1.3 towards endpoints, for requests and health checks. Files are read when the daemon starts and at each reload. Verification needs
/// <c>server_name</c>, <c>san</c> or both.
/// </summary>
public sealed record ClusterTlsConfig
{
    /// <summary>File (PEM) of the CA, or several, that endpoints' certificates are believed of. Default: those of the system.</summary>
    [Text(TextForm.FilePath)]
    [Example("/etc/penstock/tls/mesh-ca.crt")]
    public string? Ca { get; init; }

    /// <summary>Name that endpoints are asked for (SNI), and that their certificates have to be for unless <c>san</c> says otherwise. Default: none.</summary>
    [Text(TextForm.DnsName)]
    [Example("shop.internal")]
    public string? ServerName { get; init; }

    /// <summary>Subject alternative names, DNS names or URIs, of which an endpoint's certificate has to have one, exactly as written here; SPIFFE ids are URIs. Default: <c>server_name</c> counts.</summary>
    [Text(TextForm.Label)]
    [Example("[\"spiffe://cluster.local/ns/istio-system/sa/ingress\"]")]
    public ImmutableArray<string> San { get; init; } = [];

    /// <summary>File (PEM) of the certificate that endpoints are shown, followed by those between it and its CA; needs <c>key</c>. Default: none.</summary>
    [Text(TextForm.FilePath)]
    [Example("/etc/penstock/tls/lb.crt")]
    public string? Cert { get; init; }

    /// <summary>File (PEM) of its private key, not encrypted, which others than owner and group may not read.</summary>
    [Text(TextForm.FilePath)]
    [Example("/etc/penstock/tls/lb.key")]
    public string? Key { get; init; }

    /// <summary>Whether endpoints' certificates are verified. Default true; false is for tests: it takes any server for the endpoint.</summary>
    public bool Verify { get; init; } = true;
}
