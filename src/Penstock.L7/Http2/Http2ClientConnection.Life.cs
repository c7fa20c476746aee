// SPDX-License-Identifier: Apache-2.0
using Penstock.L7.Errors;
using Penstock.Linux.Reactors;

namespace Penstock.L7.Http2;

/// <content>Whether the endpoint lives: a host that is gone says nothing, and each request would wait for it in vain.</content>
internal sealed partial class Http2ClientConnection
{
    private const long LeastSilenceMilliseconds = 100;
    private const long MostSilenceMilliseconds = 10_000;

    /// <summary>Least time between PINGs that an endpoint without a word for its requests is asked by: grpc-go and grpc-core allow one each 5 minutes (GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS), and end the connection at the third that comes sooner. A little more, as PINGs may be held up on the way.</summary>
    private const long LeastPingMilliseconds = (5 * 60_000) + 10_000;

    /// <summary>The same while there are no requests: 2 hours.</summary>
    private const long LeastIdlePingMilliseconds = (2 * 60 * 60_000) + 10_000;

    private static readonly byte[] s_lifePing = "penstock"u8.ToArray();

    /// <summary>How long the end of what an endpoint has sent may take to come after its reset: both are here already.</summary>
    private const int LastReadMilliseconds = 1000;

    private long _received;
    private long _receivedWhenAsked;
    private long _askedAt;
    private bool _asked;
    private bool _pinged;
    private long? _lastPing;
    private bool _isReset;
    private long _messageFramesAtPong = long.MaxValue;

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

    /// <summary>Whether a PING is none too many for the endpoint: it counts those that come between heads and content of its own, which it has sent for sure if they came behind its answer to the last one.</summary>
    private bool MayPing => _lastPing is not { } last || MessageFrames > _messageFramesAtPong || Reactor.Now - last >= (Active > 0 ? LeastPingMilliseconds : LeastIdlePingMilliseconds);

    /// <inheritdoc/>
    protected override void OnPong() => _messageFramesAtPong = MessageFrames; // As a sign of life it is enough that something came.

    /// <summary>The endpoint may have answered, or said by GOAWAY what it did not begin on, before it reset the connection: the kernel still has that, and only writing met the reset first.</summary>
    protected override bool OnUnsendable()
    {
        if (!IsOpen || IsEnding || !_transport.IsBroken || _transport.Writer.TimedOut)
            return false;
        _draining = _isReset = true;
        _deadline = Reactor.Now + LastReadMilliseconds;
        RefuseUnsent(ProxyError.ConnectionTerminated, inOrder: false, outrun: false);
        ArmWait();
        _transport.Reader.RestartWait();
        return true;
    }

    /// <summary>A request begins to be sent.</summary>
    private void OnAsking()
    {
        if (!IsUnanswered)
            _askedAt = Reactor.Now;
        _asked = true;
        _receivedWhenAsked = _transport.Reader.TotalReceived;
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
        if (_asked && (IsUnanswered || IsHeadAwaited) && MayPing)
        {
            var due = _askedAt + SilenceMilliseconds;
            if (due > Reactor.Now)
            {
                next = due;
            }
            else
            {
                (_asked, _pinged) = (false, true);
                (_lastPing, _messageFramesAtPong) = (Reactor.Now, long.MaxValue);
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
