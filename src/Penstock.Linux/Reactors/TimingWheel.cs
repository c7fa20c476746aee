// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Linux.Reactors;

/// <summary>
/// A hierarchical timing wheel (Varghese and Lauck, 1987, scheme 7) of two rings: 1024 slots of 16 ms, and 256 of a turn of the first, 16.4 s, for deadlines
/// beyond that. Arming, moving and stopping a timer are constant-time; one that is far off is looked at once in a turn at most, and many of them together, so that what
/// waits for minutes costs a wake-up in 16 s. Timers fire at most 16 ms late, never early.
/// </summary>
public sealed class TimingWheel
{
    private const int Slots = 1024;
    private const int TurnShift = 10;
    private const int Turns = 256;
    private const int TickShift = 4;

    private readonly TimerSlots _near = new(Slots);
    private readonly TimerSlots _far = new(Turns);
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
        if (node.LinkedTick >= 0)
        {
            if (node.LinkedTick <= TickOf(deadline))
                return;
            Unlink(node);
        }

        Link(node);
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
        var turn = _tick >> TurnShift;
        var next = (_near.Ahead(_tick), _far.Ahead(turn)) switch
        {
            (0, 0) => -1,
            (0, var far) => (turn + far) << TurnShift,
            (var near, 0) => _tick + near,
            var (near, far) => Math.Min(_tick + near, (turn + far) << TurnShift),
        };
        return next < 0 ? -1 : (int)Math.Max(0, (next << TickShift) - nowMilliseconds);
    }

    /// <summary>Expires what is due.</summary>
    public void Advance(long nowMilliseconds)
    {
        var target = nowMilliseconds >> TickShift;
        if (target - _tick > Slots)
        {
            // After a pause: turn by turn, for what is far is linked by the turn it is in. All that is near is due, and found below.
            for (var turn = (_tick >> TurnShift) + 1; turn << TurnShift <= target - Slots; turn++)
            {
                _tick = turn << TurnShift;
                Expire(_far, turn, nowMilliseconds);
            }

            _tick = target - Slots;
        }

        while (_tick < target)
        {
            _tick++;
            if ((_tick & (Slots - 1)) == 0)
                Expire(_far, _tick >> TurnShift, nowMilliseconds);
            Expire(_near, _tick, nowMilliseconds);
        }
    }

    private static long TickOf(long deadline) => deadline == TimerNode.Never ? long.MaxValue >> TickShift : (deadline >> TickShift) + 1;

    private void Expire(TimerSlots slots, long position, long now)
    {
        // What is re-armed meanwhile lands in another slot: at least one tick ahead, at most a turn less one.
        while (slots.At(position) is { } node)
        {
            Unlink(node);
            if (node.Deadline <= now)
            {
                node.Deadline = TimerNode.Never;
                Fire(node);
            }
            else if (node.Deadline != TimerNode.Never)
            {
                Link(node);
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

    private void Link(TimerNode node)
    {
        var tick = Math.Max(TickOf(node.Deadline), _tick + 1);
        node.IsFar = tick - _tick >= Slots;
        if (node.IsFar)
        {
            var turn = Math.Min(tick >> TurnShift, (_tick >> TurnShift) + Turns - 1);
            node.LinkedTick = turn << TurnShift;
            _far.Link(node, turn);
        }
        else
        {
            node.LinkedTick = tick;
            _near.Link(node, tick);
        }
    }

    private void Unlink(TimerNode node)
    {
        if (node.IsFar)
            _far.Unlink(node, node.LinkedTick >> TurnShift);
        else
            _near.Unlink(node, node.LinkedTick);
        node.LinkedTick = -1;
    }
}
