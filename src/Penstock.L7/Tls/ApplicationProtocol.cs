// SPDX-License-Identifier: Apache-2.0
namespace Penstock.L7.Tls;

/// <summary>What a client speaks over its connection, as ALPN has settled it (RFC 7301).</summary>
internal enum ApplicationProtocol
{
    /// <summary>Nothing was settled: no TLS, or a client without ALPN. HTTP/1.1 then.</summary>
    Unsettled,

    /// <summary><c>http/1.1</c>.</summary>
    Http11,

    /// <summary><c>h2</c> (RFC 9113 section 3.2).</summary>
    Http2,

    /// <summary><c>acme-tls/1</c> (RFC 8737): a CA has seen what it asked for, and nothing follows.</summary>
    AcmeTls,
}
