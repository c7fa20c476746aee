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
    private long _mostCredit;
    private long _moved;
    private double _waited;
    private long _waitStart;
    private double _countStart;
    private bool _counts;

    /// <summary>Whether a wait has begun that is not over.</summary>
    internal bool IsWaiting { get; private set; }

    /// <summary>Whether the peer is known to have something to send, or to take: otherwise the mean rate is not asked of the waits that begin. True from <see cref="Between"/> on.</summary>
    internal bool IsOwed { get; set; }

    /// <summary>What counts the time of waits for the rate, where several share it; null: each has its own, as the clock on the wall has it.</summary>
    internal SharedWaits? Shared { get; set; }

    /// <summary>Waits end at a point in time, however much moves.</summary>
    internal void Until(long deadline)
    {
        _until = deadline;
        _between = 0;
    }

    /// <summary>Each wait may take so long, and all together no longer than the least mean rate allows.</summary>
    /// <param name="milliseconds">For one wait.</param>
    /// <param name="bytesPerSecond">Least mean rate; 0: none.</param>
    /// <param name="mostCredit">Time that bytes which have moved are worth at most, ms: for what lasts so long that its mean says little.</param>
    internal void Between(int milliseconds, int bytesPerSecond, long mostCredit = long.MaxValue)
    {
        _until = TimerNode.Never;
        _between = milliseconds;
        _bytesPerSecond = bytesPerSecond;
        _mostCredit = mostCredit;
        _moved = 0;
        _waited = 0;
        IsOwed = true;
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
        End(now);
        IsWaiting = true;
        _waitStart = now;
        _counts = _between > 0 && _bytesPerSecond > 0 && IsOwed;
        if (_counts)
        {
            _waited = Math.Max(_waited, (_moved * 1000.0 / _bytesPerSecond) - _mostCredit);
            _countStart = Shared is { } shared ? shared.Enter(now) : now;
        }

        return Deadline(now);
    }

    /// <summary>When the wait that has begun must end, as far as is known now: later than was said when time is shared, or bytes have moved.</summary>
    internal readonly long Deadline(long now)
    {
        if (_between == 0)
            return _until == 0 ? TimerNode.Never : _until;
        var deadline = _waitStart + _between;
        if (_counts)
            deadline = Math.Min(deadline, now + (long)Math.Ceiling(GraceMilliseconds + (_moved * 1000.0 / _bytesPerSecond) - _waited - Counted(now)));
        return Math.Max(deadline, now);
    }

    /// <summary>The wait is over, if one has begun.</summary>
    internal void End(long now)
    {
        if (!IsWaiting)
            return;
        IsWaiting = false;
        if (!_counts)
            return;
        _waited += Counted(now);
        Shared?.Leave(now);
    }

    private readonly double Counted(long now) => (Shared is { } shared ? shared.Time(now) : now) - _countStart;
}
