// SPDX-License-Identifier: Apache-2.0
using Penstock.Linux.Reactors;

namespace Penstock.Linux.Relays;

/// <summary>One of a relay's two sockets, with the way of what is read from it to the other one. Edge-triggered: what it can do is remembered until it can't.</summary>
public sealed class RelaySide(SpliceRelay relay) : EpollSource
{
    /// <summary>Events of both sockets.</summary>
    public const EpollEvents Wanted = EpollEvents.In | EpollEvents.Priority | EpollEvents.Out | EpollEvents.ReadHangUp | EpollEvents.EdgeTriggered;

    /// <summary>Whether it may have bytes, or its end.</summary>
    public bool IsReadable { get; set; }

    /// <summary>Whether it may take bytes.</summary>
    public bool IsWritable { get; set; }

    /// <summary>Whether the end of its stream was read.</summary>
    public bool HasEnded { get; set; }

    /// <summary>Whether the other side was told of that end, after all bytes before it.</summary>
    public bool IsDone { get; set; }

    /// <summary>Whether its end or an error was reported: less than was asked for is not all that it has.</summary>
    public bool IsEnding { get; set; }

    /// <summary>Whether a send has taken the error that broke it off the socket: what a receive finds now is no end of its stream.</summary>
    public bool HasLostError { get; set; }

    /// <summary>Bytes of it on their way to the other side, that a pipe took; null: none are.</summary>
    public SplicePipe? Pipe { get; set; }

    /// <summary>The same, that were copied; null: none are.</summary>
    public BufferSegment? Block { get; set; }

    /// <summary>How many are on their way.</summary>
    public int Held { get; set; }

    /// <summary>When bytes of it have moved last, or begun to wait for the other side. Monotonic milliseconds.</summary>
    public long Moved { get; set; }

    /// <summary>Whether pipes are worth it.</summary>
    public BulkGauge Bulk { get; } = new();

    /// <summary>Whether TCP's urgent byte is among what it may have.</summary>
    public bool HasUrgent { get; set; }

    /// <summary>That byte on its way to the other side, with no others; null: it is not.</summary>
    public byte? Urgent { get; private set; }

    /// <summary>Takes the urgent byte where it is the next: splice(2) stops there for good.</summary>
    public bool TakeUrgent()
    {
        Span<byte> one = stackalloc byte[1];
        if (!SocketCalls.IsAtUrgent(Fd) || SocketCalls.Receive(Fd, one).Value != 1)
            return false;
        (Urgent, Held, HasUrgent) = (one[0], 1, false);
        return true;
    }

    /// <summary>Gives what is held, or a part of it, to the other side.</summary>
    public IoResult Drain(RelaySide to)
    {
        var sent = Send(to.Fd);
        if (sent.IsError)
            return sent;
        Urgent = null;
        Held -= sent.Value;
        if (Block is { } block)
            block.Start += sent.Value;
        return sent;
    }

    private IoResult Send(int fd)
    {
        if (Urgent is { } one)
            return SocketCalls.SendUrgent(fd, one);
        return Block is { } block ? SocketCalls.Send(fd, block.Block.AsSpan(block.Start, Held)) : Pipe!.Drain(fd, Held); // Not null while other bytes are held.
    }

    /// <inheritdoc/>
    public override void OnEvents(EpollEvents events) => relay.OnEvents(this, events);
}
