// SPDX-License-Identifier: Apache-2.0
using System.Runtime.InteropServices;

namespace Penstock.L7.Http2;

/// <summary>A leaky bucket of things a peer does that cost more here than there. A field of its connection, never copied.</summary>
[StructLayout(LayoutKind.Auto)]
internal struct FloodMeter
{
    private readonly int _burst;
    private readonly double _perSecond;
    private double _level;
    private long _drained;

    /// <summary>An empty bucket.</summary>
    /// <param name="burst">How many at once.</param>
    /// <param name="perSecond">How many in the long run.</param>
    /// <param name="now">Monotonic milliseconds.</param>
    internal FloodMeter(int burst, double perSecond, long now)
    {
        _burst = burst;
        _perSecond = perSecond;
        _drained = now;
    }

    /// <summary>Frames of content without any.</summary>
    /// <param name="now">Monotonic milliseconds.</param>
    internal static FloodMeter OfEmptyFrames(long now) => new(burst: 100, perSecond: 10, now);

    /// <summary>One more.</summary>
    /// <param name="now">Monotonic milliseconds.</param>
    /// <returns>False when that is too many.</returns>
    internal bool TryAdd(long now)
    {
        _level = Math.Max(0, _level - ((now - _drained) * _perSecond / 1000.0)) + 1;
        _drained = now;
        return _level <= _burst;
    }
}
