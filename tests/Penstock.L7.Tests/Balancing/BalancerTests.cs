// SPDX-License-Identifier: Apache-2.0
using FsCheck;
using FsCheck.Fluent;
using Penstock.L7.Balancing;
using Penstock.Model;
using static Penstock.L7.Tests.Balancing.EndpointSets;
using Algorithm = Penstock.Model.L7.Balancing;

namespace Penstock.L7.Tests.Balancing;

public sealed class BalancerTests
{
    public static TheoryData<Algorithm> Algorithms => [.. Enum.GetValues<Algorithm>()];

    [Theory]
    [MemberData(nameof(Algorithms))]
    public void Pick_NothingEligible_GivesMinusOne(Algorithm algorithm)
    {
        var random = new FastRandom(1);
        EndpointSet none = Of(algorithm, Array.Empty<Endpoint>());
        EndpointSet unfit = Of(algorithm, Endpoint(1, 0), Endpoint(2, 1, EndpointState.Down), Endpoint(3, 1, EndpointState.Drain), Endpoint(4, 1, EndpointState.Maintenance));

        Balancer.For(none, before: null, ref random).Pick([], [], ref random).ShouldBe(-1);
        Balancer.For(unfit, before: null, ref random).Pick([], new int[4], ref random).ShouldBe(-1);
    }

    [Theory]
    [MemberData(nameof(Algorithms))]
    public void Pick_SomeAreUnfit_ChoosesTheOthersOnly(Algorithm algorithm)
    {
        var random = new FastRandom(1);
        Balancer balancer = Balancer.For(Of(algorithm, Endpoint(1, 0), Endpoint(2), Endpoint(3, 1, EndpointState.Down), Endpoint(4)), before: null, ref random);

        int[] counts = Count(balancer, 10_000, ref random);

        counts[0].ShouldBe(0);
        counts[1].ShouldBeInRange(4_700, 5_300);
        counts[2].ShouldBe(0);
        counts[3].ShouldBeInRange(4_700, 5_300);
    }

    [Theory]
    [MemberData(nameof(Algorithms))]
    public void Pick_Tried_IsNotChosenWhileAnotherIsLeft(Algorithm algorithm)
    {
        Gen<(int[] Weights, ulong Seed)> cases =
            from weights in Gen.Frequency((3, Gen.Choose(0, 5)), (1, Gen.Choose(0, 65_535)), (2, Gen.Constant(7))).ArrayOf()
            from seed in Gen.Choose(0, int.MaxValue)
            select (weights, (ulong)seed);
        Prop.ForAll(cases.ToArbitrary(), input =>
        {
            var random = new FastRandom(input.Seed);
            Balancer balancer = Balancer.For(Of(algorithm, input.Weights), before: null, ref random);
            int[] expected = [.. Enumerable.Range(0, input.Weights.Length).Where(i => input.Weights[i] > 0)];
            var tried = new List<int>();
            for (int index; (index = balancer.Pick([.. tried], new int[input.Weights.Length], ref random)) >= 0;)
            {
                tried.Add(index);
            }

            tried.Order().ShouldBe(expected);
        }).Check(Config.QuickThrowOnFailure);
    }

    [Theory]
    [MemberData(nameof(Algorithms))]
    public void Pick_Endpoints_AllocatesNothing(Algorithm algorithm)
    {
        var random = new FastRandom(1);
        Balancer equal = Balancer.For(Of(algorithm, 1, 1, 1), before: null, ref random);
        Balancer weighted = Balancer.For(Of(algorithm, 1, 2, 4), before: null, ref random);
        int[] active = [3, 1, 2];
        int[] tried = [0];

        Allocations.ShouldBeNone(() => equal.Pick(tried, active, ref random) + weighted.Pick([], active, ref random)).ShouldBeGreaterThanOrEqualTo(0);
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(1, 1, 1)]
    [InlineData(3, 1, 2)]
    public void RoundRobin_SecondAttempts_MoveNobodysTurn(params int[] weights)
    {
        var random = new FastRandom(7);
        Balancer balancer = Balancer.For(Of(Algorithm.RoundRobin, weights), before: null, ref random);
        int first = 0;
        for (int i = 0; i < 100 * weights.Sum(); i++)
        {
            // The endpoint of index 0 refuses every connection.
            if (balancer.Pick([], [], ref random) == 0)
            {
                first++;
                balancer.Pick([0], [], ref random).ShouldBeGreaterThan(0);
            }
        }

        first.ShouldBe(100 * weights[0]);
    }

