// SPDX-License-Identifier: Apache-2.0
namespace Penstock.L7.Transport;

/// <summary>
/// Time of waits for one peer that go on beside each other, less what bytes that move for any of them are worth: of a second that three wait, each is charged a third. So a peer that serves them in turns, or one after the other, need not do more for all of
/// them than for a single one.
/// </summary>
internal sealed class SharedWaits
{
    /// <summary>Time that bytes which have moved are worth at most, ms.</summary>
    private const double MostCreditMilliseconds = 60_000;

    private double _credit;
    private double _time;
    private long _last;
    private int _waiting;
    private bool _stands;

    /// <summary>A wait begins.</summary>
    /// <param name="now">Monotonic milliseconds.</param>
    /// <returns>The shared time, ms.</returns>
    internal double Enter(long now)
    {
        Advance(now);
        _waiting++;
        return _time;
    }

    /// <summary>A wait is over.</summary>
    /// <param name="now">Monotonic milliseconds.</param>
    internal void Leave(long now)
    {
        Advance(now);
        _waiting--;
    }

    /// <summary>Bytes have moved.</summary>
    /// <param name="milliseconds">What they are worth.</param>
    /// <param name="now">Monotonic milliseconds.</param>
    internal void Credit(double milliseconds, long now)
    {
        Advance(now);
        _credit = Math.Min(_credit + milliseconds, MostCreditMilliseconds);
    }

    /// <summary>The shared time, ms: never faster than the clock.</summary>
    /// <param name="now">Monotonic milliseconds.</param>
    internal double Time(long now)
    {
        Advance(now);
        return _time;
    }

    /// <summary>Has the time stand still, or go on: it is not the peer that keeps them waiting.</summary>
    /// <param name="stands">Whether it stands.</param>
    /// <param name="now">Monotonic milliseconds.</param>
    internal void Stand(bool stands, long now)
    {
        if (_stands == stands)
            return;
        Advance(now);
        _stands = stands;
    }

    private void Advance(long now)
    {
        var passed = (double)(now - _last);
        _last = now;
        if (_waiting == 0 || _stands)
            return;
        var paid = Math.Min(passed, _credit);
        _credit -= paid;
        _time += (passed - paid) / _waiting;
    }
}
