// SPDX-License-Identifier: Apache-2.0
using System.Buffers;
using System.IO.Pipelines;
using Penstock.L7.Tls;
using Penstock.Linux;
using Penstock.Linux.Reactors;
using Penstock.Linux.Relays;
using Penstock.Linux.Tls;

namespace Penstock.L7.Transport;

/// <summary>A connected stream socket as a duplex pipe on its reactor: edge-triggered, read and written only when somebody wants to.</summary>
internal class SocketConnection : EpollSource, IDuplexPipe
{
    private const EpollEvents Wanted = EpollEvents.In | EpollEvents.Priority | EpollEvents.Out | EpollEvents.ReadHangUp | EpollEvents.EdgeTriggered;
    private const EpollEvents ReadReadyEvents = EpollEvents.In | EpollEvents.Priority | EpollEvents.ReadHangUp | EpollEvents.HangUp | EpollEvents.Error;
    private const EpollEvents WriteReadyEvents = EpollEvents.Out | EpollEvents.HangUp | EpollEvents.Error;

    private SocketReader _received;
    private SocketWriter _sent;
    private RelaySide? _relayed;

    internal SocketConnection(Reactor reactor, bool largeReads)
    {
        Reactor = reactor;
        _received = new SocketReader(this, largeReads);
        _sent = new SocketWriter(this);
        Reader = _received;
        Writer = _sent;
    }

    /// <summary>Its reactor.</summary>
    internal Reactor Reactor { get; }

    /// <summary>What the peer sends.</summary>
    internal TransportReader Reader { get; private set; }

    /// <summary>What the peer gets.</summary>
    internal TransportWriter Writer { get; private set; }

    /// <summary>TLS between the socket and <see cref="Reader"/> and <see cref="Writer"/>; null: none.</summary>
    internal TlsTransport? Tls { get; private set; }

    PipeReader IDuplexPipe.Input => Reader;

    PipeWriter IDuplexPipe.Output => Writer;

    /// <summary>Whether the descriptor is closed.</summary>
    internal bool IsClosed => Fd < 0;

    /// <summary>The peer has reset the connection, or it broke: nothing that is written reaches anybody.</summary>
    internal bool IsBroken { get; private set; }

    /// <summary>Whether epoll has reported input (or an end) that nobody has taken yet.</summary>
    internal bool HasUnreadEvent => Reader.IsReady || (Pending & ReadReadyEvents) != EpollEvents.None;

    /// <summary>Takes a connected or connecting socket over.</summary>
    /// <returns>An error when epoll does not take it; the descriptor is then closed.</returns>
    internal IoResult Attach(int fd)
    {
        var result = Reactor.Add(this, fd, Wanted);
        if (result.IsError)
            SocketCalls.Close(fd);
        return result;
    }

    /// <summary>
    /// Puts TLS over the socket, as the server: from here on there are another <see cref="Reader"/> and <see cref="Writer"/>. Nobody may wait for either of
    /// those there were; what the reader holds is TLS's.
    /// </summary>
    /// <exception cref="TlsException">OpenSSL has no memory for it.</exception>
    internal TlsTransport Secure(TlsContext context)
    {
        var ahead = Array.Empty<byte>();
        if (Reader.HasBuffered && Reader.TryRead(out var read))
        {
            ahead = read.Buffer.ToArray();
            Reader.AdvanceTo(read.Buffer.End);
        }

        return Secure(TlsSession.Accept(context, Fd, ahead));
    }

    /// <summary>The same for a session that has just been made for this socket.</summary>
    internal TlsTransport Secure(TlsSession session)
    {
        var tls = new TlsTransport(this, session, _received.HasEnd);
        tls.Reader.Guard = Reader.Guard;
        tls.Writer.Guard = Writer.Guard;
        Reader = _received = tls.Reader;
        Writer = _sent = tls.Writer;
        Tls = tls;
        return tls;
    }

