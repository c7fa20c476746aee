// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Model.L7;

/// <summary>What endpoints are spoken to in.</summary>
public enum UpstreamProtocol
{
    /// <summary>HTTP/1.1.</summary>
    H1,

    /// <summary>HTTP/2: by ALPN over TLS, without TLS by beginning with its preface (RFC 9113 section 3.3).</summary>
    H2,
}
