// SPDX-License-Identifier: Apache-2.0
using Penstock.L4.Xdp;
using Penstock.Linux.Bpf;

namespace Penstock.L4.Tests.Xdp;

/// <summary>Flow tables of one size carried over into those of another.</summary>
public sealed class CarriedFlowsTests
{
    private const ushort New = 0, Established = 1 << 14, Closing = 2 << 14;

    [XdpTheory]
    [InlineData(64, 64)]
    [InlineData(64, 1024)]
    [InlineData(1024, 64)]
    public void Copy_FlowsThatHaveRoom_AreFoundByTheirHash(int before, int after)
    {
        using var old = Table(before);
        using var fresh = Table(after);
        var hashes = Hashes(100);
        foreach (var (cpu, hash) in hashes)
            Insert(old, cpu, hash, Established);

        CarriedFlows.Copy(old, fresh).ShouldBe(0);

        foreach (var (cpu, hash) in hashes)
            Find(fresh, cpu, hash).ShouldBe((uint)hash & 0xFFFF);
    }

    [XdpFact]
    public void Copy_IntoOneSet_KeepsThoseThatAreWorthMost()
    {
        using var old = Table(8);
        using var fresh = Table(1);
        for (var set = 0u; set < 8; set++)
            Insert(old, 0, Hash(tag: set + 1, set), set switch { 0 => Closing, 1 => New, _ => Established });

        CarriedFlows.Copy(old, fresh).ShouldBe(2);

        Enumerable.Range(0, 8).Select(set => Find(fresh, 0, Hash((uint)set + 1, (uint)set)) is not null).ShouldBe([false, false, true, true, true, true, true, true]);
    }

    [XdpFact]
    public void Copy_FlowThatIsInSeveralSets_IsOneInTheSetTheyBecome()
    {
        using var old = Table(2);
        using var fresh = Table(1);
        foreach (var set in (uint[])[0, 1])
            Insert(old, 0, Hash(tag: 5, set), Established);

        CarriedFlows.Copy(old, fresh).ShouldBe(0);

        var merged = Set(fresh, 0);
        merged.Tag[..].ToArray().ShouldBe([5u, 0, 0, 0, 0, 0]);
    }

    [XdpFact]
    public void CatchUp_FlowThatBeganMeanwhile_IsThereTooAndNothingIsOverwritten()
    {
        using var old = Table(64);
        using var fresh = Table(256);
        var since = BpfClock.Seconds;
        var (known, moved, later) = (Hash(tag: 1, set: 3), Hash(tag: 2, set: 3), Hash(tag: 3, set: 3));
        Insert(old, 0, known, Established);
        Insert(old, 0, moved, Established);
        CarriedFlows.Copy(old, fresh);

        Insert(old, 0, later, New);
        Insert(old, 0, moved, Established, choice: 77); // was being written when it was copied
        Insert(fresh, 0, known, Established, choice: 88); // by the program that runs now
        Insert(old, 0, known, Established, aged: 3);
        CarriedFlows.CatchUp(old, fresh, since);

        Find(fresh, 0, later).ShouldBe((uint)later & 0xFFFF);
        Find(fresh, 0, moved).ShouldBe(77u);
        Find(fresh, 0, known).ShouldBe(88u);
    }

    [XdpFact]
    public void CatchUp_FlowLongIdle_IsLeftToTheCopy()
    {
        using var old = Table(64);
        using var fresh = Table(64);
        Insert(old, 0, Hash(tag: 1, set: 3), Established, aged: 60);

        CarriedFlows.CatchUp(old, fresh, BpfClock.Seconds);

        Find(fresh, 0, Hash(tag: 1, set: 3)).ShouldBeNull();
    }

    [XdpFact]
    public void CatchUp_NatFlowsThatBeganMeanwhile_AreThereToo()
    {
        using var old = BpfMap.Create(BpfMapType.LruHash, "nat_flows", 40, 64, 1024);
        using var fresh = BpfMap.CreateLike(old.Info, "nat_flows", 4096);
        var since = BpfClock.Seconds;
        var (copied, began, changed) = (new Layout.NatKey { Protocol = 1 }, new Layout.NatKey { Protocol = 2 }, new Layout.NatKey { Protocol = 3 });
        old.Update(copied, new Layout.NatFlow { Choice = 1, Seen = since });
        old.Update(changed, new Layout.NatFlow { Choice = 1, Seen = since });
        CarriedFlows.CopyNat(old, fresh);
        fresh.Update(copied, new Layout.NatFlow { Choice = 9, Seen = since + 1 }); // by the program that runs now

        old.Update(began, new Layout.NatFlow { Choice = 2, Seen = since });
        old.Update(changed, new Layout.NatFlow { Choice = 3, Seen = since });
        CarriedFlows.CatchUpNat(old, fresh, since);

        Choice(copied).ShouldBe(9u);
        Choice(began).ShouldBe(2u);
        Choice(changed).ShouldBe(3u);

        uint Choice(Layout.NatKey key) => fresh.TryLookup(key, out Layout.NatFlow flow) ? flow.Choice : 0;
    }

    private static BpfMap Table(int sets) => BpfMap.Create(BpfMapType.Array, "flows", 4, 64, (uint)(sets * BpfCpus.Possible), BpfMapFlags.Mappable);

    private static (int Cpu, ulong Hash)[] Hashes(int count)
    {
        var random = new Random(5);
        return [.. Enumerable.Range(0, count).Select(at => (at % BpfCpus.Possible, (ulong)random.NextInt64()))];
    }

    private static ulong Hash(uint tag, uint set) => ((ulong)tag << 32) | set;

    private static int Sets(BpfMap table) => (int)table.Info.MaxEntries / BpfCpus.Possible;

    private static uint Index(BpfMap table, int cpu, ulong hash) => (uint)((cpu * Sets(table)) + (int)(hash & (ulong)(Sets(table) - 1)));

    private static Layout.FlowSet Set(BpfMap table, uint index) => table.TryLookup(index, out Layout.FlowSet set) ? set : throw new KeyNotFoundException();

    // As the program would, into the flow's own place or a free one.
    private static void Insert(BpfMap table, int cpu, ulong hash, ushort state, uint? choice = null, uint aged = 0)
    {
        var index = Index(table, cpu, hash);
        var set = Set(table, index);
        var tags = set.Tag[..].ToArray();
        var way = Array.IndexOf(tags, (uint)(hash >> 32));
        way = way < 0 ? Array.IndexOf(tags, 0u) : way;
        set.Tag[way] = (uint)(hash >> 32);
        set.Choice[way] = choice ?? ((uint)hash & 0xFFFF);
        set.Use[way] = (ushort)(state | ((BpfClock.Seconds - aged) & 0x3FFF));
        table.Update(index, set);
    }

    private static uint? Find(BpfMap table, int cpu, ulong hash)
    {
        var set = Set(table, Index(table, cpu, hash));
        var way = Array.IndexOf(set.Tag[..].ToArray(), (uint)(hash >> 32));
        return way < 0 ? null : set.Choice[way];
    }
}