    /// <summary>Has a relay take what the socket has and give it what it gets, past <see cref="Reader"/> and <see cref="Writer"/>: nobody waits for either, and neither holds anything.</summary>
    internal void BeginRelay(RelaySide side)
    {
        (side.Fd, side.IsReadable, side.IsWritable) = (Fd, _received.IsReady, true);
        (side.IsEnding, side.HasUrgent, side.HasLostError) = (_received.HasEnd, _received.HasUrgent, IsBroken);
        _relayed = side;
        _received.RemoveDeadline(); // Neither waits any more: the wheel would look at each once for nothing.
        _sent.RemoveDeadline();
    }

    /// <summary>The relay has ended: <see cref="Reader"/> and <see cref="Writer"/> go on.</summary>
    /// <param name="isBroken">Whether the relay has found the connection broken.</param>
    /// <param name="received">Bytes that it has taken, as far as they are to be counted.</param>
    /// <param name="sent">The same of those that it has given.</param>
    internal void EndRelay(bool isBroken, long received = 0, long sent = 0)
    {
        if (_relayed is not { } side)
            return;
        _relayed = null;
        IsBroken |= isBroken;
        _received.GoOn(side.IsReadable, side.IsEnding, side.HasEnded, received);
        _sent.GoOn(sent);
    }

    /// <inheritdoc/>
    public override void OnEvents(EpollEvents events)
    {
        if (_relayed is { } side)
        {
            side.OnEvents(events);
            return;
        }

        if ((events & (EpollEvents.Error | EpollEvents.HangUp)) != EpollEvents.None)
            OnHangUp((events & EpollEvents.Error) != EpollEvents.None);
        if ((events & WriteReadyEvents) != EpollEvents.None && !IsClosed)
            _sent.OnReady();
        if ((events & EpollEvents.Priority) != EpollEvents.None)
            _received.HasUrgent = true;
        if ((events & ReadReadyEvents) != EpollEvents.None && !IsClosed)
            _received.OnReady(ended: (events & ~(EpollEvents.In | EpollEvents.Priority | EpollEvents.Out)) != EpollEvents.None);
    }

    /// <summary>Tells the peer that nothing more will be sent; it may go on sending.</summary>
    internal void EndSending()
    {
        if (!IsClosed)
            _sent.End();
    }

    /// <summary>Part of a TLS record has come: whoever waits for its rest holds a record's buffer.</summary>
    internal virtual void OnRecordBegun()
    {
    }

    /// <summary>Whether there is input, or an end, by a system call.</summary>
    internal bool HasInput() => SocketCalls.HasInput(Fd) || Tls is { Session.HasMore: true };

    /// <summary>Whether nothing has come that nobody asked for. Such a thing is lost: the connection is of no use then. What TLS has to say is not one.</summary>
    internal bool IsQuiet() => Tls is { } tls ? tls.Reader.IsQuiet() : _received.IsDrained();

    /// <summary>Waits until the socket takes something, or has failed: the outcome of a connect.</summary>
    private protected ValueTask<FlushResult> WaitWritableAsync() => _sent.WaitWritableAsync();

    /// <summary>Closes in order: unsent data is still sent by the kernel. Pending reads and writes end as if the peer had gone.</summary>
    internal void Close() => Close(reset: false);

    /// <summary>Closes with a reset, so that the peer sees that something broke.</summary>
    internal void Abort() => Close(reset: true);

    /// <summary>The socket is closed; memory and timers are free again.</summary>
    protected virtual void OnClosed()
    {
    }

    /// <summary>The peer has reset (<paramref name="error"/>) or both directions are shut.</summary>
    protected virtual void OnHangUp(bool error) => IsBroken |= error;

    /// <summary>For <see cref="SocketReader"/> and <see cref="SocketWriter"/>: a call said that the connection is broken.</summary>
    internal void MarkBroken() => IsBroken = true;

    private void Close(bool reset)
    {
        if (IsClosed)
            return;
        var fd = Fd;
        if (!reset && !IsBroken)
            _sent.OnClosing();
        Reactor.Forget(this);
        if (reset)
            SocketCalls.Reset(fd);
        else
            SocketCalls.Close(fd);
        IsBroken = true;
        if (_relayed is { } side)
            side.Fd = Fd;
        OnClosed();
        _sent.OnClosed();
        _received.OnClosed();
        Tls?.Session.Dispose();
    }
}
