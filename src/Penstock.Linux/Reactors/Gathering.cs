// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Linux.Reactors;

/// <summary>
/// When a reactor that was woken for little waits a moment for more. Being woken costs a good part of what a request does, so where its peers are slower than it is, how often it is woken decides.
/// It waits only while many requests are in flight, so that the peers have others to go on with, and only as long as waits are worth it: after one that gathered too little it passes over 2 turns,
/// after the next 4, and so on to <see cref="MostPassed"/>. One thread only, but where said.
/// </summary>
internal sealed class Gathering
{
    /// <summary>Events that pay for being woken by themselves.</summary>
    internal const int Enough = 8;

    /// <summary>Requests in flight, at the most in this period and the last, from which on it waits. Fewer would all soon wait for the reactor that waits for them.</summary>
    internal const int LeastInFlight = 24;

    /// <summary>What makes a wait worth it: it ends by being woken, too, so that one more saves nothing.</summary>
    internal const int LeastGathered = 2;

    /// <summary>Most turns passed over after a wait that was not worth it.</summary>
    internal const int MostPassed = 1024;

    /// <summary>Turns that may sleep in a period: requests that began before it count as in flight no more, and the most of it counts in the next, too.</summary>
    internal const int TurnsOfPeriod = 512;

    private int _period;
    private int _turns;
    private int _most;
    private int _mostBefore;
    private int _passes;
    private int _left;
    private int _woken = -1; // -1: it has not waited in this turn.
    private int _more;
    private int _work;
    private int _workBefore;
    private long _waits;
    private long _gathered;

    /// <summary>Waits so far; read by any thread.</summary>
    internal long Waits => Volatile.Read(ref _waits);

    /// <summary>What they gathered; read by any thread.</summary>
    internal long Gathered => Volatile.Read(ref _gathered);

    /// <summary>Requests in flight that began in this period. Those that last, such as WebSockets and long polling, keep no peer busy, and would hide how few do.</summary>
    internal int InFlight { get; private set; }

    /// <summary>A request begins.</summary>
    /// <returns>Its period.</returns>
    internal int Begin()
    {
        InFlight++;
        _work++;
        return _period;
    }

    /// <summary>A request has ended.</summary>
    /// <param name="period">When it began. One of an earlier period is forgotten already, so that one whose end is never told does no harm.</param>
    internal void End(int period)
    {
        _work++;
        if (period == _period)
            InFlight--;
    }

    /// <summary>A turn begins that may sleep.</summary>
    /// <returns>Whether it waits for more, should it be woken for little.</returns>
    internal bool IsDue()
    {
        _most = Math.Max(_most, InFlight);
        if (++_turns == TurnsOfPeriod)
        {
            _period++;
            _turns = InFlight = 0;
            (_mostBefore, _most) = (_most, 0);
        }

        // Peers answer in bursts, so that the number swings.
        if (Math.Max(_most, _mostBefore) < LeastInFlight)
            return false;
        if (_left == 0)
            return true;
        _left--;
        return false;
    }

    /// <summary>It has waited; the turn's work is still to be done.</summary>
    /// <param name="woken">Events that it was woken for.</param>
    /// <param name="more">How many have come meanwhile.</param>
    internal void OnWaited(int woken, int more) => (_woken, _more, _workBefore) = (woken, more, _work);

    /// <summary>
    /// The turn is over. After a wait this judges it: by the events that came meanwhile or, where one event is of a connection that carries many requests (HTTP/2), by the beginnings and ends of requests
    /// beyond the events that it was woken for.
    /// </summary>
    internal void EndTurn()
    {
        if (_woken < 0)
            return;
        var gathered = Math.Max(_more, _work - _workBefore - _woken);
        _woken = -1;
        Volatile.Write(ref _waits, _waits + 1);
        Volatile.Write(ref _gathered, _gathered + gathered);
        _passes = gathered >= LeastGathered ? 0 : Math.Clamp(_passes * 2, 2, MostPassed);
        _left = _passes;
    }
}
