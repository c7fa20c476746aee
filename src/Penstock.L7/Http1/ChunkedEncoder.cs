// SPDX-License-Identifier: Apache-2.0
using System.Buffers.Text;

namespace Penstock.L7.Http1;

/// <summary>Writes the framing of the chunked transfer coding (RFC 9112 section 7.1), without extensions.</summary>
internal static class ChunkedEncoder
{
    /// <summary>The most bytes a chunk header takes: 16 digits and CRLF.</summary>
    public const int MaxHeaderLength = 18;

    /// <summary>What follows the data of each chunk.</summary>
    public static ReadOnlySpan<byte> DataEnd => "\r\n"u8;

    /// <summary>The end of a body without trailers.</summary>
    public static ReadOnlySpan<byte> End => "0\r\n\r\n"u8;

    /// <summary>Writes the line before a chunk's data.</summary>
    /// <param name="output">At least <see cref="MaxHeaderLength"/> bytes.</param>
    /// <param name="dataBytes">Size of the data, at least 1: a chunk of 0 would end the body.</param>
    /// <returns>Bytes written.</returns>
    public static int WriteHeader(Span<byte> output, long dataBytes)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(dataBytes, 1);
        Utf8Formatter.TryFormat(dataBytes, output, out int digits, 'x');
        DataEnd.CopyTo(output[digits..]);
        return digits + 2;
    }

    /// <summary>The most bytes <see cref="WriteEnd"/> takes.</summary>
    public static int MaxEndLength(TrailerSection? trailers) =>
        End.Length + (trailers is null ? 0 : trailers.Length + (FieldSection.LineOverhead * trailers.FieldCount));

    /// <summary>Writes the last chunk and the trailer fields that may be forwarded.</summary>
    /// <param name="output">At least <see cref="MaxEndLength"/> bytes.</param>
    /// <param name="trailers">The trailer section received, or null.</param>
    /// <returns>Bytes written.</returns>
    public static int WriteEnd(Span<byte> output, TrailerSection? trailers)
    {
        var cursor = new HeadCursor(output);
        cursor.Put("0\r\n"u8);
        if (trailers is not null)
        {
            foreach (ref readonly FieldSlot slot in trailers.Slots)
            {
                if (!slot.Dropped)
                {
                    cursor.PutField(trailers.Name(slot), trailers.Value(slot));
                }
            }
        }

        cursor.Put("\r\n"u8);
        return cursor.Written;
    }
}
