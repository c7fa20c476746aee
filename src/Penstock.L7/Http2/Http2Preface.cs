// SPDX-License-Identifier: Apache-2.0
using System.Buffers;
using Penstock.L7.Http1;

namespace Penstock.L7.Http2;

/// <summary>What a client begins with in HTTP/2 (RFC 9113 section 3.4), which no HTTP/1.1 server takes for a request.</summary>
internal static class Http2Preface
{
    /// <summary>Bytes of it.</summary>
    internal const int Length = 24;

    /// <summary>The preface.</summary>
    internal static ReadOnlySpan<byte> Bytes => "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8;

    /// <summary>Whether the input begins with it; <see cref="ParseStatus.NeedMore"/> while it may.</summary>
    internal static ParseStatus Match(in ReadOnlySequence<byte> input)
    {
        if (input.IsEmpty)
            return ParseStatus.NeedMore;
        Span<byte> begin = stackalloc byte[Length];
        var length = (int)Math.Min(input.Length, Length);
        input.Slice(0, length).CopyTo(begin);
        if (!begin[..length].SequenceEqual(Bytes[..length]))
            return ParseStatus.Rejected;
        return length == Length ? ParseStatus.Done : ParseStatus.NeedMore;
    }
}
