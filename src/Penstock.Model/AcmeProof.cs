// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Model;

/// <summary>How a name is proven to a CA.</summary>
public enum AcmeProof
{
    /// <summary>http-01 (RFC 8555 section 8.3): the CA asks at port 80 of the name.</summary>
    Http,

    /// <summary>tls-alpn-01 (RFC 8737): it asks at port 443 of the name.</summary>
    TlsAlpn,
}
