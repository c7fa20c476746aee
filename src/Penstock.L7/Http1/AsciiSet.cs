// SPDX-License-Identifier: Apache-2.0
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Penstock.L7.Http1;

/// <summary>
/// A set of ASCII characters that is tested sixteen bytes at a time: the low half of a byte picks a row of eight bits,
/// one for each high half; the high half picks the bit. Bytes from 0x80 on are in no set.
/// </summary>
internal readonly struct AsciiSet
{
    private const string LettersAndDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

    private readonly Vector128<byte> _rows;

    private AsciiSet(string members)
    {
        Span<byte> rows = stackalloc byte[16];
        rows.Clear();
        foreach (char member in members)
        {
            rows[member & 0xF] |= (byte)(1 << (member >> 4));
        }

        _rows = Vector128.Create<byte>(rows);
    }

    /// <summary>A token without its underscore (RFC 9110 section 5.6.2), which needs a second look in field names.</summary>
    public static AsciiSet TokenButUnderscore { get; } = new(LettersAndDigits + "!#$%&'*+-.^`|~");

    /// <summary>A token (RFC 9110 section 5.6.2).</summary>
    public static AsciiSet Token { get; } = new(LettersAndDigits + "!#$%&'*+-.^`|~_");

    /// <summary>
    /// A path without its percent-encodings: RFC 3986 section 3.3, and <c>[ ] | ^</c>, which browsers send as they are
    /// (path percent-encode set of the WHATWG URL standard).
    /// </summary>
    public static AsciiSet Path { get; } = new(LettersAndDigits + "-._~!$&'()*+,;=:@/" + "[]|^");

    /// <summary>A query: RFC 3986 section 3.4, a percent sign wherever it stands, and what browsers send as it is (query percent-encode set).</summary>
    public static AsciiSet Query { get; } = new(LettersAndDigits + "-._~!$&'()*+,;=:@/?%" + "[]|^{}`\\");

    /// <summary>One mask bit for each byte that is not in the set.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public uint Others(Vector128<byte> bytes)
    {
        Vector128<byte> rows = Vector128.ShuffleNative(_rows, bytes & Vector128.Create((byte)0xF));
        Vector128<byte> bits = Vector128.ShuffleNative(
            Vector128.Create((byte)1, 2, 4, 8, 16, 32, 64, 128, 0, 0, 0, 0, 0, 0, 0, 0), bytes >>> 4);
        return Vector128.Equals(rows & bits, Vector128<byte>.Zero).ExtractMostSignificantBits();
    }

    /// <summary>Whether the byte is in the set.</summary>
    public bool Contains(byte value) => value < 0x80 && (_rows.GetElement(value & 0xF) >> (value >> 4) & 1) != 0;
}
