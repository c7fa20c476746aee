// SPDX-License-Identifier: Apache-2.0
using Penstock.L7.Http1;
using Penstock.Linux;
using Penstock.Linux.Reactors;

namespace Penstock.L7.Runtime;

/// <summary>
/// A connection whose first bytes decide what becomes of it. They are looked at where they lie in the kernel (MSG_PEEK) and are whoever's who takes the socket over,
/// so that nothing has to be handed on but the descriptor.
/// </summary>
internal abstract class PeekedConnection : EpollSource, IHeldConnection
{
    /// <summary>Most bytes that can be looked at.</summary>
    internal const int MaxBytes = 64 << 10;

    /// <summary>How long a beginning that has come in part may hold up a listener's end, ms: more than a segment that was lost takes to come again.</summary>
    internal const int DrainMilliseconds = 1000;

    private const EpollEvents Wanted = EpollEvents.In | EpollEvents.ReadHangUp | EpollEvents.EdgeTriggered;
    private const EpollEvents Ends = EpollEvents.ReadHangUp | EpollEvents.HangUp | EpollEvents.Error;

    private readonly Deadline _deadline;
    private int _socket;

    private protected PeekedConnection(Worker worker, ListenerSlot slot)
    {
        (Worker, Slot) = (worker, slot);
        _deadline = new Deadline(this);
    }

    /// <inheritdoc/>
    public ListenerSlot Slot { get; }

    /// <summary>Its worker.</summary>
    protected Worker Worker { get; }

    /// <summary>Bytes seen so far.</summary>
    protected int Seen { get; private set; }

    /// <inheritdoc/>
    public override void OnEvents(EpollEvents events) => Look((events & Ends) != EpollEvents.None);

    /// <inheritdoc/>
    public void Drain()
    {
        // What has come already is still served, and what it is a part of if that is on its way.
        if (Fd >= 0 && SocketCalls.HasInput(Fd))
            Worker.Reactor.Timers.Arm(_deadline, Worker.Reactor.Now + DrainMilliseconds);
        else if (Fd >= 0)
            Give(PeekOutcome.Cut);
    }

    /// <inheritdoc/>
    public void Cut() => Give(PeekOutcome.Cut);

    /// <summary>Takes the socket, and begins to look.</summary>
    /// <param name="fd">The socket.</param>
    /// <param name="milliseconds">Time for it.</param>
    protected void Begin(int fd, long milliseconds)
    {
        Worker.Hold(this);
        _socket = fd;
        if (Look(hasEnded: false))
            return; // What was waited for had come with the connection.
        Worker.Reactor.Timers.Arm(_deadline, Worker.Reactor.Now + milliseconds);
        if (Worker.Reactor.Add(this, fd, Wanted).IsError)
            Give(PeekOutcome.Cut);
    }

    /// <summary>Looks at the first bytes.</summary>
    /// <param name="bytes">All that have come, in memory that may be written to.</param>
    protected abstract ParseStatus Examine(Span<byte> bytes);

    /// <summary>It is over: whoever is told has the socket, which is in no epoll instance any more.</summary>
    protected abstract void OnOutcome(int fd, PeekOutcome outcome);

    private bool Look(bool hasEnded)
    {
        IoResult read;
        do
            read = SocketCalls.Peek(_socket, Worker.Peeked);
        while (read.Error == Errno.EINTR);
        if (read.Error == Errno.EAGAIN)
            return false;
        if (read.Value <= 0)
            return Give(PeekOutcome.Ended);
        Seen = read.Value;
        return Examine(Worker.Peeked.AsSpan(0, read.Value)) switch
        {
            ParseStatus.Done => Give(PeekOutcome.Done),
            ParseStatus.Rejected => Give(PeekOutcome.Rejected),
            _ => hasEnded && Give(PeekOutcome.Ended),
        };
    }

    private bool Give(PeekOutcome outcome)
    {
        if (_socket < 0)
            return true;
        var fd = _socket;
        _socket = -1;
        Worker.Reactor.Timers.Remove(_deadline);
        if (EpollSlot >= 0)
            Worker.Reactor.Remove(this);
        Worker.Release(this);
        OnOutcome(fd, outcome);
        return true;
    }

    private sealed class Deadline(PeekedConnection connection) : TimerNode
    {
        public override void OnExpired() => connection.Give(PeekOutcome.TimedOut);
    }
}
