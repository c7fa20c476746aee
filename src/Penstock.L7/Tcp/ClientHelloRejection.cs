// SPDX-License-Identifier: Apache-2.0
namespace Penstock.L7.Tcp;

/// <summary>Why a connection's first bytes are no TLS ClientHello. Its name in snake_case is the reason in metrics and the access log.</summary>
internal enum ClientHelloRejection
{
    /// <summary>They are one.</summary>
    None,

    /// <summary>The first byte is not that of a TLS handshake record.</summary>
    HelloNotTls,

    /// <summary>A record of another version than 3.x, empty, or longer than 16 KiB (RFC 8446 section 5.1).</summary>
    HelloRecordMalformed,

    /// <summary>Another handshake message, or another record in the middle of it.</summary>
    HelloOtherMessage,

    /// <summary>Longer than the 64 KiB, records and all, that are looked at.</summary>
    HelloTooLong,

    /// <summary>A length that reaches beyond what it is in, or a vector that may not have it (RFC 8446 section 4.1.2).</summary>
    HelloMalformed,

    /// <summary>server_name is not one host name in ASCII (RFC 6066 section 3), or comes twice.</summary>
    HelloNameMalformed,
}
