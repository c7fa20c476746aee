// SPDX-License-Identifier: Apache-2.0
using System.Diagnostics;
using System.Net;
using FsCheck;
using FsCheck.Fluent;
using Penstock.L4.Maglev;
using Penstock.Model.L4;

namespace Penstock.L4.Tests.Maglev;

public sealed class MaglevTableTests
{
    private const ulong Seed = 7;

    [Fact]
    public void Fill_WeightsOneToEight_SharesSlotsWithinOnePercent()
    {
        var slots = Table([.. new uint[] { 1, 2, 4, 8 }.Select((weight, i) => Member(i, weight))]);

        for (var i = 0; i < 4; i++)
        {
            var ideal = MaglevTable.DefaultSize * (1 << i) / 15.0;
            slots.Count(value => value == i + 1).ShouldBeInRange((int)(ideal * 0.99), (int)(ideal * 1.01) + 1);
        }
    }

    [Theory]
    [InlineData(10, 10.23)]
    [InlineData(100, 1.56)]
    [InlineData(1000, 0.70)]
    public void Fill_OneBackendRemoved_MovesFewSlots(int backends, double mostPercent)
    {
        // Means over up to 30 backends: which one goes moves the figure by a little.
        var members = Enumerable.Range(0, backends).Select(i => Member(i, 1)).ToArray();
        var before = Table(members);
        var moved = new List<double>();
        foreach (var removed in Enumerable.Range(0, 30).Select(i => i * backends / 30).Distinct())
        {
            var after = Table([.. members.Where((_, i) => i != removed)]);
            moved.Add(before.Zip(after).Count(pair => pair.First != pair.Second) * 100.0 / before.Length);
        }

        moved.Average().ShouldBeLessThanOrEqualTo(mostPercent);
    }

    [Fact]
    public void Fill_MembersInAnyOrder_GivesTheSameTable()
    {
        Prop.ForAll(
            Gen.Choose(1, 60).SelectMany(count => Gen.Choose(1, 9).ArrayOf(count)).ToArbitrary(),
            Gen.Choose(0, int.MaxValue).ToArbitrary(),
            (weights, shuffle) =>
            {
                var members = weights.Select((weight, i) => Member(i, (uint)weight)).ToArray();
                var shuffled = members.ToArray();
                new Random(shuffle).Shuffle(shuffled);
                return Table(members, 1021).SequenceEqual(Table(shuffled, 1021));
            }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void Fill_AnyWeights_GivesEachItsShareToARound()
    {
        Prop.ForAll(
            Gen.Choose(1, 40).SelectMany(count => Gen.Choose(1, 100).ArrayOf(count)).ToArbitrary(),
            weights =>
            {
                var slots = Table([.. weights.Select((weight, i) => Member(i, (uint)weight))], 4099);
                var total = weights.Sum();
                // The last round may end anywhere, and each round rounds: a member is off by its part of one slot for each, at most.
                return weights.Select((weight, i) => Math.Abs(slots.Count(value => value == i + 1) - (4099.0 * weight / total)) - ((double)weight * weights.Length / total)).All(off => off <= 2);
            }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void Fill_OtherSeed_GivesAnotherTable()
    {
        var table = Table([.. Enumerable.Range(0, 10).Select(i => Member(i, 1))]);
        var other = Table([.. Enumerable.Range(0, 10).Select(i => Member(i, 1, seed: 8))]);

        table.Zip(other).Count(pair => pair.First == pair.Second).ShouldBeInRange(5000, 8000);
    }

    [Fact]
    public void Fill_OnAnotherHost_GivesTheSameBits()
    {
        // Fixed once: a version that fills otherwise would send a pair's flows elsewhere while it is rolled out.
        var slots = Table([Member(0, 1), Member(1, 2), Member(2, 3)], 31);

        slots.ShouldBe(Expected);
    }

    [Theory]
    [InlineData(1, false)]
    [InlineData(2, true)]
    [InlineData(4, false)]
    [InlineData(65535, false)]
    [InlineData(65537, true)]
    [InlineData(655373, true)]
    [InlineData(655371, false)]
    public void IsTableSize_OfPrimes_IsTrue(int slots, bool expected) => ServiceConfig.IsTableSize(slots).ShouldBe(expected);

    [Fact]
    public void Fill_NoMembersOrBadSize_IsRefused()
    {
        Should.Throw<ArgumentException>(() => MaglevTable.Fill([], new uint[7]));
        Should.Throw<ArgumentException>(() => MaglevTable.Fill([Member(0, 1)], new uint[8]));
    }

    [Fact]
    public void Of_AddressesPortsAndSeeds_AreTold()
    {
        var identities = new[]
        {
            MaglevIdentity.Of(IPAddress.Parse("10.0.0.1"), 0, 0), MaglevIdentity.Of(IPAddress.Parse("10.0.0.2"), 0, 0),
            MaglevIdentity.Of(IPAddress.Parse("10.0.0.1"), 80, 0), MaglevIdentity.Of(IPAddress.Parse("10.0.0.1"), 0, 1),
            MaglevIdentity.Of(IPAddress.Parse("2001:db8::1"), 0, 0),
        };

        identities.Distinct().Count().ShouldBe(identities.Length);
        MaglevIdentity.Of(IPAddress.Parse("::ffff:10.0.0.1"), 0, 0).ShouldBe(identities[0]);
    }

    [Fact]
    public void Fill_OfAHundred_TakesMilliseconds()
    {
        var members = Enumerable.Range(0, 100).Select(i => Member(i, (uint)(1 + (i % 3)))).ToArray();
        var slots = new uint[MaglevTable.DefaultSize];
        MaglevTable.Fill(members, slots);
        var best = double.MaxValue;
        for (var i = 0; i < 20; i++)
        {
            var started = Stopwatch.GetTimestamp();
            MaglevTable.Fill(members, slots);
            best = Math.Min(best, Stopwatch.GetElapsedTime(started).TotalMilliseconds);
        }

        // The best of many, with slack: other tests, and other machines, share the processor.
        best.ShouldBeLessThan(4 * 4.0);
    }

    private static readonly uint[] Expected = [3, 2, 3, 3, 1, 2, 3, 1, 2, 3, 3, 3, 2, 3, 3, 2, 3, 3, 3, 2, 2, 1, 2, 3, 1, 3, 3, 1, 2, 2, 3];

    private static uint[] Table(MaglevMember[] members, int size = MaglevTable.DefaultSize)
    {
        var slots = new uint[size];
        MaglevTable.Fill(members, slots);
        return slots;
    }

    private static MaglevMember Member(int index, uint weight, ulong seed = Seed) =>
        new(MaglevIdentity.Of(new IPAddress([10, 1, (byte)(index >> 8), (byte)index]), 0, seed), weight, (uint)index + 1);
}
