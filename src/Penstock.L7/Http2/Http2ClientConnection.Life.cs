// SPDX-License-Identifier: Apache-2.0
using Penstock.Linux.Reactors;

namespace Penstock.L7.Http2;

/// <content>Whether the endpoint lives: a host that is gone says nothing, and each request would wait for it in vain.</content>
internal sealed partial class Http2ClientConnection
{
    private const long LeastSilenceMilliseconds = 100;
    private const long MostSilenceMilliseconds = 10_000;

    private static readonly byte[] s_lifePing = "penstock"u8.ToArray();

    private long _received;
    private long _receivedWhenAsked;
    private long _askedAt;
    private bool _asked;
    private bool _pinged;

    /// <summary>How long the endpoint may say nothing to what was asked of it before it is asked by PING, and again before it counts as dead.</summary>
    private long SilenceMilliseconds => Math.Clamp((long)_pool.Config.Timeouts.Response.TotalMilliseconds / 4, LeastSilenceMilliseconds, MostSilenceMilliseconds);

    /// <summary>Whether nothing at all has come since something was asked: it tells of the endpoint, even if who asked waits no longer.</summary>
    private bool IsUnanswered => _asked && _transport.Reader.TotalReceived == _receivedWhenAsked;

    /// <summary>Whether a request waits for its response to begin. One whose response has begun may go on for hours in which neither end owes the other a word.</summary>
    private bool IsHeadAwaited
    {
        get
        {
            foreach (var stream in Streams)
            {
                if (!stream.HeadReceived)
                    return true;
            }

            return false;
        }
    }

    /// <summary>A request begins to be sent, or goes on before its response has begun.</summary>
    internal void OnAsking()
    {
        if (!IsUnanswered)
            _askedAt = Reactor.Now;
        _asked = true;
        _receivedWhenAsked = _transport.Reader.TotalReceived;
    }

    /// <inheritdoc/>
    protected override void OnPong()
    {
        // That something came is enough.
    }

    private void WatchLife()
    {
        (_received, _pinged) = (_transport.Reader.TotalReceived, false);
        Reactor.Timers.Arm(_lifeTimer, Reactor.Now + SilenceMilliseconds);
    }

    /// <summary>An endpoint of which nothing was asked since it answered a PING owes nothing, and is not asked again: servers count PINGs.</summary>
    private void CheckLife()
    {
        if (IsEnding || (Active == 0 && !_pinged && !IsUnanswered))
            return;
        if (_transport.Reader.TotalReceived != _received)
        {
            WatchLife();
            return;
        }

        if (_pinged)
        {
            StopReading();
            _transport.Writer.CancelPendingFlush();
            return;
        }

        var next = Reactor.Now + SilenceMilliseconds;
        if (_asked && (IsUnanswered || IsHeadAwaited))
        {
            var due = _askedAt + SilenceMilliseconds;
            if (due > Reactor.Now)
            {
                next = due;
            }
            else
            {
                (_asked, _pinged) = (false, true);
                WritePing(s_lifePing);
            }
        }

        Reactor.Timers.Arm(_lifeTimer, next);
    }

    private sealed class LifeTimer(Http2ClientConnection connection) : TimerNode
    {
        public override void OnExpired() => connection.CheckLife();
    }
}
