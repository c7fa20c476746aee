// SPDX-License-Identifier: Apache-2.0
using System.Numerics;

namespace Penstock.Linux.Reactors;

/// <summary>One ring of a <see cref="TimingWheel"/>: lists of timers by position, and which positions have any.</summary>
/// <param name="count">Slots: a power of two, at least 64.</param>
internal sealed class TimerSlots(int count)
{
    private readonly TimerNode?[] _first = new TimerNode?[count];
    private readonly ulong[] _occupied = new ulong[count / 64];

    /// <summary>A timer at a position; null: there is none.</summary>
    public TimerNode? At(long position) => _first[SlotOf(position)];

    /// <summary>How many positions further the next one with timers is, 1 to as many as there are slots; 0: there is none.</summary>
    public int Ahead(long position)
    {
        for (var ahead = 1; ahead <= count;)
        {
            var slot = SlotOf(position + ahead);
            var word = _occupied[slot >> 6] >> (slot & 63);
            if (word == 0)
            {
                ahead += 64 - (slot & 63);
                continue;
            }

            ahead += BitOperations.TrailingZeroCount(word);
            return ahead <= count ? ahead : 0;
        }

        return 0;
    }

    /// <summary>Puts a timer at a position.</summary>
    public void Link(TimerNode node, long position)
    {
        var slot = SlotOf(position);
        node.Previous = null;
        node.Next = _first[slot];
        if (node.Next is { } next)
            next.Previous = node;
        _first[slot] = node;
        _occupied[slot >> 6] |= 1UL << (slot & 63);
    }

    /// <summary>Takes a timer off the position where it is.</summary>
    public void Unlink(TimerNode node, long position)
    {
        var slot = SlotOf(position);
        if (node.Previous is { } previous)
            previous.Next = node.Next;
        else
            _first[slot] = node.Next;
        if (node.Next is { } next)
            next.Previous = node.Previous;
        if (_first[slot] is null)
            _occupied[slot >> 6] &= ~(1UL << (slot & 63));
        node.Previous = node.Next = null;
    }

    private int SlotOf(long position) => (int)(position & (count - 1));
}
