// SPDX-License-Identifier: Apache-2.0

namespace Penstock.Linux.Reactors;

/// <summary>A listening socket on one reactor, level-triggered: what one turn leaves is reported in the next.</summary>
public abstract class AcceptSource : EpollSource
{
    /// <summary>Most connections accepted in one turn, so that those already there get theirs.</summary>
    internal const int MostPerTurn = 64;

    /// <summary>Pause when there is no room, or descriptors or memory have run out, ms: accepting would fail at once again.</summary>
    private const int PauseMilliseconds = 100;

    /// <summary>Most connections taken off the queue at the end: as many as a queue can hold (<c>net.core.somaxconn</c> has 16 bits at most in use).</summary>
    private const int MaxAtStop = 1 << 16;

    private readonly Reactor _reactor;
    private readonly int _socket;
    private readonly EpollEvents _wanted;
    private readonly PauseTimer _pause;
    private bool _stopped;
    private int _perTurn = 1;
    private long _fullTurn = -1; // the last that took as many as it might

    /// <summary>A source that is not listened to yet.</summary>
    /// <param name="reactor">Whose turn it is.</param>
    /// <param name="socket">The listening socket.</param>
    /// <param name="shared">Whether other reactors listen to the same socket.</param>
    protected AcceptSource(Reactor reactor, int socket, bool shared)
    {
        _reactor = reactor;
        _socket = socket;
        _wanted = shared ? EpollEvents.In | EpollEvents.Exclusive : EpollEvents.In;
        _pause = new PauseTimer(this);
    }

    /// <summary>False: who connects is taken at once.</summary>
    public override bool MayWait => false;

    /// <summary>Begins to accept.</summary>
    public IoResult Start() => _reactor.Add(this, _socket, _wanted);

    /// <summary>Accepts what has already connected, then no more. The socket stays open.</summary>
    /// <param name="closes">Whether it is closed next, for everybody who has it: who connected between this and that would be reset.</param>
    public void Stop(bool closes)
    {
        _stopped = true;
        if (closes)
            _ = SocketCalls.TakeNobodyNew(_socket); // Of no meaning to a Unix socket.
        _reactor.Timers.Remove(_pause);
        for (var left = MaxAtStop; left > 0 && AcceptOne(); left--)
        {
            // Those in the queue would be reset if the socket closed; those that come meanwhile could go on for ever.
        }

        if (Fd >= 0)
            _reactor.Remove(this);
    }

    /// <inheritdoc/>
    public override void OnEvents(EpollEvents events)
    {
        // To ask and find nobody costs nearly as much as to accept (the kernel makes a file and a socket first, accept4 of Linux 6.1), and the next turn tells for nothing whether another
        // waits. So it takes one, and twice as many each time, until a turn in which it would have been seen has nothing for it.
        _perTurn = _reactor.WholeTurnBefore <= _fullTurn ? Math.Min(_perTurn * 2, MostPerTurn) : 1;
        for (var i = 0; i < _perTurn; i++)
        {
            // Where that one took the last room, the next event tells.
            if (Fd < 0 || !AcceptOne() || !HasRoom)
                return;
        }

        _fullTurn = _reactor.Turn;
    }

    /// <summary>Takes a connection over.</summary>
    protected abstract void OnAccepted(int fd, in SocketAddress peer);

    /// <summary>Whether there is room for another connection; where not, those that come wait in the kernel's queue, as without descriptors.</summary>
    protected virtual bool HasRoom => true;

    /// <summary>A connection waits that was not accepted.</summary>
    /// <param name="error">What the host or the process had none of; <see cref="Errno.None"/>: there was no room.</param>
    protected abstract void OnHeldBack(Errno error);

    private bool AcceptOne()
    {
        // At the end those in the queue would be reset for want of room.
        if (!HasRoom && !_stopped)
        {
            OnHeldBack(Errno.None);
            Pause();
            return false;
        }

        var peer = default(SocketAddress);
        var result = SocketCalls.Accept(_socket, ref peer);
        if (!result.IsError)
        {
            OnAccepted(result.Value, peer);
            return true;
        }

        if (result.Error is Errno.EMFILE or Errno.ENFILE or Errno.ENOBUFS or Errno.ENOMEM)
        {
            OnHeldBack(result.Error);
            Pause();
            return false;
        }

        // accept(2) also reports errors of the connection it took off the queue: those are not ours.
        return result.Error != Errno.EAGAIN;
    }

    private void Pause()
    {
        if (_stopped)
            return;
        _reactor.Remove(this);
        ArmPause();
    }

    private void Resume()
    {
        if (Start().IsError)
            ArmPause();
    }

    private void ArmPause() => _reactor.Timers.Arm(_pause, _reactor.Now + PauseMilliseconds);

    private sealed class PauseTimer(AcceptSource source) : TimerNode
    {
        public override void OnExpired() => source.Resume();
    }
}
