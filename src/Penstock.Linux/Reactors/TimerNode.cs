// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Linux.Reactors;

/// <summary>A deadline in a <see cref="TimingWheel"/>. Moving it later is one field write: the wheel finds out when the old time comes.</summary>
public abstract class TimerNode
{
    public const long Never = long.MaxValue;

    /// <summary>Monotonic milliseconds at which it expires; <see cref="Never"/> while it is off.</summary>
    public long Deadline { get; set; } = Never;

    /// <summary>The tick at which the slot comes that it is linked in; -1 while it is in none. Owned by the wheel.</summary>
    public long LinkedTick { get; set; } = -1;

    /// <summary>Whether that slot is one of the ring for later turns. Owned by the wheel.</summary>
    public bool IsFar { get; set; }

    /// <summary>Neighbour in its slot. Owned by the wheel.</summary>
    public TimerNode? Next { get; set; }

    /// <summary>Neighbour in its slot. Owned by the wheel.</summary>
    public TimerNode? Previous { get; set; }

    /// <summary>The deadline has passed; the node is off again.</summary>
    public abstract void OnExpired();
}
