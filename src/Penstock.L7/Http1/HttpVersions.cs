// SPDX-License-Identifier: Apache-2.0
namespace Penstock.L7.Http1;

/// <summary>The eight bytes of a version (RFC 9112 section 2.3), as a little-endian word.</summary>
internal static class HttpVersions
{
    /// <summary><c>HTTP/1.1</c>.</summary>
    public const ulong Http11 = 0x312E312F50545448;

    /// <summary><c>HTTP/1.0</c>.</summary>
    public const ulong Http10 = 0x302E312F50545448;

    /// <summary>Why a version is neither: well formed but not served here, or not a version at all.</summary>
    public static RejectReason Reason(ReadOnlySpan<byte> version) =>
        version.Length == 8 && version.StartsWith("HTTP/"u8) && version[6] == (byte)'.'
        && char.IsAsciiDigit((char)version[5]) && char.IsAsciiDigit((char)version[7])
            ? RejectReason.VersionUnsupported
            : RejectReason.VersionMalformed;
}
