// SPDX-License-Identifier: Apache-2.0
using FsCheck;
using FsCheck.Fluent;
using Penstock.Linux.Reactors;

namespace Penstock.Linux.Tests.Reactors;

public sealed class TimingWheelTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(15)]
    [InlineData(16)]
    [InlineData(1_000)]
    [InlineData(16_384)]
    [InlineData(75_000)]
    [InlineData(3_600_000)]
    [InlineData(86_400_000)]
    public void Timer_OfAnyLength_FiresNeverEarlyAndAtMostATickLate(int milliseconds)
    {
        var clock = new Clock();
        var timer = new RecordingTimer(clock);
        clock.Wheel.Arm(timer, clock.Now + milliseconds);
        clock.RunUntil(milliseconds + 100);
        timer.FiredAt.ShouldHaveSingleItem().ShouldBeInRange(milliseconds, milliseconds + 32);
    }

    [Fact]
    public void Timer_MovedLater_FiresOnceAtTheLaterTime()
    {
        var clock = new Clock();
        var timer = new RecordingTimer(clock);
        clock.Wheel.Arm(timer, 100);
        clock.RunUntil(50);
        clock.Wheel.Arm(timer, 1_000);
        clock.RunUntil(2_000);
        timer.FiredAt.ShouldHaveSingleItem().ShouldBeInRange(1_000, 1_032);
    }

    [Fact]
    public void Timer_MovedEarlier_FiresOnceAtTheEarlierTime()
    {
        var clock = new Clock();
        var timer = new RecordingTimer(clock);
        clock.Wheel.Arm(timer, 60_000);
        clock.Wheel.Arm(timer, 200);
        clock.RunUntil(70_000);
        timer.FiredAt.ShouldHaveSingleItem().ShouldBeInRange(200, 232);
    }

    [Fact]
    public void Timer_Stopped_DoesNotFire()
    {
        var clock = new Clock();
        var timer = new RecordingTimer(clock);
        clock.Wheel.Arm(timer, 100);
        TimingWheel.Stop(timer);
        clock.RunUntil(1_000);
        timer.FiredAt.ShouldBeEmpty();
    }

    [Fact]
    public void Timer_RemovedFromAmongOthers_LeavesTheOthers()
    {
        var clock = new Clock();
        var timers = Enumerable.Range(0, 3).Select(_ => new RecordingTimer(clock)).ToArray();
        foreach (var timer in timers)
            clock.Wheel.Arm(timer, 100);
        clock.Wheel.Remove(timers[1]);
        clock.RunUntil(1_000);
        timers.Select(timer => timer.FiredAt.Count).ShouldBe([1, 0, 1]);
    }

    [Fact]
    public void Wheel_AfterAPauseOfManyTurns_FiresEverythingThatIsDue()
    {
        var clock = new Clock();
        var timers = Enumerable.Range(1, 500).Select(i => (Timer: new RecordingTimer(clock), At: i * 100L)).ToArray();
        foreach (var (timer, at) in timers)
            clock.Wheel.Arm(timer, at);
        clock.Jump(60_000);
        timers.ShouldAllBe(entry => entry.Timer.FiredAt.Count == 1);
    }

    [Theory]
    [InlineData(20_000)]
    [InlineData(5_000_000)]
    [InlineData(100_000_000)]
    public void Wheel_AfterAPause_FiresWhatIsDueAndTheRestInItsTime(int pause)
    {
        var clock = new Clock();
        var timers = Enumerable.Range(1, 200).Select(i => (Timer: new RecordingTimer(clock), At: i * i * 5_000L)).ToArray();
        foreach (var (timer, at) in timers)
            clock.Wheel.Arm(timer, at);

        clock.Jump(pause);

        timers.ShouldAllBe(entry => entry.Timer.FiredAt.Count == (entry.At <= pause ? 1 : 0));
        clock.RunUntil(200_001_000);
        timers.ShouldAllBe(entry => entry.At <= pause || (entry.Timer.FiredAt.Count == 1 && entry.Timer.FiredAt[0] >= entry.At && entry.Timer.FiredAt[0] <= entry.At + 32));
    }

    [Fact]
    public void Timers_ThatAreFarOff_WakeNobodyInBetween()
    {
        var clock = new Clock();
        for (var i = 0; i < 1000; i++)
        {
            clock.RunUntil(i * 10);
            clock.Wheel.Arm(new RecordingTimer(clock), clock.Now + 300_000);
        }

        var before = clock.Wakes;
        clock.RunUntil(290_000);
        (clock.Wakes - before).ShouldBeLessThan(4);
    }

    [Fact]
    public void MillisecondsToNext_OfAnEmptyWheel_IsMinusOne() => new Clock().Wheel.MillisecondsToNext(0).ShouldBe(-1);

    [Fact]
    public void AnyTimers_ArmedMovedAndStopped_FireAsANaiveListWould()
    {
        var operation = Gen.Zip(Gen.Choose(0, 9), Gen.OneOf(Gen.Choose(-1, 40_000), Gen.Choose(16_000, 600_000))).ListOf();
        Prop.ForAll(operation.ToArbitrary(), operations => FireAsANaiveListWould([.. operations])).QuickCheckThrowOnFailure();
    }

    private static bool FireAsANaiveListWould(IReadOnlyList<(int Timer, int Delay)> operations)
    {
        var clock = new Clock();
        var timers = Enumerable.Range(0, 10).Select(_ => new RecordingTimer(clock)).ToArray();
        var expected = new long?[10];
        var fired = new List<long>[10];
        for (var i = 0; i < 10; i++)
            fired[i] = [];
        foreach (var (timer, delay) in operations)
        {
            // Half a second passes between two operations.
            clock.RunUntil(clock.Now + 500);
            for (var i = 0; i < 10; i++)
            {
                if (expected[i] is { } due && timers[i].FiredAt.Count > fired[i].Count)
                {
                    fired[i].Add(due);
                    expected[i] = null;
                }
            }

            if (delay < 0)
            {
                TimingWheel.Stop(timers[timer]);
                expected[timer] = null;
            }
            else
            {
                expected[timer] = clock.Now + delay;
                clock.Wheel.Arm(timers[timer], clock.Now + delay);
            }
        }

        clock.RunUntil(clock.Now + 650_000);
        return timers.Select((timer, i) => timer.FiredAt.Count == fired[i].Count + (expected[i] is null ? 0 : 1)).All(same => same)
            && timers.Select((timer, i) => expected[i] is not { } due || timer.FiredAt[^1] >= due && timer.FiredAt[^1] <= due + 32).All(near => near);
    }

    [Fact]
    public void Timer_ThatThrows_LeavesTheOthersOfItsSlotToFire()
    {
        var clock = new Clock();
        var before = new RecordingTimer(clock);
        var after = new RecordingTimer(clock);
        clock.Wheel.Arm(before, 40);
        clock.Wheel.Arm(new BrokenTimer(), 40);
        clock.Wheel.Arm(after, 40);

        clock.RunUntil(100);

        before.FiredAt.ShouldHaveSingleItem();
        after.FiredAt.ShouldHaveSingleItem();
        clock.Failures.ShouldHaveSingleItem().ShouldBeOfType<InvalidTimeZoneException>();
    }

    private sealed class BrokenTimer : TimerNode
    {
        public override void OnExpired() => throw new InvalidTimeZoneException();
    }

    private sealed class Clock
    {
        public long Now { get; private set; }

        public int Wakes { get; private set; }

        public List<Exception> Failures { get; } = [];

        public TimingWheel Wheel => field ??= new TimingWheel(0, Failures.Add);

        /// <summary>Sleeps as the reactor does: exactly as long as the wheel says.</summary>
        public void RunUntil(long time)
        {
            while (Now < time)
            {
                var wait = Wheel.MillisecondsToNext(Now);
                Now = wait < 0 ? time : Math.Min(time, Now + Math.Max(wait, 1));
                Wheel.Advance(Now);
                Wakes++;
            }
        }

        public void Jump(long milliseconds)
        {
            Now += milliseconds;
            Wheel.Advance(Now);
        }
    }

    private sealed class RecordingTimer(Clock clock) : TimerNode
    {
        public List<long> FiredAt { get; } = [];

        public override void OnExpired() => FiredAt.Add(clock.Now);
    }
}
