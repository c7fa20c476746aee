// SPDX-License-Identifier: Apache-2.0
using Penstock.Model;

namespace Penstock.Health.Tests;

public sealed class RiseFallTests
{
    [Fact]
    public void Report_NothingYet_IsReadyWithoutReason()
    {
        var state = new RiseFall(rise: 2, fall: 3);

        state.State.ShouldBe(EndpointState.Ready);
        state.Reason.ShouldBe("");
    }

    [Fact]
    public void Report_FailuresInARow_TakeItDownAtTheLast()
    {
        var state = new RiseFall(rise: 2, fall: 3);

        state.Report("a").ShouldBeFalse();
        state.Report("b").ShouldBeFalse();
        state.Against.ShouldBe(2);
        state.Report("c").ShouldBeTrue();

        state.State.ShouldBe(EndpointState.Down);
        state.Reason.ShouldBe("c");
        state.Report("d").ShouldBeFalse();
    }

    [Fact]
    public void Report_SuccessBetweenFailures_StartsTheCountAgain()
    {
        var state = new RiseFall(rise: 2, fall: 2);
        state.Report("a");
        state.Report(null);

        state.Report("b").ShouldBeFalse();

        state.State.ShouldBe(EndpointState.Ready);
    }

    [Fact]
    public void Report_SuccessesInARow_BringItBack()
    {
        var state = new RiseFall(rise: 2, fall: 1, EndpointState.Down, "was down");

        state.Report(null).ShouldBeFalse();
        state.Report("again").ShouldBeFalse();
        state.Report(null).ShouldBeFalse();
        state.Report(null).ShouldBeTrue();

        state.State.ShouldBe(EndpointState.Ready);
        state.Reason.ShouldBe("2 checks in a row passed");
    }

    [Fact]
    public void Report_AnyRowOfResults_ChangesOnlyAfterEnoughInARow()
    {
        var random = new Random(5);
        for (var round = 0; round < 500; round++)
        {
            var (rise, fall) = (random.Next(1, 5), random.Next(1, 5));
            var state = new RiseFall(rise, fall);
            var (isReady, row, last) = (true, 0, true);
            for (var i = 0; i < 100; i++)
            {
                var passed = random.Next(2) == 0;
                row = passed == last ? row + 1 : 1;
                last = passed;
                // A row that has already changed the state goes on without effect.
                isReady = passed ? isReady || row >= rise : isReady && row < fall;

                state.Report(passed ? null : "no");

                (state.State == EndpointState.Ready).ShouldBe(isReady);
            }
        }
    }
}
