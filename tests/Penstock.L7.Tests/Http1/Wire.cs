// SPDX-License-Identifier: Apache-2.0
using System.Buffers;
using System.Text;

namespace Penstock.L7.Tests.Http1;

/// <summary>Bytes as a pipe would hand them over.</summary>
internal static class Wire
{
    /// <summary>Text as Latin-1 bytes.</summary>
    public static byte[] Bytes(string text) => Encoding.Latin1.GetBytes(text);

    /// <summary>Latin-1 bytes as text.</summary>
    public static string Text(ReadOnlySpan<byte> bytes) => Encoding.Latin1.GetString(bytes);

    /// <summary>A sequence of segments that are cut at the given offsets.</summary>
    public static ReadOnlySequence<byte> Cut(ReadOnlyMemory<byte> bytes, params ReadOnlySpan<int> cuts)
    {
        Segment? first = null, last = null;
        int from = 0;
        foreach (int cut in cuts)
        {
            last = Segment.After(last, bytes[from..cut]);
            first ??= last;
            from = cut;
        }

        last = Segment.After(last, bytes[from..]);
        first ??= last;
        return new ReadOnlySequence<byte>(first, 0, last, last.Memory.Length);
    }

    private sealed class Segment : ReadOnlySequenceSegment<byte>
    {
        public static Segment After(Segment? before, ReadOnlyMemory<byte> memory)
        {
            // A copy of its own, so that reading over a segment's edge does not find the next one by chance.
            var segment = new Segment { Memory = memory.ToArray(), RunningIndex = before is null ? 0 : before.RunningIndex + before.Memory.Length };
            if (before is not null)
            {
                before.Next = segment;
            }

            return segment;
        }
    }
}
