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
    public void Off_AfterADeadline_HasNoBound()
    {
        var guard = default(WaitGuard);
        guard.Until(1_000);
        guard.Off();
        guard.Begin(now: 0).ShouldBe(TimerNode.Never);
    }
}
