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
    private long _said;
    private bool _owed;
    private bool _pinged;

    /// <summary>Grows with each request and its content.</summary>
    private long Said => _nextId + ContentSent;

    /// <summary>How long the endpoint may say nothing to what was sent before it is asked by PING, and again before it counts as dead.</summary>
    private long SilenceMilliseconds => Math.Clamp((long)_pool.Config.Timeouts.Response.TotalMilliseconds / 4, LeastSilenceMilliseconds, MostSilenceMilliseconds);

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

    /// <summary>An endpoint to which nothing was said since it answered a PING owes nothing, and is not asked again: servers count PINGs.</summary>
    private void CheckLife()
    {
        if (IsEnding || (Active == 0 && !_pinged))
            return;
        _owed |= Said != _said;
        _said = Said;
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

        if (_owed)
        {
            (_owed, _pinged) = (false, true);
            WritePing(s_lifePing);
        }

        Reactor.Timers.Arm(_lifeTimer, Reactor.Now + SilenceMilliseconds);
    }

    private sealed class LifeTimer(Http2ClientConnection connection) : TimerNode
    {
        public override void OnExpired() => connection.CheckLife();
    }
}
