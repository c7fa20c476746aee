// SPDX-License-Identifier: Apache-2.0
using System.Buffers;
using Penstock.Linux.Reactors;

namespace Penstock.Linux.Relays;

/// <summary>
/// Two sockets, a client's and a server's, and what moves between them. Messages are received and sent, which is a call less; what comes in bulk goes by splice(2): into an empty pipe from one socket,
/// and all of it on to the other before any more. So a pipe is never full and never to blame when a socket says EAGAIN, and a peer that does not read stops the one that writes. Used on its reactor's
/// thread only.
/// </summary>
public abstract class SpliceRelay
{
    /// <summary>Most moves of what one side has said before the other broke: a fast pair could go on for ever.</summary>
    private const int RoundsAtEnd = 64;

    /// <summary>Most moves in one turn, and bytes after which it is over, so that others get theirs.</summary>
    private const int MovesPerTurn = 8, BytesPerTurn = 512 << 10;

    private readonly PipePool _pipes;
    private readonly byte[] _buffer;
    private Action? _pump;
    private bool _hasYielded;

    /// <summary>A relay without sockets.</summary>
    /// <param name="reactor">Its reactor.</param>
    /// <param name="pipes">The reactor's pipes.</param>
    /// <param name="buffer">The reactor's room for messages; a read that fills it begins bulk.</param>
    protected SpliceRelay(Reactor reactor, PipePool pipes, byte[] buffer)
    {
        (Reactor, _pipes, _buffer) = (reactor, pipes, buffer);
        (Client, Server) = (new RelaySide(this), new RelaySide(this));
        Client.Bulk.Start(mayPipe: true, isBulk: false);
        Server.Bulk.Start(mayPipe: true, isBulk: false);
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
        side.IsEnding |= (events & (EpollEvents.ReadHangUp | Ends)) != EpollEvents.None;
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

    /// <summary>Whether TCP's urgent byte goes on as one: both sockets have it among their bytes (SO_OOBINLINE).</summary>
    protected virtual bool CarriesUrgent => true;

    /// <summary>Whether both sides are connected; where not, the events are the server's, and tell of its connect.</summary>
    protected abstract bool MayMove(EpollEvents events);

    /// <summary>Bytes have moved from a side to the other.</summary>
    /// <param name="from">The side that has said them.</param>
    /// <param name="bytes">How many.</param>
    /// <param name="spliced">Whether by splice(2); otherwise they were copied.</param>
    protected abstract void OnMoved(RelaySide from, int bytes, bool spliced);

    /// <summary>Bytes of a side wait until the other takes them; said again while they do.</summary>
    protected virtual void OnHeld(RelaySide from)
    {
    }

    /// <summary>A side has said its last, and the other was told.</summary>
    protected abstract void OnEnded(RelaySide from);

    /// <summary>Both have: it is to be closed in order.</summary>
    protected abstract void OnDone();

    /// <summary>A socket broke, and what was on its way has gone as far as it could: it is to be reset.</summary>
    protected abstract void OnBroken();

    /// <summary>There was a defect: it is to be reset.</summary>
    protected abstract void OnDefect();

    /// <summary>Moves what there is.</summary>
    protected void Pump()
    {
        try
        {
            MoveBothWays();
        }
        catch
        {
            // The catch-all of a relay, whose next event may never come; whoever called this counts the defect.
            OnDefect();
            throw;
        }
    }

    private void MoveBothWays()
    {
        if (IsClosed)
            return;
        var up = Move(Client, Server);
        var down = Move(Server, Client);
        if (up == MoveOutcome.Failed || down == MoveOutcome.Failed)
        {
            // What the other side has said before goes to its peer, as far as that takes it. What the client has may show only now.
            if (up == MoveOutcome.Waits && Client.IsReadable)
                up = MoveOutcome.Goes;
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
                Reactor.Yield(_pump ??= GoOn);
            _hasYielded = true;
        }
    }

    /// <summary>Ends it, and gives back what bytes lie in.</summary>
    /// <returns>False when it was closed already.</returns>
    protected bool Leave()
    {
        if (IsClosed)
            return false;
        IsClosed = true;
        Release(Client);
        Release(Server);
        return true;
    }

    /// <summary>The same, and closes both sockets; those that have not been told of an end by <paramref name="end"/>.</summary>
    /// <returns>False when it was closed already.</returns>
    protected bool Close(Action<int> end)
    {
        if (!Leave())
            return false;
        foreach (var side in (ReadOnlySpan<RelaySide>)[Client, Server])
        {
            var fd = side.Fd;
            if (side.EpollSlot >= 0)
                Reactor.Forget(side);

            // One that has been told of the end already gets what is on its way there: a reset would take that with it.
            var hasHeardAll = (ReferenceEquals(side, Client) ? Server : Client).IsDone;
            if (fd >= 0)
                (hasHeardAll ? SocketCalls.Close : end)(fd);
        }

        return true;
    }

    private void Release(RelaySide side)
    {
        if (side is { Pipe: { } pipe, Held: > 0 })
        {
            _pipes.Discard(pipe);
            side.Pipe = null;
        }

        side.Held = 0;
        GiveBack(side, MoveOutcome.Waits);
    }

    private MoveOutcome Fail(RelaySide side)
    {
        Broken ??= side;
        return MoveOutcome.Failed;
    }

    // EPIPE is said where its peer had ended what it sends in order, before it broke: there a receive finds the end. An error of the socket is told once, and looks like the end from then on.
    private MoveOutcome FailToSend(RelaySide side, Errno error)
    {
        side.HasLostError |= error != Errno.EPIPE;
        side.IsReadable = side.IsEnding = true; // What it has said before is still to be read, and its event may not have come yet.
        return Fail(side);
    }

    private void GoOn()
    {
        _hasYielded = false;
        Pump();
    }

    private MoveOutcome Move(RelaySide from, RelaySide to)
    {
        var bytes = 0;
        for (var left = MovesPerTurn; left > 0 && bytes < BytesPerTurn; left--)
        {
            if (from.Held == 0 && Fill(from, to, ref bytes) is { } outcome)
            {
                if (outcome == MoveOutcome.Goes)
                    continue;
                return outcome;
            }

            if (!to.IsWritable)
            {
                OnHeld(from);
                return MoveOutcome.Waits;
            }

            var spliced = from is { Urgent: null, Block: null };
            var sent = from.Drain(to);
            if (sent.IsError && sent.Error != Errno.EINTR)
            {
                if (sent.Error != Errno.EAGAIN)
                    return FailToSend(to, sent.Error);
                to.IsWritable = false;
                continue;
            }

            if (!sent.IsError)
                Count(from, sent.Value, spliced, ref bytes);
            if (from.Block is not null)
                GiveBack(from, MoveOutcome.Goes);
        }

        return MoveOutcome.Goes;
    }

    private void Count(RelaySide from, int moved, bool spliced, ref int bytes)
    {
        bytes += moved;
        from.Moved = Reactor.Now;
        OnMoved(from, moved, spliced);
    }

    // Null: bytes are held now.
    private MoveOutcome? Fill(RelaySide from, RelaySide to, ref int bytes)
    {
        if (!from.IsReadable || from.IsDone)
            return GiveBack(from, MoveOutcome.Waits);
        if (from.HasUrgent ? !CarriesUrgent : !from.Bulk.IsBulk)
            return Pass(from, to, ref bytes);
        from.Pipe ??= _pipes.Rent();
        if (from.Pipe is not { } pipe)
        {
            if (_pipes.IsUsedUp)
                from.Bulk.ReadNext();
            else
                from.Bulk.Refuse();
            return from.TakeUrgent() ? null : Pass(from, to, ref bytes);
        }

        var read = pipe.Fill(from.Fd, PipePool.Bytes);
        var hasStopped = read.Error == Errno.EAGAIN ? from.HasUrgent : read.Value == 0;
        if (hasStopped && CarriesUrgent && from.TakeUrgent())
            return null;
        var isRefused = read.IsError && SplicePipe.IsRefusal(read.Error);
        if (isRefused)
            from.Bulk.Refuse();
        if (isRefused || (hasStopped && !CarriesUrgent))
            return Pass(from, to, ref bytes);
        if (read.Value <= 0)
            return Stop(from, to, read);
        from.Bulk.OnPiped(read.Value);
        (from.Held, from.Moved) = (read.Value, Reactor.Now);
        return null;
    }

    // What is read goes on at once; what the other side does not take of it is held.
    private MoveOutcome? Pass(RelaySide from, RelaySide to, ref int bytes)
    {
        if (!to.IsWritable)
            return GiveBack(from, MoveOutcome.Waits);
        var read = SocketCalls.Receive(from.Fd, _buffer);
        if (read.Value <= 0)
            return Stop(from, to, read);
        GiveBack(from, MoveOutcome.Goes);
        from.Bulk.OnRead(read.Value);

        // Less than was asked for empties a stream socket (epoll(7)), unless its end is still to be read, or it has stopped at an urgent byte.
        from.IsReadable = read.Value == _buffer.Length || from.IsEnding || from.HasUrgent;
        var sent = SocketCalls.Send(to.Fd, _buffer.AsSpan(0, read.Value));
        if (sent.IsError && sent.Error is not (Errno.EAGAIN or Errno.EINTR))
            return FailToSend(to, sent.Error);
        to.IsWritable = sent.Error != Errno.EAGAIN;
        if (!sent.IsError)
            Count(from, sent.Value, spliced: false, ref bytes);
        if (sent.Value == read.Value)
            return from.IsReadable ? MoveOutcome.Goes : MoveOutcome.Waits;
        Hold(from, new ReadOnlySequence<byte>(_buffer, Math.Max(sent.Value, 0), read.Value - Math.Max(sent.Value, 0)));
        return null;
    }

    /// <summary>Has a side's bytes wait until the other takes them, before any that its socket has. None may be held.</summary>
    /// <param name="from">The side.</param>
    /// <param name="bytes">At most <see cref="BufferPool.LargeSize"/>.</param>
    protected void Hold(RelaySide from, in ReadOnlySequence<byte> bytes)
    {
        var block = Reactor.Buffers.Rent(large: bytes.Length > BufferPool.SmallSize);
        bytes.CopyTo(block.Block);
        (from.Block, from.Held, from.Moved) = (block, (int)bytes.Length, Reactor.Now);
    }

    // Nothing came: for now, for good, or because the socket is broken.
    private MoveOutcome Stop(RelaySide from, RelaySide to, IoResult read)
    {
        if (read.Error == Errno.EAGAIN)
        {
            from.IsReadable = false;
            return GiveBack(from, MoveOutcome.Waits);
        }

        if (read.IsError || from.HasLostError)
            return read.Error == Errno.EINTR ? MoveOutcome.Goes : GiveBack(from, Fail(from));
        SocketCalls.ShutdownWrite(to.Fd);
        from.HasEnded = from.IsDone = true;
        OnEnded(from);
        return GiveBack(from, MoveOutcome.Waits);
    }

    // Once all that it held is with the other side.
    private MoveOutcome GiveBack(RelaySide side, MoveOutcome outcome)
    {
        if (side.Held > 0)
            return outcome;
        if (side.Pipe is { } pipe)
            _pipes.Return(pipe);
        if (side.Block is { } block)
            Reactor.Buffers.Return(block);
        (side.Pipe, side.Block) = (null, null);
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
