// SPDX-License-Identifier: Apache-2.0
using System.Buffers;
using System.IO.Pipelines;
using System.Threading.Tasks.Sources;
using Penstock.Linux.Reactors;

namespace Penstock.L7.Transport;

/// <summary>
/// What a peer sends, as everything above the transport sees it: a <see cref="PipeReader"/> with bounded waits. The implementation decides
/// what carries the bytes; see <see cref="SocketReader"/>.
/// </summary>
internal abstract class TransportReader : PipeReader, IValueTaskSource<ReadResult>
{
    /// <summary>A deadline that turns out to be too early is looked at no sooner again, ms.</summary>
    private const int LookAgainMilliseconds = 100;

    private protected readonly Reactor _reactor;
    private protected PendingWait _wait;
    private protected BufferSegment? _tail;
    private protected bool _completed;
    private readonly ReadDeadline _deadline;
    private WaitGuard _guard;
    private BufferSegment? _head;
    private int _headIndex;
    private bool _examinedAll;
    private bool _canceled;

    protected TransportReader(Reactor reactor)
    {
        _reactor = reactor;
        _deadline = new ReadDeadline(this);
    }

    /// <summary>Whether to receive into large blocks: for bodies.</summary>
    internal bool LargeBlocks { get; set; }

    /// <summary>The last cancellation was the guard's.</summary>
    internal bool TimedOut { get; private set; }

    /// <summary>Whether something was reported that was not received yet.</summary>
    internal bool IsReady { get; private protected set; }

    /// <summary>Whether a read waits for the peer.</summary>
    internal bool IsWaiting => _wait.IsPending;

    /// <summary>Bytes received since the connection began.</summary>
    internal long TotalReceived { get; private protected set; }

    /// <summary>Bounds the waits from now on.</summary>
    internal ref WaitGuard Guard => ref _guard;

    /// <summary>Whether bytes are buffered that nobody has consumed.</summary>
    internal bool HasBuffered => _head is not null;

    /// <summary>How many.</summary>
    internal long Held => _tail is { } tail && _head is { } head ? tail.RunningIndex + tail.End - head.RunningIndex - _headIndex : 0;

    /// <summary>Whether a read need not wait.</summary>
    private protected bool HasResult => (_head is not null && !_examinedAll) || _completed || _canceled;

    /// <inheritdoc/>
    public sealed override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    /// <inheritdoc/>
    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined) => Consume(consumed, examined);

    /// <inheritdoc/>
    public sealed override void CancelPendingRead()
    {
        _canceled = true;
        TimedOut = false;
        Signal();
    }

    /// <summary>Does nothing: what carries the bytes is ended as a whole.</summary>
    public sealed override void Complete(Exception? exception = null)
    {
        // The connection or the stream owns what is held.
    }

    /// <summary>Applies a changed guard to the read that waits.</summary>
    internal void RestartWait()
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

    /// <summary>Returns the blocks that are consumed.</summary>
    /// <returns>Bytes consumed.</returns>
    private protected int Consume(SequencePosition consumed, SequencePosition examined)
    {
        if (_tail is not { } tail || consumed.GetObject() is not BufferSegment target)
            return 0;
        _examinedAll = ReferenceEquals(examined.GetObject(), tail) && examined.GetInteger() == tail.End;
        var index = consumed.GetInteger();
        var count = index - _headIndex;
        var head = _head!; // There is a tail, so there is a head.
        while (!ReferenceEquals(head, target))
        {
            var next = head.NextSegment!; // The position lies within the chain.
            count += head.End;
            _reactor.Buffers.Return(head);
            head = next;
        }

        if (ReferenceEquals(head, tail) && index == tail.End)
        {
            _reactor.Buffers.Return(tail);
            _head = _tail = null;
            return count;
        }

        _head = head;
        _headIndex = index;
        return count;
    }

    /// <summary>What there is for whoever reads.</summary>
    private protected ReadResult TakeResult()
    {
        var canceled = _canceled;
        _canceled = false;
        var buffer = _head is { } head && _tail is { } tail ? new ReadOnlySequence<byte>(head, _headIndex, tail, tail.End) : default;
        return new ReadResult(buffer, canceled, _completed);
    }

    /// <summary>A read begins to wait.</summary>
    private protected ValueTask<ReadResult> Pending()
    {
        var token = _wait.Begin();
        ArmDeadline();
        return new ValueTask<ReadResult>(this, token);
    }

    /// <summary>There is something for whoever waits, if somebody does.</summary>
    private protected void Signal()
    {
        if (!_wait.IsBegun || !_wait.TrySignal())
            return;
        TimingWheel.Stop(_deadline);
        _guard.End(_reactor.Now);
        _wait.Resume();
    }

    /// <summary>Chains a block behind what is buffered.</summary>
    private protected void Append(BufferSegment segment)
    {
        if (_tail is { } tail)
        {
            tail.Append(segment);
        }
        else
        {
            _head = segment;
            _headIndex = 0;
        }

        _tail = segment;
    }

    /// <summary>Bytes have come, and are buffered.</summary>
    private protected void OnReceived(int count)
    {
        TotalReceived += count;
        _guard.Moved(count);
        _examinedAll = false;
    }

    /// <summary>Returns all that is buffered.</summary>
    private protected void ReleaseBlocks()
    {
        while (_head is { } head)
        {
            _head = head.NextSegment;
            _reactor.Buffers.Return(head);
        }

        _tail = null;
    }

    /// <summary>No wait is bounded any more: the reactor lets this go.</summary>
    internal void RemoveDeadline() => _reactor.Timers.Remove(_deadline);

    /// <summary>Lets everything go, for another use.</summary>
    private protected void Clear()
    {
        RemoveDeadline();
        ReleaseBlocks();
        _examinedAll = _completed = _canceled = false;
        TotalReceived = 0;
        TimedOut = false;
        _wait.End();
        _guard.End(_reactor.Now);
        _guard.Off();
    }

    private void ArmDeadline()
    {
        var deadline = _guard.Begin(_reactor.Now);
        if (deadline == TimerNode.Never)
            TimingWheel.Stop(_deadline);
        else
            _reactor.Timers.Arm(_deadline, deadline);
    }

    private void Expire()
    {
        _canceled = true;
        TimedOut = true;
        Signal();
    }

    private sealed class ReadDeadline(TransportReader reader) : TimerNode
    {
        public override void OnExpired()
        {
            if (!reader.IsWaiting)
                return;
            var now = reader._reactor.Now;
            var deadline = reader._guard.Deadline(now);
            if (deadline <= now)
                reader.Expire();
            else if (deadline != Never)
                reader._reactor.Timers.Arm(this, Math.Max(deadline, now + LookAgainMilliseconds));
        }
    }
}
