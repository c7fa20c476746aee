// SPDX-License-Identifier: Apache-2.0
using Penstock.Linux.Reactors;

namespace Penstock.Linux.Tests.Reactors;

/// <summary>When a reactor waits for more.</summary>
public sealed class GatheringTests
{
    private readonly Gathering _gathering = new();

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(16)]
    [InlineData(Gathering.LeastInFlight - 1)]
    public void FewInFlight_InAnyTurn_AreNotWaitedFor(int inFlight)
    {
        Begin(inFlight);

        Turns(3 * Gathering.TurnsOfPeriod).ShouldBeEmpty();
    }

    [Fact]
    public void ManyInFlight_WhileItIsWorthIt_AreWaitedForInEachTurn()
    {
        Begin(Gathering.LeastInFlight);

        Turns(100, gathered: Gathering.LeastGathered).Count.ShouldBe(100);
        _gathering.Waits.ShouldBe(100);
        _gathering.Gathered.ShouldBe(100 * Gathering.LeastGathered);
    }

    [Fact]
    public void ManyInFlight_ThatHaveEnded_CountForAPeriodMore()
    {
        var begun = Begin(Gathering.LeastInFlight);
        _gathering.IsDue().ShouldBeTrue();
        for (var i = 0; i < Gathering.LeastInFlight; i++)
            _gathering.End(begun);

        _gathering.InFlight.ShouldBe(0);
        Turns(4 * Gathering.TurnsOfPeriod, gathered: Gathering.LeastGathered).Count.ShouldBeInRange(Gathering.TurnsOfPeriod, 2 * Gathering.TurnsOfPeriod);
    }

    [Fact]
    public void ManyInFlight_ThatLast_CountForAPeriodMore()
    {
        Begin(Gathering.LeastInFlight);
        Turns(2 * Gathering.TurnsOfPeriod);

        Turns(4 * Gathering.TurnsOfPeriod).ShouldBeEmpty();
    }

    [Fact]
    public void End_OfARequestThatIsForgotten_CountsNoOther()
    {
        var begun = Begin(2);
        Turns(Gathering.TurnsOfPeriod);
        Begin(1);

        _gathering.End(begun);

        _gathering.InFlight.ShouldBe(1);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(Gathering.LeastGathered - 1)]
    public void Waits_ThatGatherTooLittle_HaveTwiceAsManyTurnsPassedOverEachTime(int gathered)
    {
        var due = new List<int>();
        for (var turn = 0; turn < 5000; turn++)
        {
            Begin(Gathering.LeastInFlight);
            if (!_gathering.IsDue())
                continue;
            due.Add(turn);
            Wait(gathered);
        }

        due.Zip(due.Skip(1), (one, next) => next - one - 1).ShouldBe([2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 1024, 1024]);
    }

    [Fact]
    public void Wait_ThatIsWorthItAgain_HasNoTurnPassedOver()
    {
        Begin(Gathering.LeastInFlight);
        Turns(20).Count.ShouldBe(4); // 0, 3, 8 and 17.
        while (!_gathering.IsDue())
        {
            // Those passed over.
        }

        Wait(Gathering.LeastGathered);

        _gathering.IsDue().ShouldBeTrue();
    }

    [Fact]
    public void Wait_InWhichAConnectionHasManyRequests_IsWorthIt()
    {
        Begin(Gathering.LeastInFlight);
        _gathering.IsDue().ShouldBeTrue();
        _gathering.OnWaited(woken: 1, more: 0);
        _gathering.End(Begin(2));
        _gathering.EndTurn();

        _gathering.Gathered.ShouldBe(Gathering.LeastGathered);
        _gathering.IsDue().ShouldBeTrue();
        _gathering.EndTurn();
        _gathering.Waits.ShouldBe(1, "A turn that has not waited says nothing.");
    }

    /// <summary>A wait, in a turn that does nothing but handle events.</summary>
    private void Wait(int gathered)
    {
        _gathering.OnWaited(woken: 1, gathered);
        _gathering.EndTurn();
    }

    private int Begin(int requests)
    {
        var period = 0;
        for (var i = 0; i < requests; i++)
            period = _gathering.Begin();
        return period;
    }

    /// <summary>Turns that sleep and are woken for little.</summary>
    /// <returns>Those in which it waited, from 0.</returns>
    private List<int> Turns(int turns, int gathered = 0)
    {
        var waited = new List<int>();
        for (var turn = 0; turn < turns; turn++)
        {
            if (!_gathering.IsDue())
                continue;
            waited.Add(turn);
            Wait(gathered);
        }

        return waited;
    }
}
