// SPDX-License-Identifier: Apache-2.0
namespace Penstock.L7.Transport;

/// <summary>A deadline in a <see cref="TimingWheel"/>. Moving it later is one field write: the wheel finds out when the old time comes.</summary>
internal abstract class TimerNode
{
    internal const long Never = long.MaxValue;

    /// <summary>Monotonic milliseconds at which it expires; <see cref="Never"/> while it is off.</summary>
    internal long Deadline { get; set; } = Never;

    /// <summary>The tick of the slot it is linked in; -1 while it is in none. Owned by the wheel.</summary>
    internal long LinkedTick { get; set; } = -1;

    /// <summary>Neighbour in its slot. Owned by the wheel.</summary>
    internal TimerNode? Next { get; set; }

    /// <summary>Neighbour in its slot. Owned by the wheel.</summary>
    internal TimerNode? Previous { get; set; }

    /// <summary>The deadline has passed; the node is off again.</summary>
    internal abstract void OnExpired();
}
