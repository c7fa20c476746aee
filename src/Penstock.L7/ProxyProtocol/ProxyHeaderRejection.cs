// SPDX-License-Identifier: Apache-2.0
namespace Penstock.L7.ProxyProtocol;

/// <summary>Why a connection was closed that had to begin with a PROXY header. Its name in snake_case is the reason in metrics and the log.</summary>
internal enum ProxyHeaderRejection
{
    /// <summary>It was not: the header is good.</summary>
    None,

    /// <summary>The first bytes are no PROXY header.</summary>
    Missing,

    /// <summary>The peer closed without a byte, as health checks do that only connect.</summary>
    ClosedUnsent,

    /// <summary>The peer closed in the middle of the header.</summary>
    Incomplete,

    /// <summary>The header did not arrive in time.</summary>
    Timeout,

    /// <summary>Longer than 107 bytes (v1) or 16 KiB (v2).</summary>
    TooLong,

    /// <summary>v1: not the fields of the line with one space between, and CR LF at its end.</summary>
    LineMalformed,

    /// <summary>v1: an address that can't be read, or not one of the family that the line names.</summary>
    AddressMalformed,

    /// <summary>v1: a port that is not 0 to 65535 in decimal without leading zeros.</summary>
    PortMalformed,

    /// <summary>v2: a version other than 2.</summary>
    VersionUnsupported,

    /// <summary>v2: a command other than LOCAL and PROXY.</summary>
    CommandUnknown,

    /// <summary>v2: a family or a transport that the protocol does not have.</summary>
    FamilyUnknown,

    /// <summary>v2: shorter than the addresses of its family.</summary>
    AddressesTruncated,

    /// <summary>v2: a value beyond the header's end, or of a length that its type does not have.</summary>
    ValueMalformed,

    /// <summary>v2: the checksum (PP2_TYPE_CRC32C) is not that of the header.</summary>
    ChecksumWrong,
}
