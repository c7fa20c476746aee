// SPDX-License-Identifier: Apache-2.0
using System.Buffers;
using System.IO.Pipelines;
using System.Threading.Tasks.Sources;
using Penstock.L7.Transport;
using Penstock.Linux.Reactors;

namespace Penstock.L7.Http2;

/// <summary>The content that comes over a stream. It holds at most what the stream's window allows; what is consumed is given back to the window.</summary>
internal sealed class Http2StreamReader : TransportReader, IValueTaskSource<ReadResult>
{
    /// <summary>A piece of so many bytes is worth a large block: with less, small ones keep the memory near to what the windows say.</summary>
    private const int LargeFrom = Http2Settings.DefaultMaxFrameSize / 2;

    private readonly Http2Stream _stream;
    private readonly ReadDeadline _deadline;
    private BufferSegment? _head;
    private BufferSegment? _tail;
    private int _headIndex;
    private bool _examinedAll;
    private bool _completed;
    private bool _canceled;

    internal Http2StreamReader(Http2Stream stream)
    {
        _stream = stream;
        _deadline = new ReadDeadline(this);
    }

    /// <inheritdoc/>
    internal override bool HasBuffered => _head is not null;

    /// <summary>Bytes received and not consumed.</summary>
    internal int Buffered { get; private set; }

    private Reactor Reactor => _stream.Connection.Reactor;

    /// <inheritdoc/>
    public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
    {
        if (HasResult())
            return new ValueTask<ReadResult>(TakeResult());
        var token = _wait.Begin();
        ArmDeadline();
        return new ValueTask<ReadResult>(this, token);
    }

    /// <inheritdoc/>
    public override bool TryRead(out ReadResult result)
    {
        var any = HasResult();
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
        var count = -_headIndex;
        while (!ReferenceEquals(head, target))
        {
            var next = head.NextSegment!; // The position lies within the chain.
            count += head.End;
            Reactor.Buffers.Return(head);
            head = next;
        }

        count += index;
        Buffered -= count;
        (_head, _headIndex) = (head, index);
        if (Buffered == 0)
        {
            Reactor.Buffers.Return(tail);
            _head = _tail = null;
        }

        if (count > 0)
            _stream.OnConsumed(count);
    }

    /// <inheritdoc/>
    public override void CancelPendingRead()
    {
        _canceled = true;
        TimedOut = false;
        Signal();
    }

    /// <summary>Does nothing: the stream is ended as a whole.</summary>
    public override void Complete(Exception? exception = null)
    {
        // The stream owns what it holds.
    }

    /// <inheritdoc/>
    internal override void RestartWait()
    {
        if (IsWaiting)
            ArmDeadline();
    }

    /// <summary>Content has come.</summary>
    internal void Accept(in ReadOnlySequence<byte> data)
    {
        foreach (var piece in data)
        {
            for (var rest = piece.Span; !rest.IsEmpty;)
            {
                var segment = RoomFor(rest.Length);
                var count = Math.Min(rest.Length, segment.Free);
                rest[..count].CopyTo(segment.Block.AsSpan(segment.End));
                segment.End += count;
                rest = rest[count..];
            }
        }

        var length = (int)data.Length;
        Buffered += length;
        TotalReceived += length;
        _guard.Moved(length);
        if (length > 0)
            _examinedAll = false;
    }

    /// <summary>Nothing more comes: the content is over, or the stream broke.</summary>
    internal void End() => _completed = true;

    /// <summary>Wakes who waits, if there is something for them.</summary>
    internal void Wake()
    {
        if (_wait.IsBegun && HasResult())
            Signal();
    }

    /// <summary>Lets everything go, for another stream.</summary>
    internal void Reset()
    {
        Reactor.Timers.Remove(_deadline);
        while (_head is { } head)
        {
            _head = head.NextSegment;
            Reactor.Buffers.Return(head);
        }

        _tail = null;
        _examinedAll = _completed = _canceled = false;
        Buffered = 0;
        TotalReceived = 0;
        TimedOut = false;
        _wait.End();
        _guard.Off();
    }

    ReadResult IValueTaskSource<ReadResult>.GetResult(short token)
    {
        _wait.End();
        return TakeResult();
    }

    ValueTaskSourceStatus IValueTaskSource<ReadResult>.GetStatus(short token) => _wait.Status;

    void IValueTaskSource<ReadResult>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _wait.OnCompleted(continuation, state);

    private bool HasResult() => (_head is not null && !_examinedAll) || _completed || _canceled;

    private ReadResult TakeResult()
    {
        var canceled = _canceled;
        _canceled = false;
        var buffer = _head is { } head && _tail is { } tail ? new ReadOnlySequence<byte>(head, _headIndex, tail, tail.End) : default;
        return new ReadResult(buffer, canceled, _completed);
    }

    private BufferSegment RoomFor(int bytes)
    {
        if (_tail is { Free: > 0 } tail)
            return tail;
        var segment = Reactor.Buffers.Rent(large: bytes >= LargeFrom);
        if (_tail is null)
        {
            _head = segment;
            _headIndex = 0;
        }
        else
        {
            _tail.Append(segment);
        }

        return _tail = segment;
    }

    private void Signal()
    {
        if (!_wait.IsBegun || !_wait.TrySignal())
            return;
        TimingWheel.Stop(_deadline);
        _guard.End(Reactor.Now);
        _wait.Resume();
    }

    private void ArmDeadline()
    {
        var deadline = _guard.Begin(Reactor.Now);
        if (deadline == TimerNode.Never)
            TimingWheel.Stop(_deadline);
        else
            Reactor.Timers.Arm(_deadline, deadline);
    }

    private sealed class ReadDeadline(Http2StreamReader reader) : TimerNode
    {
        public override void OnExpired()
        {
            if (!reader.IsWaiting)
                return;
            reader._canceled = true;
            reader.TimedOut = true;
            reader.Signal();
        }
    }
}
