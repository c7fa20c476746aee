// SPDX-License-Identifier: Apache-2.0
using Penstock.L4.Xdp;

namespace Penstock.L4.Tests.Xdp;

public sealed class RingSpaceTests
{
    [Fact]
    public void Take_AfterFree_FillsTheFirstGapThatFits()
    {
        var space = new RingSpace(10);
        space.Take(4).ShouldBe(0);
        space.Take(4).ShouldBe(4);
        space.Take(3).ShouldBe(-1);
        space.Free(0);

        space.Take(3).ShouldBe(0);
        space.Take(2).ShouldBe(8);
        space.Take(1).ShouldBe(3);
        space.Take(1).ShouldBe(-1);
    }

    [Fact]
    public void TryClaim_RunsFoundInUse_AreNotGivenOutAndMayNotOverlap()
    {
        var space = new RingSpace(10);
        space.TryClaim(2, 3).ShouldBeTrue();
        space.TryClaim(4, 1).ShouldBeFalse();
        space.TryClaim(8, 3).ShouldBeFalse();

        space.Take(2).ShouldBe(0);
        space.Take(2).ShouldBe(5);
    }

    [Fact]
    public void LinesOf_Slots_RoundsUp()
    {
        RingSpace.LinesOf(16).ShouldBe(1);
        RingSpace.LinesOf(17).ShouldBe(2);
        RingSpace.LinesOf(65537).ShouldBe(4097);
    }
}
