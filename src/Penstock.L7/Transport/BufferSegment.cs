// SPDX-License-Identifier: Apache-2.0
using System.Buffers;

namespace Penstock.L7.Transport;

/// <summary>A block of a reactor's memory in a chain. The array is pinned, so system calls take its address as it is.</summary>
internal sealed class BufferSegment : ReadOnlySequenceSegment<byte>
{
    /// <summary>A segment over a block of its own.</summary>
    internal BufferSegment(int size)
    {
        Block = GC.AllocateUninitializedArray<byte>(size, pinned: true);
        Memory = Block;
    }

    /// <summary>The whole block.</summary>
    internal byte[] Block { get; }

    /// <summary>Bytes filled so far.</summary>
    internal int End { get; set; }

    /// <summary>Bytes sent so far (writers only).</summary>
    internal int Start { get; set; }

    /// <summary>The next segment.</summary>
    internal BufferSegment? NextSegment => (BufferSegment?)Next;

    /// <summary>Bytes still free.</summary>
    internal int Free => Block.Length - End;

    /// <summary>Chains a segment behind this one; what this one holds is final from now on.</summary>
    internal void Append(BufferSegment segment)
    {
        Memory = Block.AsMemory(0, End);
        segment.RunningIndex = RunningIndex + End;
        Next = segment;
    }

    /// <summary>Makes it fit for another use.</summary>
    internal void Reset()
    {
        Memory = Block;
        Next = null;
        RunningIndex = 0;
        Start = End = 0;
    }
}
