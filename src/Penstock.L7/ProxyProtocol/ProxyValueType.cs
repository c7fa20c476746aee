// SPDX-License-Identifier: Apache-2.0
namespace Penstock.L7.ProxyProtocol;

/// <summary>Types of the values of a v2 header that are known here (haproxy's proxy-protocol.txt, section 2.2).</summary>
internal enum ProxyValueType : byte
{
    Alpn = 0x01,
    Authority = 0x02,
    Checksum = 0x03,
    UniqueId = 0x05,
    Ssl = 0x20,

    /// <summary>Within <see cref="Ssl"/>.</summary>
    SslVersion = 0x21,

    /// <summary>Within <see cref="Ssl"/>: the common name of the client's certificate.</summary>
    SslCommonName = 0x22,

    /// <summary>Within <see cref="Ssl"/>.</summary>
    SslCipher = 0x23,
}
