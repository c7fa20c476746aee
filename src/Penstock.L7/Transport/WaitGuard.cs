// SPDX-License-Identifier: Apache-2.0
using System.Runtime.InteropServices;
using Penstock.Linux.Reactors;

namespace Penstock.L7.Transport;

/// <summary>How long one direction of a connection may wait for its peer: until a point in time, or between two moves and above a mean rate.</summary>
[StructLayout(LayoutKind.Auto)]
internal struct WaitGuard
{
    /// <summary>Time a peer may spend before its mean rate counts, ms (Kestrel: MinDataRate.GracePeriod is 5 s).</summary>
    internal const int GraceMilliseconds = 5000;

    private long _until;
    private int _between;
    private int _bytesPerSecond;
    private long _moved;
    private long _waited;
    private long _waitStart;

    /// <summary>Waits end at a point in time, however much moves.</summary>
    internal void Until(long deadline)
    {
        _until = deadline;
        _between = 0;
    }

    /// <summary>Each wait may take so long, and all together no longer than the least mean rate allows.</summary>
    /// <param name="milliseconds">For one wait.</param>
    /// <param name="bytesPerSecond">Least mean rate; 0: none.</param>
    internal void Between(int milliseconds, int bytesPerSecond)
    {
        _until = TimerNode.Never;
        _between = milliseconds;
        _bytesPerSecond = bytesPerSecond;
        _moved = _waited = 0;
    }

    /// <summary>No bound.</summary>
    internal void Off()
    {
        _until = TimerNode.Never;
        _between = 0;
    }

    /// <summary>Bytes have moved.</summary>
    internal void Moved(int bytes) => _moved += bytes;

    /// <summary>A wait begins; returns when it must end, <see cref="TimerNode.Never"/> for no bound.</summary>
    internal long Begin(long now)
    {
        _waitStart = now;
        if (_between == 0)
            return _until == 0 ? TimerNode.Never : _until;
        var deadline = now + _between;
        if (_bytesPerSecond > 0)
            deadline = Math.Min(deadline, now + GraceMilliseconds + (_moved * 1000 / _bytesPerSecond) - _waited);
        return Math.Max(deadline, now);
    }

    /// <summary>The wait is over.</summary>
    internal void End(long now) => _waited += now - _waitStart;
}
