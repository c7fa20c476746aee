// SPDX-License-Identifier: Apache-2.0
using System.Buffers;

namespace Penstock.Linux.Reactors;

/// <summary>A block of a reactor's memory in a chain. The array is pinned, so system calls take its address as it is.</summary>
public sealed class BufferSegment : ReadOnlySequenceSegment<byte>
{
    /// <summary>A segment over a block of its own.</summary>
    public BufferSegment(int size)
    {
        Block = GC.AllocateUninitializedArray<byte>(size, pinned: true);
        Memory = Block;
    }

    /// <summary>The whole block.</summary>
    public byte[] Block { get; }

    /// <summary>Bytes filled so far.</summary>
    public int End { get; set; }

    /// <summary>Bytes sent so far (writers only).</summary>
    public int Start { get; set; }

    /// <summary>The next segment.</summary>
    public BufferSegment? NextSegment => (BufferSegment?)Next;

    /// <summary>Bytes still free.</summary>
    public int Free => Block.Length - End;

    /// <summary>Chains a segment behind this one; what this one holds is final from now on.</summary>
    public void Append(BufferSegment segment)
    {
        Memory = Block.AsMemory(0, End);
        segment.RunningIndex = RunningIndex + End;
        Next = segment;
    }

    /// <summary>Makes it fit for another use.</summary>
    public void Reset()
    {
        Memory = Block;
        Next = null;
        RunningIndex = 0;
        Start = End = 0;
    }
}
