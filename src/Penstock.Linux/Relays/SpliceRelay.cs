// SPDX-License-Identifier: Apache-2.0
using Penstock.Linux.Reactors;

namespace Penstock.Linux.Relays;

/// <summary>
/// Two sockets, a client's and a server's, and what moves between them by splice(2): into an empty pipe from one socket, and all of it on to the other before any more.
/// So a pipe is never full and never to blame when a socket says EAGAIN, and a peer that does not read stops the one that writes. Used on its reactor's thread only.
/// </summary>
public abstract class SpliceRelay
{
    /// <summary>Most moves of what one side has said before the other broke: a fast pair could go on for ever.</summary>
    private const int RoundsAtEnd = 64;

    /// <summary>Moves in one turn, so that others get theirs.</summary>
    private const int MovesPerTurn = 8;

    private readonly PipePool _pipes;
    private readonly byte[] _buffer;
    private readonly Action _pump;
    private bool _hasYielded;

    /// <summary>A relay without sockets.</summary>
    /// <param name="reactor">Its reactor.</param>
    /// <param name="pipes">The reactor's pipes.</param>
    /// <param name="buffer">The reactor's room for a copy, where no pipe is to be had.</param>
    protected SpliceRelay(Reactor reactor, PipePool pipes, byte[] buffer)
    {
        (Reactor, _pipes, _buffer) = (reactor, pipes, buffer);
        (Client, Server) = (new RelaySide(this), new RelaySide(this));
        _pump = GoOn;
    }

    /// <summary>Its reactor.</summary>
    protected Reactor Reactor { get; }

    /// <summary>The client's socket.</summary>
    protected RelaySide Client { get; }

    /// <summary>The server's.</summary>
    protected RelaySide Server { get; }

    /// <summary>Whether it is over.</summary>
    protected bool IsClosed { get; private set; }

    /// <summary>The side whose socket broke first; null: neither has.</summary>
    protected RelaySide? Broken { get; private set; }

    /// <summary>Takes what epoll reports of a side.</summary>
    public void OnEvents(RelaySide side, EpollEvents events)
    {
        if (IsClosed || !MayMove(events))
            return;
        const EpollEvents Ends = EpollEvents.HangUp | EpollEvents.Error;
        if ((events & (EpollEvents.In | EpollEvents.Priority | EpollEvents.ReadHangUp | Ends)) != EpollEvents.None)
            side.IsReadable = true;
        side.HasUrgent |= (events & EpollEvents.Priority) != EpollEvents.None;
        if ((events & (EpollEvents.Out | Ends)) != EpollEvents.None)
            side.IsWritable = true;
        Pump();

        // A reset while its bytes wait for the other side: no read comes upon it.
        if ((events & EpollEvents.Error) != EpollEvents.None && !IsClosed && SocketCalls.TakeError(side.Fd) != Errno.None)
        {
            Fail(side);
            OnBroken();
        }
    }

    /// <summary>Whether both sides are connected; where not, the events are the server's, and tell of its connect.</summary>
    protected abstract bool MayMove(EpollEvents events);

    /// <summary>Bytes have moved from a side to the other.</summary>
    /// <param name="from">The side that has said them.</param>
    /// <param name="bytes">How many.</param>
    /// <param name="spliced">Whether by splice(2); otherwise they were copied.</param>
    protected abstract void OnMoved(RelaySide from, int bytes, bool spliced);

    /// <summary>A side has said its last, and the other was told.</summary>
    protected abstract void OnEnded(RelaySide from);

    /// <summary>Both have: it is to be closed in order.</summary>
    protected abstract void OnDone();

    /// <summary>A socket broke, and what was on its way has gone as far as it could: it is to be reset.</summary>
    protected abstract void OnBroken();

    /// <summary>Moves what there is.</summary>
    protected void Pump()
    {
        if (IsClosed)
            return;
        var up = Move(Client, Server);
        var down = Move(Server, Client);
        if (up == MoveOutcome.Failed || down == MoveOutcome.Failed)
        {
            // What the other side has said before goes to its peer, as far as that takes it.
            for (var rounds = RoundsAtEnd; rounds > 0 && up == MoveOutcome.Goes; rounds--)
                up = Move(Client, Server);
            for (var rounds = RoundsAtEnd; rounds > 0 && down == MoveOutcome.Goes; rounds--)
                down = Move(Server, Client);
            OnBroken();
        }
        else if (Client.IsDone && Server.IsDone)
        {
            OnDone();
        }
        else if (up == MoveOutcome.Goes || down == MoveOutcome.Goes)
        {
            if (!_hasYielded)
                Reactor.Yield(_pump);
            _hasYielded = true;
        }
    }