    [Theory]
    [InlineData(1, 2, 4, 8)]
    [InlineData(65_535, 1, 32_767)]
    [InlineData(5, 1, 1)]
    [InlineData(3, 3, 3)]
    [InlineData(7)]
    public void RoundRobin_AsManyPicksAsTheSumOfWeights_GivesEachExactlyItsWeight(params int[] weights)
    {
        var random = new FastRandom(42);
        Balancer balancer = Balancer.For(Of(Algorithm.RoundRobin, weights), before: null, ref random);

        Count(balancer, weights.Sum(), ref random).ShouldBe(weights);
        Count(balancer, weights.Sum(), ref random).ShouldBe(weights);
    }

    [Fact]
    public void RoundRobin_FiveOneOne_IsSmooth()
    {
        var random = new FastRandom(1);
        Balancer balancer = Balancer.For(Of(Algorithm.RoundRobin, 5, 1, 1), before: null, ref random);
        string picks = string.Concat(Enumerable.Range(0, 21).Select(_ => "abc"[balancer.Pick([], [], ref random)]));

        foreach (string bunch in (string[])["aaaa", "bc", "cb", "bac", "cab"])
        {
            picks.ShouldNotContain(bunch);
        }
    }

    [Fact]
    public void RoundRobin_ManyEndpointsOfFewWeights_CountByWeight()
    {
        var random = new FastRandom(5);
        int[] weights = [.. Enumerable.Range(0, 300).Select(i => i % 3 == 0 ? 90 : 10)];
        EndpointSet set = Of(Algorithm.RoundRobin, weights);
        Balancer balancer = Balancer.For(set, before: null, ref random);

        Count(balancer, weights.Sum(), ref random).ShouldBe(weights);
        set.Classes.ToArray().ShouldBe([new WeightClass(10, 0, 200), new WeightClass(90, 200, 100)]); // What a choice takes time for.
        set.ByWeight[..3].ToArray().ShouldBe([1, 2, 4]);
    }

    [Fact]
    public void RoundRobin_MostEndpointsGo_KeepsNoneWaiting()
    {
        var random = new FastRandom(1);
        Balancer balancer = Balancer.For(Of(Algorithm.RoundRobin, [Endpoint(1), .. Enumerable.Range(3, 1_000).Select(i => Endpoint(i, 100))]), before: null, ref random);
        while (balancer.Pick([], [], ref random) != 0)
        {
            // Until the light one has had its turn, and so has paid for all.
        }

        balancer = Balancer.For(After(balancer.Set, Endpoint(1), Endpoint(2, 2)), balancer, ref random);

        Count(balancer, 30, ref random)[0].ShouldBeInRange(8, 12);
    }

    [Fact]
    public void RoundRobin_EqualWeights_TakesTurns()
    {
        var random = new FastRandom(1);
        Balancer balancer = Balancer.For(Of(Algorithm.RoundRobin, 2, 2, 2), before: null, ref random);
        string picks = string.Concat(Enumerable.Range(0, 9).Select(_ => balancer.Pick([], [], ref random)));

        "012012012012".ShouldContain(picks);
    }

    [Fact]
    public void RoundRobin_ManyReactors_StartAtDifferentEndpoints()
    {
        var random = new FastRandom(1);
        var starts = new HashSet<int>();
        for (int i = 0; i < 100; i++)
        {
            starts.Add(Balancer.For(Of(Algorithm.RoundRobin, 1, 1, 1, 1), before: null, ref random).Pick([], [], ref random));
        }

        starts.Count.ShouldBe(4);
    }

    [Theory]
    [InlineData(1, 1, 1, 1)]
    [InlineData(1, 2, 1, 2)]
    public void RoundRobin_EndpointsChangeAfterEachPick_StillServesAllAlike(params int[] weights)
    {
        var random = new FastRandom(1);
        Balancer balancer = Balancer.For(Of(Algorithm.RoundRobin, weights), before: null, ref random);
        var counts = new int[weights.Length];
        for (int i = 0; i < 6_000; i++)
        {
            balancer = Balancer.For(Of(Algorithm.RoundRobin, weights), balancer, ref random);
            counts[balancer.Pick([], [], ref random)]++;
        }

        counts.ShouldBe([.. weights.Select(weight => 6_000 * weight / weights.Sum())]);
    }

