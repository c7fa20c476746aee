// SPDX-License-Identifier: Apache-2.0
using FsCheck;
using FsCheck.Fluent;
using Penstock.L7.Balancing;
using Penstock.Model;
using static Penstock.L7.Tests.Balancing.EndpointSets;

namespace Penstock.L7.Tests.Balancing;

public sealed class EndpointSlotsTests
{
    private const int Numbers = 30;

    [Fact]
    public void Next_AnyChanges_KeepSlotsAndTellWhatIsAnother() =>
        Prop.ForAll(Gen.Choose(0, (2 * Numbers) - 1).ArrayOf().ArrayOf().ToArbitrary(), versions =>
        {
            EndpointSlots first = EndpointSlots.Of(new ClusterEndpoints("c", []));
            EndpointSlots slots = first;
            foreach (int[] version in versions)
            {
                EndpointSlots next = slots.Next(Cluster([.. version.DistinctBy(one => one % Numbers).Select(one => Endpoint(one % Numbers, 1 + (one / Numbers)))]));

                ShouldBeInOrder(next);
                ShouldKeep(slots, next);
                next.Capacity.ShouldBeInRange(slots.Capacity, Numbers);
                next.ChangedSince(slots).ToArray().Order().ShouldBe(Different(slots, next));
                next.ChangedSince(first).ToArray().Order().ShouldBe(Different(first, next));
                slots = next;
            }
        }).Check(Config.QuickThrowOnFailure);

    [Fact]
    public void Next_SlicesComeGoAndChange_ConcernsTheirEndpointsAlone()
    {
        Endpoint[] all = [.. Enumerable.Range(1, 5_000).Select(number => Endpoint(number))];
        EndpointSlots before = EndpointSlots.Of(Cluster(all));
        IEnumerable<Endpoint> another = all[2_000..2_100].Select((endpoint, i) => endpoint with { State = i == 7 ? EndpointState.Drain : EndpointState.Ready });
        IEnumerable<Endpoint> added = Enumerable.Range(6_001, 50).Select(number => Endpoint(number));

        EndpointSlots now = before.Next(Cluster([.. all[..100], .. all[200..2_000], .. another, .. added, .. all[2_100..]]));

        ShouldBeInOrder(now);
        ShouldKeep(before, now);
        now.Capacity.ShouldBe(5_000, "those that came have slots of those that went");
        now.ChangedSince(before).Length.ShouldBe(100 + 1);
    }

    [Fact]
    public void Next_ManyMoreThanBefore_KeepsTheSlotsOfTheFew()
    {
        EndpointSlots few = EndpointSlots.Of(Cluster([Endpoint(4_000), Endpoint(10)]));

        EndpointSlots many = few.Next(Cluster([.. Enumerable.Range(1, 5_000).Select(number => Endpoint(number))]));

        ShouldBeInOrder(many);
        ShouldKeep(few, many);
        many.ChangedSince(few).Length.ShouldBe(4_998);
    }

    [Fact]
    public void Next_SameObject_IsTheSame()
    {
        EndpointSlots slots = EndpointSlots.Of(Cluster([Endpoint(1)]));

        slots.Next(slots.Source).ShouldBeSameAs(slots);
        slots.ChangedSince(slots).IsEmpty.ShouldBeTrue();
    }

    private static ClusterEndpoints Cluster(Endpoint[] endpoints) => new("c", [.. endpoints]);

    private static IEnumerable<int> Different(EndpointSlots before, EndpointSlots now) =>
        Enumerable.Range(0, Math.Max(before.Capacity, now.Capacity)).Where(slot => !Equals(before[slot], now[slot]));

    private static void ShouldBeInOrder(EndpointSlots slots)
    {
        int[] inOrder = slots.InOrder.ToArray();
        inOrder.Distinct().Count().ShouldBe(inOrder.Length);
        inOrder.Select(slot => slots[slot]).ShouldBe(slots.Source.Endpoints.ToArray());
        Enumerable.Range(0, slots.Capacity).Count(slot => slots[slot] is not null).ShouldBe(inOrder.Length);
    }

    private static void ShouldKeep(EndpointSlots before, EndpointSlots now)
    {
        var slotOf = before.InOrder.ToArray().ToDictionary(slot => before[slot]!.Address); // In order are those there are.
        foreach (int slot in now.InOrder)
        {
            if (slotOf.TryGetValue(now[slot]!.Address, out int known)) // As above.
            {
                slot.ShouldBe(known);
            }
        }
    }
}