    /// <summary>Closes both sockets and gives the pipes back; those that have not been told of an end by <paramref name="end"/>.</summary>
    /// <returns>False when it was closed already.</returns>
    protected bool Close(Action<int> end)
    {
        if (IsClosed)
            return false;
        IsClosed = true;
        foreach (var side in (ReadOnlySpan<RelaySide>)[Client, Server])
        {
            var fd = side.Fd;
            if (side.EpollSlot >= 0)
                Reactor.Forget(side);

            // One that has been told of the end already gets what is on its way there: a reset would take that with it.
            var hasHeardAll = (ReferenceEquals(side, Client) ? Server : Client).IsDone;
            if (fd >= 0)
                (hasHeardAll ? SocketCalls.Close : end)(fd);
            if (side is { Pipe: { } pipe, Held: > 0 })
                _pipes.Discard(pipe);
            else
                GiveBack(side, MoveOutcome.Waits);
        }

        return true;
    }

    private MoveOutcome Fail(RelaySide side)
    {
        Broken ??= side;
        return MoveOutcome.Failed;
    }

    private void GoOn()
    {
        _hasYielded = false;
        Pump();
    }

    private MoveOutcome Move(RelaySide from, RelaySide to)
    {
        for (var left = MovesPerTurn; left > 0; left--)
        {
            if (from.Held == 0 && Fill(from, to) is { } outcome)
            {
                if (outcome == MoveOutcome.Goes)
                    continue;
                return outcome;
            }

            if (!to.IsWritable)
                return MoveOutcome.Waits;
            var spliced = from.Urgent is null;
            var sent = from.Drain(to);
            if (sent.IsError && sent.Error != Errno.EINTR)
            {
                to.IsWritable = sent.Error != Errno.EAGAIN;
                return sent.Error == Errno.EAGAIN ? MoveOutcome.Waits : Fail(to);
            }

            if (!sent.IsError)
                OnMoved(from, sent.Value, spliced);
        }

        return MoveOutcome.Goes;
    }

    // Null: bytes are held now.
    private MoveOutcome? Fill(RelaySide from, RelaySide to)
    {
        if (!from.IsReadable || from.IsDone)
            return GiveBack(from, MoveOutcome.Waits);
        from.Pipe ??= _pipes.Rent();
        if (from.Pipe is not { } pipe)
            return from.TakeUrgent() ? null : Copy(from, to);
        var read = pipe.Fill(from.Fd, PipePool.Bytes);
        var hasStopped = read.Error == Errno.EAGAIN ? from.HasUrgent : read.Value == 0;
        if (hasStopped && from.TakeUrgent())
            return null;
        if (read.Value <= 0)
            return Stop(from, to, read);
        from.Held = read.Value;
        return null;
    }

    // Where no pipe is to be had: what the other side has taken goes off the queue only then, so that nothing has to be held.
    private MoveOutcome Copy(RelaySide from, RelaySide to)
    {
        var read = SocketCalls.Peek(from.Fd, to.IsWritable ? _buffer : _buffer.AsSpan(0, 1)); // the end and errors show in one byte
        if (read.Value <= 0 || !to.IsWritable)
            return read.Value <= 0 ? Stop(from, to, read) : MoveOutcome.Waits;
        var sent = SocketCalls.Send(to.Fd, _buffer.AsSpan(0, read.Value));
        to.IsWritable = sent.Error != Errno.EAGAIN;
        if (sent.IsError)
            return sent.Error switch { Errno.EAGAIN => MoveOutcome.Waits, Errno.EINTR => MoveOutcome.Goes, _ => Fail(to) };
        OnMoved(from, sent.Value, spliced: false);
        return SocketCalls.Receive(from.Fd, _buffer.AsSpan(0, sent.Value)).Value == sent.Value ? MoveOutcome.Goes : Fail(from);
    }

    // Nothing came: for now, for good, or because the socket is broken.
    private MoveOutcome Stop(RelaySide from, RelaySide to, IoResult read)
    {
        if (read.Error == Errno.EAGAIN)
        {
            from.IsReadable = false;
            return GiveBack(from, MoveOutcome.Waits);
        }

        if (read.IsError)
            return read.Error == Errno.EINTR ? MoveOutcome.Goes : GiveBack(from, Fail(from));
        SocketCalls.ShutdownWrite(to.Fd);
        from.HasEnded = from.IsDone = true;
        OnEnded(from);
        return GiveBack(from, MoveOutcome.Waits);
    }

    private MoveOutcome GiveBack(RelaySide side, MoveOutcome outcome)
    {
        if (side is { Pipe: { } pipe, Held: 0 })
        {
            _pipes.Return(pipe);
            side.Pipe = null;
        }

        return outcome;
    }

    private enum MoveOutcome
    {
        /// <summary>Until a socket has bytes, or room for them.</summary>
        Waits,

        /// <summary>There may be more to move at once.</summary>
        Goes,

        /// <summary>A socket is broken.</summary>
        Failed,
    }
}
