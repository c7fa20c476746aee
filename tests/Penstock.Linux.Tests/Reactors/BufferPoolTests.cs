// SPDX-License-Identifier: Apache-2.0
using Penstock.Linux.Reactors;

namespace Penstock.Linux.Tests.Reactors;

public sealed class BufferPoolTests
{
    [Theory]
    [InlineData(false, BufferPool.SmallSize)]
    [InlineData(true, BufferPool.LargeSize)]
    public void Rent_BlockReturned_IsTheSameBlockAgain(bool large, int size)
    {
        var pool = new BufferPool();
        var segment = pool.Rent(large);
        segment.End = 1;

        pool.Return(segment);

        pool.Rent(large).ShouldBeSameAs(segment);
        segment.Block.Length.ShouldBe(size);
        segment.End.ShouldBe(0);
    }

    [Fact]
    public void Return_BlockOfAnotherSize_IsNotLentAgain()
    {
        var pool = new BufferPool();

        pool.Return(new BufferSegment(BufferPool.LargeSize + 1));

        pool.Rent(large: false).Block.Length.ShouldBe(BufferPool.SmallSize);
        pool.Rent(large: true).Block.Length.ShouldBe(BufferPool.LargeSize);
    }
}
