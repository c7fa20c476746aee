// SPDX-License-Identifier: Apache-2.0
using System.Buffers;
using System.Runtime.InteropServices;
using Penstock.Model.L4;

namespace Penstock.L4.Maglev;

/// <summary>
/// Maglev's lookup table (Eisenbud et al., NSDI 2016, section 3.4): slots shared out by weight, of which few change
/// hands when a backend comes or goes. Equal members give an equal table, in whatever order they stand.
/// </summary>
public static class MaglevTable
{
    /// <summary>Slots of a table unless configured: the paper's small table, enough for some 650 backends within 1% of their share.</summary>
    public const int DefaultSize = 65537;

    /// <summary>Fills a table.</summary>
    /// <param name="members">At least one; identities differ.</param>
    /// <param name="slots">The table, of a prime size.</param>
    public static void Fill(ReadOnlySpan<MaglevMember> members, Span<uint> slots)
    {
        if (members.IsEmpty || !ServiceConfig.IsTableSize(slots.Length))
            throw new ArgumentException($"{members.Length} members and {slots.Length} slots", nameof(slots));

        var walks = ArrayPool<Walk>.Shared.Rent(members.Length);
        try
        {
            Fill(Walks(members, walks, (uint)slots.Length), slots);
        }
        finally
        {
            ArrayPool<Walk>.Shared.Return(walks);
        }
    }

    private static Span<Walk> Walks(ReadOnlySpan<MaglevMember> members, Walk[] room, uint size)
    {
        var walks = room.AsSpan(0, members.Length);
        for (var i = 0; i < walks.Length; i++)
        {
            var member = members[i];
            walks[i] = new Walk
            {
                Identity = member.Identity,
                At = (uint)(MaglevIdentity.Mix(member.Identity) % size),
                Step = (uint)(MaglevIdentity.Mix(~member.Identity) % (size - 1)) + 1,
                Weight = member.Weight,
                Value = member.Value,
            };
        }

        // The turn order decides who gets a contested slot: it must not depend on the order in the file.
        walks.Sort(static (a, b) => a.Identity.CompareTo(b.Identity));
        return walks;
    }

    private static void Fill(Span<Walk> walks, Span<uint> slots)
    {
        var size = (uint)slots.Length;
        var most = 0u;
        foreach (var walk in walks)
            most = Math.Max(most, walk.Weight);

        // One bit a slot keeps the search within the first-level cache.
        var words = (slots.Length + 63) / 64;
        var taken = ArrayPool<ulong>.Shared.Rent(words);
        taken.AsSpan(0, words).Clear();
        var left = slots.Length;
        while (left > 0)
        {
            foreach (ref var walk in walks)
            {
                // In each round a member of weight w gets w / most of a slot.
                walk.Credit += walk.Weight;
                if (walk.Credit < most)
                    continue;
                walk.Credit -= most;

                var (at, step) = (walk.At, walk.Step);
                while ((taken[at >> 6] & (1UL << (int)at)) != 0)
                {
                    // At plus the step, modulo the size, without a branch: the processor would guess every second one wrong.
                    var behind = (int)(at + step - size);
                    at = (uint)(behind + ((behind >> 31) & (int)size));
                }

                taken[at >> 6] |= 1UL << (int)at;
                slots[(int)at] = walk.Value;
                walk.At = at;
                if (--left == 0)
                    break;
            }
        }

        ArrayPool<ulong>.Shared.Return(taken);
    }

    /// <summary>A member's way through the table.</summary>
    [StructLayout(LayoutKind.Auto)]
    private struct Walk
    {
        public ulong Identity;
        public ulong Credit;
        public uint At;
        public uint Step;
        public uint Weight;
        public uint Value;
    }
}
