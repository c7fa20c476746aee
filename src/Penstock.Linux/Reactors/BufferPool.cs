// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Linux.Reactors;

/// <summary>A reactor's memory: blocks of two sizes, last returned first used so that they stay in the cache. One thread only.</summary>
public sealed class BufferPool
{
    /// <summary>Holds a head and a small body. Bytes.</summary>
    public const int SmallSize = 4 << 10;

    /// <summary>For bodies: one read takes what a socket's default buffer yields at once. Bytes.</summary>
    public const int LargeSize = 64 << 10;

    /// <summary>Bytes kept for reuse, of each size; what is returned beyond that goes to the garbage collector.</summary>
    private const int MaxKept = 16 << 20;

    private readonly Stack<BufferSegment> _small = new();
    private readonly Stack<BufferSegment> _large = new();

    /// <summary>A block of at least one byte: large or small.</summary>
    public BufferSegment Rent(bool large)
    {
        var stack = large ? _large : _small;
        return stack.TryPop(out var segment) ? segment : new BufferSegment(large ? LargeSize : SmallSize);
    }

    /// <summary>Takes a block back; one of another size, made for a single large write, goes to the garbage collector.</summary>
    public void Return(BufferSegment segment)
    {
        var size = segment.Block.Length;
        if (size is not (SmallSize or LargeSize))
            return;
        segment.Reset();
        var stack = size == LargeSize ? _large : _small;
        if ((long)stack.Count * size < MaxKept)
            stack.Push(segment);
    }
}
