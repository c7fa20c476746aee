// SPDX-License-Identifier: Apache-2.0
using Penstock.Tests;
using Penstock.Vrrp.Supervision;

namespace Penstock.Vrrp.Tests.Supervision;

public sealed class RestartBackoffTests
{
    private readonly ManualTimeProvider _time = new();

    [Fact]
    public void Waits_OfOneThatEndsAtOnce_GrowToThirtySeconds()
    {
        var backoff = new RestartBackoff(_time);

        Enumerable.Range(0, 8).Select(_ => Fail(backoff, after: 1)).ShouldBe([0, 1, 2, 4, 8, 16, 30, 30]);
    }

    [Fact]
    public void Wait_AfterAMinuteOfRunning_IsNoneAgain()
    {
        var backoff = new RestartBackoff(_time);
        Fail(backoff, after: 1);
        Fail(backoff, after: 1);

        Fail(backoff, after: 60).ShouldBe(0);
        Fail(backoff, after: 1).ShouldBe(1);
    }

    private double Fail(RestartBackoff backoff, int after)
    {
        backoff.Started();
        _time.Advance(TimeSpan.FromSeconds(after));
        return backoff.Ended().TotalSeconds;
    }
}
