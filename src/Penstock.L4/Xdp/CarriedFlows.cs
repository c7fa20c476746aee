// SPDX-License-Identifier: Apache-2.0
using System.Runtime.InteropServices;
using Penstock.Linux.Bpf;

namespace Penstock.L4.Xdp;

/// <summary>
/// Flows of a table in one of another size. The low bits of a flow's hash say its set, and only the set tells them: in a table with more sets a flow is put into each that it may be of,
/// of which all but one grow old; in one with fewer, several sets become one. Programs write into the old table while it is copied, and into the new one while it catches up.
/// </summary>
internal static class CarriedFlows
{
    private const int Slack = 2; // a program may be a second ahead, another one behind

    // How much a flow is worth by its state, as flow_insert has it: new, established, closing, stale.
    private static readonly int[] s_worth = [1, 2, 0, 0];

    private enum Place
    {
        Taken,
        Merged,
        Lost,
    }

    /// <summary>Copies a flow table.</summary>
    /// <param name="old">The table, in use.</param>
    /// <param name="fresh">An empty one, not in use.</param>
    /// <returns>Flows there was no room for: the least recently used, those that are not established first.</returns>
    public static long Copy(BpfMap old, BpfMap fresh)
    {
        var (now, lost) = (BpfClock.Seconds, 0L);
        Walk(old, fresh, isRecent: _ => true, (sets, step, flow) =>
        {
            var isLost = sets.IsEmpty;
            for (var at = 0; at < sets.Length; at += step)
                isLost |= Put(ref sets[at], flow, now) == Place.Lost;
            lost += isLost ? 1 : 0;
        });
        return lost;
    }

    /// <summary>Copies what was written into a flow table while it was copied, where there is room.</summary>
    /// <param name="old">The table, no longer in use.</param>
    /// <param name="fresh">The other one, in use.</param>
    /// <param name="since">When copying began.</param>
    public static void CatchUp(BpfMap old, BpfMap fresh, uint since)
    {
        var now = BpfClock.Seconds;
        var idle = now - since + (2 * Slack);
        Walk(old, fresh, use => Age(use, now) <= idle, (sets, step, flow) =>
        {
            for (var at = 0; at < sets.Length; at += step)
                Add(ref sets[at], flow, now);
        });
    }

    /// <summary>Copies a table of nat flows.</summary>
    /// <param name="old">The table, in use.</param>
    /// <param name="fresh">An empty one with more room, not in use.</param>
    public static void CopyNat(BpfMap old, BpfMap fresh) => old.Read<Layout.NatKey, Layout.NatFlow>(fresh.UpdateBatch);

    /// <summary>Copies what was written into a table of nat flows while it was copied.</summary>
    /// <param name="old">The table, no longer in use.</param>
    /// <param name="fresh">The other one, in use.</param>
    /// <param name="since">When copying began.</param>
    public static void CatchUpNat(BpfMap old, BpfMap fresh, uint since) => old.Read<Layout.NatKey, Layout.NatFlow>((keys, flows) =>
    {
        for (var i = 0; i < keys.Length; i++)
        {
            // What both have differs where the port was given to another flow meanwhile, or the client has come by another way: of that its next packet tells again.
            var isKnown = (int)(flows[i].Seen - since) < -Slack
                || (fresh.TryLookup(keys[i], out Layout.NatFlow known) && (known.Seen > flows[i].Seen || known with { Seen = flows[i].Seen, State = flows[i].State } == flows[i]));
            if (!isKnown)
                fresh.Update(keys[i], flows[i]);
        }
    });

    // Has each flow of the old table, with the sets of the new one, of which each step-th may be its.
    private static void Walk(BpfMap old, BpfMap fresh, Predicate<ushort> isRecent, Action<Span<Layout.FlowSet>, int, Flow> take)
    {
        using var from = old.MapMemory<Layout.FlowSet>();
        using var to = fresh.MapMemory<Layout.FlowSet>();
        var (before, after) = (from.Values.Length / BpfCpus.Possible, to.Values.Length / BpfCpus.Possible);
        for (var i = 0; i < before * BpfCpus.Possible; i++)
        {
            var first = after == 0 ? 0 : i % before & (after - 1);
            var sets = after == 0 ? [] : to.Values.Slice((i / before * after) + first, after - first);
            if (before > after)
                sets = sets[..Math.Min(sets.Length, 1)];
            for (var way = 0; way < Layout.FlowWays; way++)
            {
                if (Flow.Read(ref from.Values[i], way) is { } flow && isRecent(flow.Use))
                    take(sets, before, flow);
            }
        }
    }

    // Into a set that nobody else writes.
    private static Place Put(ref Layout.FlowSet set, in Flow flow, uint now)
    {
        var (place, least) = (0, int.MaxValue);
        for (var way = 0; way < Layout.FlowWays; way++)
        {
            if (set.Tag[way] == flow.Tag)
            {
                if (Worth(set.Use[way], now) < Worth(flow.Use, now))
                    flow.Write(ref set, way);
                return Place.Merged;
            }

            var worth = set.Tag[way] == 0 ? -1 : Worth(set.Use[way], now);
            if (worth < least)
                (place, least) = (way, worth);
        }

        if (least < Worth(flow.Use, now))
            flow.Write(ref set, place);
        return least < 0 ? Place.Taken : Place.Lost;
    }

    // Into a set that the program writes, too: what it has is newer, but for the backend of a flow that was copied halfway.
    private static void Add(ref Layout.FlowSet set, in Flow flow, uint now)
    {
        for (var way = 0; way < Layout.FlowWays; way++)
        {
            if (Volatile.Read(ref set.Tag[way]) != flow.Tag)
                continue;
            if (set.Choice[way] != flow.Choice && Age(set.Use[way], now) >= Age(flow.Use, now))
                Volatile.Write(ref set.Choice[way], flow.Choice);
            return;
        }

        for (var way = 0; way < Layout.FlowWays; way++)
        {
            if (Volatile.Read(ref set.Tag[way]) != 0)
                continue;
            flow.Write(ref set, way);
            return;
        }
    }

    private static int Age(ushort use, uint now) => (int)(now + Slack - use) & Layout.FlowAgeMask;

    private static int Worth(ushort use, uint now) => (s_worth[(int)Layout.StateOf(use)] << Layout.FlowAgeBits) | (Layout.FlowAgeMask - Age(use, now));

    [StructLayout(LayoutKind.Auto)]
    private readonly record struct Flow(uint Tag, uint Choice, ushort Use)
    {
        // None where there is none, or where one is being written: that is caught up with.
        public static Flow? Read(ref Layout.FlowSet set, int way)
        {
            var tag = Volatile.Read(ref set.Tag[way]);
            if (tag == 0)
                return null;
            var (choice, use) = (Volatile.Read(ref set.Choice[way]), Volatile.Read(ref set.Use[way]));
            return Layout.StateOf(use) != Layout.FlowState.Stale && Volatile.Read(ref set.Tag[way]) == tag ? new Flow(tag, choice, use) : null;
        }

        // The tag comes last: with it the rest counts.
        public void Write(ref Layout.FlowSet set, int way)
        {
            Volatile.Write(ref set.Choice[way], Choice);
            Volatile.Write(ref set.Use[way], Use);
            Volatile.Write(ref set.Tag[way], Tag);
        }
    }
}