    [Fact]
    public void RoundRobin_EndpointGoesAndComesBack_KeepsTheOthersCredit()
    {
        var random = new FastRandom(1);
        Balancer balancer = Balancer.For(Of(Algorithm.RoundRobin, Endpoint(1, 1), Endpoint(2, 2), Endpoint(3, 3)), before: null, ref random);
        Count(balancer, 3, ref random).Sum().ShouldBe(3);
        balancer = Balancer.For(After(balancer.Set, Endpoint(1, 1), Endpoint(3, 3)), balancer, ref random);
        int[] without = Count(balancer, 4_000, ref random);
        balancer = Balancer.For(After(balancer.Set, Endpoint(1, 1), Endpoint(2, 2), Endpoint(3, 3)), balancer, ref random);
        int[] with = Count(balancer, 6_000, ref random);

        without[0].ShouldBeInRange(998, 1_002);
        with[0].ShouldBeInRange(998, 1_002);
        with[1].ShouldBeInRange(1_998, 2_002);
    }

    [Fact]
    public void RoundRobin_WeightsBecomeUnequal_FollowsThem()
    {
        var random = new FastRandom(1);
        Balancer balancer = Balancer.For(Of(Algorithm.RoundRobin, Endpoint(1), Endpoint(2)), before: null, ref random);
        Count(balancer, 10, ref random).ShouldBe([5, 5]);

        balancer = Balancer.For(After(balancer.Set, Endpoint(3, 3), Endpoint(1), Endpoint(2, 2)), balancer, ref random);
        Count(balancer, 600, ref random).ShouldBe([100, 200, 300]);

        balancer = Balancer.For(After(balancer.Set, Endpoint(3), Endpoint(1), Endpoint(2)), balancer, ref random);
        Count(balancer, 600, ref random).ShouldBe([200, 200, 200]);
    }

    [Theory]
    [InlineData(Algorithm.Random)]
    [InlineData(Algorithm.LeastRequest)]
    public void Drawing_Idle_FollowsTheWeights(Algorithm algorithm)
    {
        int[] weights = [1, 2, 4, 8];
        var random = new FastRandom(7);

        int[] counts = Count(Balancer.For(Of(algorithm, weights), before: null, ref random), 150_000, ref random);

        for (int i = 0; i < weights.Length; i++)
        {
            // Five standard deviations of a binomial distribution.
            double mean = 10_000 * weights[i];
            double deviation = Math.Sqrt(mean * (1 - (weights[i] / 15.0)));
            counts[i].ShouldBeInRange((int)(mean - (5 * deviation)), (int)(mean + (5 * deviation)));
        }
    }

    [Fact]
    public void LeastRequest_OneIsBusy_ChoosesTheOther()
    {
        var random = new FastRandom(1);
        Balancer balancer = Balancer.For(Of(Algorithm.LeastRequest, 1, 1), before: null, ref random);
        int[] active = [3, 2];
        for (int i = 0; i < 1_000; i++)
        {
            balancer.Pick([], active, ref random).ShouldBe(1);
        }
    }

    [Fact]
    public void LeastRequest_Weights_CountLoadByWeight()
    {
        var random = new FastRandom(1);
        Balancer balancer = Balancer.For(Of(Algorithm.LeastRequest, 10, 1), before: null, ref random);
        for (int i = 0; i < 1_000; i++)
        {
            balancer.Pick([], [9, 1], ref random).ShouldBe(0);
            balancer.Pick([], [11, 1], ref random).ShouldBe(1);
        }
    }

    [Fact]
    public void LeastRequest_OneEndpointIsSlow_BoundsItsQueue()
    {
        // Ten requests start in each step; an endpoint finishes two a step, the slow one one every second step.
        var random = new FastRandom(3);
        Balancer balancer = Balancer.For(Of(Algorithm.LeastRequest, 1, 1, 1, 1, 1, 1), before: null, ref random);
        var active = new int[6];
        for (int step = 0; step < 2_000; step++)
        {
            for (int i = 0; i < 10; i++)
            {
                active[balancer.Pick([], active, ref random)]++;
            }

            for (int i = 0; i < active.Length; i++)
            {
                int done = i == 0 ? step % 2 : 2;
                active[i] = Math.Max(0, active[i] - done);
            }
        }

        active.Max().ShouldBeLessThan(20);
    }

    [Fact]
    public void For_AlgorithmChanged_MakesANewBalancer()
    {
        var random = new FastRandom(1);
        Balancer before = Balancer.For(Of(Algorithm.RoundRobin, 1, 1), before: null, ref random);

        Balancer.For(Of(Algorithm.RoundRobin, 1), before, ref random).ShouldBeSameAs(before);
        Balancer.For(Of(Algorithm.Random, 1), before, ref random).ShouldBeOfType<RandomBalancer>();
    }
}
