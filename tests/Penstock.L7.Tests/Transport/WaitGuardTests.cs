// SPDX-License-Identifier: Apache-2.0
using Penstock.L7.Transport;
using Penstock.Linux.Reactors;

namespace Penstock.L7.Tests.Transport;

public sealed class WaitGuardTests
{
    [Fact]
    public void Until_WithBytesMovingMeanwhile_KeepsItsDeadline()
    {
        var guard = default(WaitGuard);
        guard.Until(1_000);
        guard.Moved(1_000_000);
        guard.Begin(now: 900).ShouldBe(1_000);
    }

    [Fact]
    public void Between_WithoutARate_AllowsEachWaitItsTime()
    {
        var guard = default(WaitGuard);
        guard.Between(60_000, bytesPerSecond: 0);
        guard.Begin(now: 0).ShouldBe(60_000);
        guard.End(now: 50_000);
        guard.Begin(now: 50_000).ShouldBe(110_000);
    }

    [Fact]
    public void Between_WithARate_AllowsTheGraceAndWhatTheBytesAreWorth()
    {
        var guard = default(WaitGuard);
        guard.Between(60_000, bytesPerSecond: 240);
        guard.Moved(480);
        guard.Begin(now: 0).ShouldBe(5_000 + 2_000);
    }

    [Fact]
    public void Between_WithADrippingPeer_RunsOutOverManyWaits()
    {
        var guard = default(WaitGuard);
        guard.Between(60_000, bytesPerSecond: 240);
        long now = 0;
        for (var waits = 0; waits < 100; waits++)
        {
            if (guard.Begin(now) <= now + 1_000)
            {
                // Ten bytes a second are 958 ms short of each second: the grace of 5 s lasts for five of them.
                waits.ShouldBeInRange(4, 6);
                return;
            }

            now += 1_000;
            guard.End(now);
            guard.Moved(10);
        }

        Assert.Fail("A peer of 10 bytes a second was never too slow.");
    }

    [Fact]
    public void End_WithoutAWait_CountsNothing()
    {
        var guard = default(WaitGuard);
        guard.Between(60_000, bytesPerSecond: 240);
        guard.End(now: 1_000_000);
        guard.Begin(now: 1_000_000).ShouldBe(1_005_000);
    }

    [Fact]
    public void Between_OfAPeerThatOwesNothing_CountsNoRate()
    {
        var guard = default(WaitGuard);
        guard.Between(60_000, bytesPerSecond: 240);
        guard.IsOwed = false;
        guard.Begin(now: 0).ShouldBe(60_000);
        guard.End(now: 50_000);
        guard.IsOwed = true;
        guard.Begin(now: 50_000).ShouldBe(55_000);
    }

    [Fact]
    public void Between_WithMostCredit_ForgetsWhatMovedLongAgo()
    {
        var guard = default(WaitGuard);
        guard.Between(600_000, bytesPerSecond: 240, mostCredit: 300_000);
        guard.Moved(240_000_000);
        guard.Begin(now: 0).ShouldBe(5_000 + 300_000);
        guard.End(now: 100_000);
        guard.Begin(now: 100_000).ShouldBe(100_000 + 5_000 + 200_000);
    }

    [Fact]
    public void Shared_WaitsOfThree_HaveThreeTimesAsLong()
    {
        var shared = new SharedWaits();
        var guards = new WaitGuard[3];
        for (var i = 0; i < guards.Length; i++)
        {
            guards[i].Shared = shared;
            guards[i].Between(60_000, bytesPerSecond: 240);
            guards[i].Begin(now: 0).ShouldBe(5_000, "the others may be over at once");
        }

        guards[0].Deadline(now: 5_000).ShouldBe(5_000 + 3_334);
        guards[1].End(now: 6_000);
        guards[2].End(now: 6_000);
        guards[0].Deadline(now: 6_000).ShouldBe(9_000, "2 s were its part");
        guards[0].Deadline(now: 9_000).ShouldBe(9_000);
    }

    [Fact]
    public void Shared_BytesOfAnother_AreWorthTimeOfAll()
    {
        var shared = new SharedWaits();
        var guard = new WaitGuard { Shared = shared };
        guard.Between(60_000, bytesPerSecond: 240);
        guard.Begin(now: 0).ShouldBe(5_000);
        shared.Credit(2_000, now: 1_000);
        guard.Deadline(now: 3_000).ShouldBe(3_000 + 4_000, "1 s was before");
        shared.Credit(10_000_000, now: 3_000);
        guard.Deadline(now: 50_000).ShouldBe(50_000 + 4_000);
    }

    [Fact]
    public void Shared_WhileItStands_CountsNothing()
    {
        var shared = new SharedWaits();
        var guard = new WaitGuard { Shared = shared };
        guard.Between(60_000, bytesPerSecond: 240);
        guard.Begin(now: 0);
        shared.Stand(stands: true, now: 1_000);
        guard.Deadline(now: 50_000).ShouldBe(54_000);
        shared.Stand(stands: false, now: 50_000);
        guard.Deadline(now: 54_000).ShouldBe(54_000);
        guard.Deadline(now: 60_000).ShouldBe(60_000);
    }

    [Fact]
    public void Off_AfterADeadline_HasNoBound()
    {
        var guard = default(WaitGuard);
        guard.Until(1_000);
        guard.Off();
        guard.Begin(now: 0).ShouldBe(TimerNode.Never);
    }
}
