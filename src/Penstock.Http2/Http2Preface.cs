// SPDX-License-Identifier: Apache-2.0
using System.Buffers;

namespace Penstock.Http2;

/// <summary>What a client begins with in HTTP/2 (RFC 9113 section 3.4), which no HTTP/1.1 server takes for a request.</summary>
internal static class Http2Preface
{
    /// <summary>Bytes of it.</summary>
    internal const int Length = 24;

    /// <summary>The preface.</summary>
    internal static ReadOnlySpan<byte> Bytes => "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8;

    /// <summary>Whether the input begins as the preface does.</summary>
    /// <param name="input">From the first byte of the connection.</param>
    /// <param name="isWhole">Whether all of the preface is there.</param>
    internal static bool Matches(in ReadOnlySequence<byte> input, out bool isWhole)
    {
        Span<byte> begin = stackalloc byte[Length];
        var length = (int)Math.Min(input.Length, Length);
        input.Slice(0, length).CopyTo(begin);
        var matches = begin[..length].SequenceEqual(Bytes[..length]);
        isWhole = matches && length == Length;
        return matches;
    }
}
