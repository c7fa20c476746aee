// SPDX-License-Identifier: Apache-2.0
using System.Numerics;

namespace Penstock.Linux.Reactors;

/// <summary>
/// A hashed timing wheel (Varghese and Lauck, 1987, scheme 6): 1024 slots of 16 ms. Arming, moving and stopping a timer
/// are constant-time; a deadline beyond the wheel's 16 s is looked at once a turn. Timers fire at most 16 ms late, never early.
/// </summary>
public sealed class TimingWheel
{
    private const int Slots = 1024;
    private const int TickShift = 4;

    private readonly TimerNode?[] _slots = new TimerNode?[Slots];
    private readonly ulong[] _occupied = new ulong[Slots / 64];
    private readonly Action<Exception> _onFailure;
    private long _tick;

    /// <summary>A wheel that starts at the given time.</summary>
    /// <param name="nowMilliseconds">The time.</param>
    /// <param name="onFailure">Told what a timer throws.</param>
    public TimingWheel(long nowMilliseconds, Action<Exception> onFailure)
    {
        _tick = nowMilliseconds >> TickShift;
        _onFailure = onFailure;
    }

    /// <summary>Sets a timer, wherever it stood before.</summary>
    public void Arm(TimerNode node, long deadline)
    {
        node.Deadline = deadline;
        var tick = Math.Min(TickOf(deadline), _tick + Slots - 1);
        if (node.LinkedTick >= 0)
        {
            if (node.LinkedTick <= tick)
                return;
            Unlink(node);
        }

        Link(node, tick);
    }

    /// <summary>Turns a timer off; it is unlinked when its slot comes round.</summary>
    public static void Stop(TimerNode node) => node.Deadline = TimerNode.Never;

    /// <summary>Takes a timer out for good, so that nothing refers to it any more.</summary>
    public void Remove(TimerNode node)
    {
        node.Deadline = TimerNode.Never;
        if (node.LinkedTick >= 0)
            Unlink(node);
    }

    /// <summary>Milliseconds until a slot that holds something is due; -1 when the wheel is empty.</summary>
    public int MillisecondsToNext(long nowMilliseconds)
    {
        for (var ahead = 1; ahead <= Slots; ahead++)
        {
            var slot = (int)((_tick + ahead) & (Slots - 1));
            var word = _occupied[slot >> 6] >> (slot & 63);
            if (word == 0)
            {
                ahead += 63 - (slot & 63);
                continue;
            }

            ahead += BitOperations.TrailingZeroCount(word);
            return ahead > Slots ? -1 : (int)Math.Max(0, ((_tick + ahead) << TickShift) - nowMilliseconds);
        }

        return -1;
    }

    /// <summary>Expires what is due.</summary>
    public void Advance(long nowMilliseconds)
    {
        var target = nowMilliseconds >> TickShift;
        if (target - _tick > Slots)
            _tick = target - Slots;
        while (_tick < target)
        {
            _tick++;
            var slot = (int)(_tick & (Slots - 1));
            if ((_occupied[slot >> 6] & (1UL << (slot & 63))) != 0)
                Expire(slot, nowMilliseconds);
        }
    }

    private static long TickOf(long deadline) => deadline == TimerNode.Never ? long.MaxValue >> TickShift : (deadline >> TickShift) + 1;

    private void Expire(int slot, long now)
    {
        // What is re-armed meanwhile lands in another slot: at least one tick ahead, at most a turn less one.
        while (_slots[slot] is { } node)
        {
            Unlink(node);
            if (node.Deadline <= now)
            {
                node.Deadline = TimerNode.Never;
                Fire(node);
            }
            else if (node.Deadline != TimerNode.Never)
            {
                Link(node, Math.Min(TickOf(node.Deadline), _tick + Slots - 1));
            }
        }
    }

    private void Fire(TimerNode node)
    {
        try
        {
            node.OnExpired();
        }
        catch (Exception e)
        {
            // The loop's catch-all for timers: the rest of the slot would wait for the next turn of the wheel.
            _onFailure(e);
        }
    }

    private void Link(TimerNode node, long tick)
    {
        tick = Math.Max(tick, _tick + 1);
        var slot = (int)(tick & (Slots - 1));
        node.LinkedTick = tick;
        node.Previous = null;
        node.Next = _slots[slot];
        if (node.Next is { } next)
            next.Previous = node;
        _slots[slot] = node;
        _occupied[slot >> 6] |= 1UL << (slot & 63);
    }

    private void Unlink(TimerNode node)
    {
        var slot = (int)(node.LinkedTick & (Slots - 1));
        if (node.Previous is { } previous)
            previous.Next = node.Next;
        else
            _slots[slot] = node.Next;
        if (node.Next is { } next)
            next.Previous = node.Previous;
        if (_slots[slot] is null)
            _occupied[slot >> 6] &= ~(1UL << (slot & 63));
        node.Previous = node.Next = null;
        node.LinkedTick = -1;
    }
}
