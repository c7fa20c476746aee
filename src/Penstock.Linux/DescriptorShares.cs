// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Linux;

/// <summary>
/// The process's descriptors, shared out among what takes them for connections: each active share is sure of an equal part, one more part goes to whoever comes first, and
/// what is inactive leaves its part to the others. Any thread may use it.
/// </summary>
public sealed class DescriptorShares
{
    /// <summary>What the daemon opens later, for itself: metrics and admin connections, watches, logs, assemblies at their first use. At most a quarter of what is left.</summary>
    private const int OpenedLater = 32;

    private readonly Lock _gate = new();
    private readonly int _ceiling;
    private int _taken;
    private volatile DescriptorShare[] _active = [];

    /// <summary>Nobody's yet.</summary>
    /// <param name="ceiling">How many connections may use (<see cref="DescriptorReserve.Ceiling"/>).</param>
    /// <param name="taken">How many of them are open already, for good.</param>
    public DescriptorShares(int ceiling, int taken) => (_ceiling, _taken) = (ceiling, taken);

    /// <summary>What there is to share out.</summary>
    public int Capacity
    {
        get
        {
            var left = Math.Max(0, _ceiling - Volatile.Read(ref _taken));
            return left - Math.Min(OpenedLater, left / 4);
        }
    }

    /// <summary>The process's, as its descriptors are now.</summary>
    public static DescriptorShares OfProcess() => new(DescriptorReserve.Ceiling, DescriptorReserve.CountOpen());

    /// <summary>A share that is not active yet.</summary>
    public DescriptorShare Add() => new(this);

    /// <summary>Descriptors are opened for good: reactors, listening sockets; below zero: closed again.</summary>
    public void Fix(int count) => Interlocked.Add(ref _taken, count);

    /// <summary>Has a share count, or not.</summary>
    internal void SetActive(DescriptorShare share, bool active)
    {
        lock (_gate)
        {
            var others = Array.FindAll(_active, other => !ReferenceEquals(other, share));
            _active = active ? [.. others, share] : others;
        }
    }

    /// <summary>What a share may come to while the others are sure of their parts.</summary>
    internal int MostOf(DescriptorShare share)
    {
        var (active, most) = (_active, Capacity);
        var part = most / (active.Length + 1);
        foreach (var other in active)
        {
            if (!ReferenceEquals(other, share))
                most -= Math.Max(part, other.Used);
        }

        return Math.Max(0, most);
    }
}
