// SPDX-License-Identifier: Apache-2.0
using System.IO.Pipelines;
using Penstock.Linux;

namespace Penstock.L7.Transport;

/// <summary>
/// The reading half of a <see cref="SocketConnection"/>. It receives when it is read, into its reactor's memory, and holds no
/// memory while nothing is buffered. A reset ends the stream like an orderly end; <see cref="SocketConnection.IsBroken"/> tells them apart.
/// </summary>
internal class SocketReader : TransportReader
{
    /// <summary>Least room worth a system call; with less, another block is chained. Bytes.</summary>
    private const int LeastRoom = 512;

    private protected readonly SocketConnection _connection;
    private bool _ended;
    private bool _awaitsInput;
    private bool _isRefused;

    internal SocketReader(SocketConnection connection, bool large)
        : base(connection.Reactor)
    {
        _connection = connection;
        LargeBlocks = large;
    }

    /// <summary>Whether epoll has reported the end.</summary>
    internal bool HasEnd => _ended;

    /// <summary>Whether what the socket has is what the reader gives: nothing is between.</summary>
    internal virtual bool IsPlain => true;

    /// <summary>Whether TCP's urgent byte has come: splice(2) stops before it for good, and a receive stops there once, then leaves it out.</summary>
    internal bool HasUrgent { get; set; }

    /// <summary>Whether <see cref="Splice"/> would stop for good where a receive goes on.</summary>
    internal bool MustCopy => HasUrgent || _isRefused;

    /// <inheritdoc/>
    public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
    {
        _awaitsInput = false;
        return ReadOrWait();
    }

    /// <inheritdoc/>
    public override bool TryRead(out ReadResult result)
    {
        _awaitsInput = false;
        var any = HasResult || (IsReady && Receive());
        result = any ? TakeResult() : default;
        return any;
    }

    /// <summary>Waits until there is something to receive, and leaves it there; the result is empty.</summary>
    internal ValueTask<ReadResult> WaitReadableAsync()
    {
        _awaitsInput = true;
        return ReadOrWait();
    }

    /// <summary>Has a pipe take what the socket has. Nothing may be buffered.</summary>
    /// <param name="pipe">An empty one.</param>
    /// <param name="most">Bytes that it takes at most.</param>
    /// <returns>Bytes; 0: none, and <see cref="TransportReader.IsReady"/> says whether a read finds something: bytes that only copies take, the end.</returns>
    internal int Splice(SplicePipe pipe, int most)
    {
        if (!IsReady || HasResult || _connection.IsClosed)
            return 0;
        var result = pipe.Fill(_connection.Fd, most);
        if (result.Value > 0)
        {
            OnReceived(result.Value);
            return result.Value;
        }

        if (result.IsError && SplicePipe.IsRefusal(result.Error))
            _isRefused = true;
        else if (result.IsError)
            EndOrWait(result); // A receive would not find out: the error is off the socket now.
        return 0;
    }

    /// <summary>Whether the socket has nothing, by a system call; what epoll has reported before is over then.</summary>
    internal bool IsDrained()
    {
        if (SocketCalls.HasInput(_connection.Fd))
            return false;
        IsReady = false;
        return true;
    }

    /// <summary>Another has taken what came meanwhile.</summary>
    /// <param name="isReady">Whether the socket may have more.</param>
    /// <param name="isEnding">Whether epoll has reported the end.</param>
    /// <param name="hasEnded">Whether it was read.</param>
    /// <param name="taken">Bytes that it has taken.</param>
    internal void GoOn(bool isReady, bool isEnding, bool hasEnded, long taken)
    {
        (IsReady, _ended) = (isReady && !hasEnded, isEnding);
        TotalReceived += taken;
        _completed |= hasEnded;
    }

    /// <summary>Epoll has reported input, or an end.</summary>
    internal virtual void OnReady(bool ended)
    {
        IsReady = true;
        _ended |= ended;
        if (_wait.IsBegun && Receive())
            Signal();
    }

    /// <summary>The socket is closed: whoever waits sees the end.</summary>
    internal void OnClosed()
    {
        _completed = true;
        IsReady = false;
        RemoveDeadline();
        Signal();
        if (!_wait.IsBegun)
            ReleaseBlocks();
    }

    /// <summary>Receives what fits, and sets <see cref="TransportReader.IsReady"/> by whether there may be more.</summary>
    private protected virtual IoResult ReceiveInto(Span<byte> room)
    {
        var result = SocketCalls.Receive(_connection.Fd, room);

        // A short read empties an edge-triggered stream socket (epoll(7)), unless its end is still to be read, or it has stopped at an urgent byte.
        IsReady = result.Value == room.Length || _ended || (HasUrgent && result.Value > 0) || result.Error == Errno.EINTR;
        return result;
    }

    private ValueTask<ReadResult> ReadOrWait() =>
        HasResult || (IsReady && Receive()) ? new ValueTask<ReadResult>(TakeResult()) : Pending();

    private bool Receive()
    {
        if (_connection.IsClosed)
        {
            _completed = true;
            return true;
        }

        if (_awaitsInput)
        {
            _awaitsInput = false;
            return true;
        }

        var segment = _tail is { } tail && tail.Free >= LeastRoom ? tail : _reactor.Buffers.Rent(LargeBlocks);
        var room = segment.Block.AsSpan(segment.End);
        var result = ReceiveInto(room);
        if (result.IsError || result.Value == 0)
        {
            if (!ReferenceEquals(segment, _tail))
                _reactor.Buffers.Return(segment);
            return EndOrWait(result);
        }

        if (!ReferenceEquals(segment, _tail))
            Append(segment);
        segment.End += result.Value;
        OnReceived(result.Value);
        LargeBlocks |= result.Value == room.Length;
        return true;
    }

    private bool EndOrWait(IoResult result)
    {
        if (result.Error is Errno.EAGAIN or Errno.EINTR)
        {
            IsReady &= result.Error == Errno.EINTR;
            return false;
        }

        if (result.IsError)
            _connection.MarkBroken();
        _completed = true;
        return true;
    }
}
