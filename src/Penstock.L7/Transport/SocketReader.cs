// SPDX-License-Identifier: Apache-2.0
using System.Buffers;
using System.IO.Pipelines;
using System.Threading.Tasks.Sources;
using Penstock.Linux;
using Penstock.Linux.Reactors;

namespace Penstock.L7.Transport;

/// <summary>
/// The reading half of a <see cref="SocketConnection"/>. It receives when it is read, into its reactor's memory, and holds no
/// memory while nothing is buffered. A reset ends the stream like an orderly end; <see cref="SocketConnection.IsBroken"/> tells them apart.
/// </summary>
internal class SocketReader : TransportReader, IValueTaskSource<ReadResult>
{
    /// <summary>Least room worth a system call; with less, another block is chained. Bytes.</summary>
    private const int LeastRoom = 512;

    private protected readonly SocketConnection _connection;
    private readonly ReadDeadline _deadline;
    private BufferSegment? _head;
    private BufferSegment? _tail;
    private int _headIndex;
    private bool _examinedAll;
    private bool _ended;
    private bool _completed;
    private bool _canceled;
    private bool _awaitsInput;

    internal SocketReader(SocketConnection connection, bool large)
    {
        _connection = connection;
        LargeBlocks = large;
        _deadline = new ReadDeadline(this);
    }

    /// <inheritdoc/>
    internal override bool HasBuffered => _head is not null;

    /// <summary>Whether epoll has reported the end.</summary>
    internal bool HasEnd => _ended;

    /// <inheritdoc/>
    public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
    {
        if (HasResult() || (IsReady && Receive()))
            return new ValueTask<ReadResult>(TakeResult());
        var token = _wait.Begin();
        ArmDeadline();
        return new ValueTask<ReadResult>(this, token);
    }

    /// <inheritdoc/>
    public override bool TryRead(out ReadResult result)
    {
        var any = HasResult() || (IsReady && Receive());
        result = any ? TakeResult() : default;
        return any;
    }

    /// <inheritdoc/>
    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    /// <inheritdoc/>
    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        if (_tail is not { } tail || consumed.GetObject() is not BufferSegment target)
            return;
        _examinedAll = ReferenceEquals(examined.GetObject(), tail) && examined.GetInteger() == tail.End;
        var index = consumed.GetInteger();
        var head = _head!; // There is a tail, so there is a head.
        while (!ReferenceEquals(head, target))
        {
            var next = head.NextSegment!; // The position lies within the chain.
            _connection.Reactor.Buffers.Return(head);
            head = next;
        }

        if (ReferenceEquals(head, tail) && index == tail.End)
        {
            _connection.Reactor.Buffers.Return(tail);
            _head = _tail = null;
            return;
        }

        _head = head;
        _headIndex = index;
    }

    /// <inheritdoc/>
    public override void CancelPendingRead()
    {
        _canceled = true;
        TimedOut = false;
        if (_wait.IsBegun)
            Signal();
    }

    private void Expire()
    {
        _canceled = true;
        TimedOut = true;
        Signal();
    }

    /// <summary>Does nothing: the connection is closed as a whole.</summary>
    public override void Complete(Exception? exception = null)
    {
        // The connection owns the socket.
    }

    /// <summary>Waits until there is something to receive, and leaves it there; the result is empty.</summary>
    internal ValueTask<ReadResult> WaitReadableAsync()
    {
        _awaitsInput = true;
        if (HasResult() || (IsReady && Receive()))
            return new ValueTask<ReadResult>(TakeResult());
        var token = _wait.Begin();
        ArmDeadline();
        return new ValueTask<ReadResult>(this, token);
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
        _connection.Reactor.Timers.Remove(_deadline);
        if (_wait.IsBegun)
            Signal();
        if (!_wait.IsBegun)
            ReleaseBlocks();
    }

    /// <inheritdoc/>
    internal override void RestartWait()
    {
        if (IsWaiting)
            ArmDeadline();
    }

    ReadResult IValueTaskSource<ReadResult>.GetResult(short token)
    {
        _wait.End();
        return TakeResult();
    }

    ValueTaskSourceStatus IValueTaskSource<ReadResult>.GetStatus(short token) => _wait.Status;

    void IValueTaskSource<ReadResult>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _wait.OnCompleted(continuation, state);

    /// <summary>Receives what fits, and sets <see cref="TransportReader.IsReady"/> by whether there may be more.</summary>
    private protected virtual IoResult ReceiveInto(Span<byte> room)
    {
        var result = SocketCalls.Receive(_connection.Fd, room);

        // A short read empties an edge-triggered stream socket (epoll(7)), unless its end is still to be read.
        IsReady = result.Value == room.Length || _ended || result.Error == Errno.EINTR;
        return result;
    }

    private bool HasResult() => (_head is not null && !_examinedAll) || _completed || _canceled;

    private ReadResult TakeResult()
    {
        var canceled = _canceled;
        _canceled = _awaitsInput = false;
        var buffer = _head is { } head && _tail is { } tail ? new ReadOnlySequence<byte>(head, _headIndex, tail, tail.End) : default;
        return new ReadResult(buffer, canceled, _completed);
    }

    private void Signal()
    {
        if (!_wait.TrySignal())
            return;
        TimingWheel.Stop(_deadline);
        _guard.End(_connection.Reactor.Now);
        _wait.Resume();
    }

    private void ArmDeadline()
    {
        var deadline = _guard.Begin(_connection.Reactor.Now);
        if (deadline == TimerNode.Never)
            TimingWheel.Stop(_deadline);
        else
            _connection.Reactor.Timers.Arm(_deadline, deadline);
    }

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

        var segment = _tail is { } tail && tail.Free >= LeastRoom ? tail : _connection.Reactor.Buffers.Rent(LargeBlocks);
        var room = segment.Block.AsSpan(segment.End);
        var result = ReceiveInto(room);
        if (result.IsError || result.Value == 0)
        {
            if (!ReferenceEquals(segment, _tail))
                _connection.Reactor.Buffers.Return(segment);
            return EndOrWait(result);
        }

        Accept(segment, result.Value, filled: result.Value == room.Length);
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

    private void Accept(BufferSegment segment, int count, bool filled)
    {
        if (_head is null)
        {
            _head = _tail = segment;
            _headIndex = 0;
        }
        else if (!ReferenceEquals(segment, _tail))
        {
            _tail!.Append(segment); // There is a head, so there is a tail.
            _tail = segment;
        }

        segment.End += count;
        TotalReceived += count;
        _guard.Moved(count);
        _examinedAll = false;
        LargeBlocks |= filled;
    }

    private void ReleaseBlocks()
    {
        while (_head is { } head)
        {
            _head = head.NextSegment;
            _connection.Reactor.Buffers.Return(head);
        }

        _tail = null;
    }

    private sealed class ReadDeadline(SocketReader reader) : TimerNode
    {
        public override void OnExpired()
        {
            if (reader.IsWaiting)
                reader.Expire();
        }
    }
}
