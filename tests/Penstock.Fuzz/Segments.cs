// SPDX-License-Identifier: Apache-2.0
using System.Buffers;

namespace Penstock.Fuzz;

/// <summary>Bytes as a pipe would hand them over: in segments with memory of their own, so that reading over an edge finds nothing by chance.</summary>
internal static class Segments
{
    /// <summary>A sequence cut at the given offsets, in ascending order; those outside are left out.</summary>
    public static ReadOnlySequence<byte> Cut(ReadOnlySpan<byte> bytes, params ReadOnlySpan<int> cuts)
    {
        Segment? first = null, last = null;
        int from = 0;
        foreach (int cut in cuts)
        {
            if (cut >= from && cut < bytes.Length)
            {
                last = Segment.After(last, bytes[from..cut]);
                first ??= last;
                from = cut;
            }
        }

        last = Segment.After(last, bytes[from..]);
        first ??= last;
        return new ReadOnlySequence<byte>(first, 0, last, last.Memory.Length);
    }

    private sealed class Segment : ReadOnlySequenceSegment<byte>
    {
        public static Segment After(Segment? before, ReadOnlySpan<byte> bytes)
        {
            var segment = new Segment { Memory = bytes.ToArray(), RunningIndex = before is null ? 0 : before.RunningIndex + before.Memory.Length };
            if (before is not null)
            {
                before.Next = segment;
            }

            return segment;
        }
    }
}
