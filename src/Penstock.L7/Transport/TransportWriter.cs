// SPDX-License-Identifier: Apache-2.0
using System.IO.Pipelines;
using System.Threading.Tasks.Sources;
using Penstock.Linux.Reactors;

namespace Penstock.L7.Transport;

/// <summary>
/// What a peer gets, as everything above the transport sees it: a <see cref="PipeWriter"/> with bounded waits, whose flush completes when all
/// is on its way. A peer that is gone, or too slow for the guard, completes it with <see cref="FlushResult.IsCompleted"/>. The implementation
/// decides what carries the bytes; see <see cref="SocketWriter"/>.
/// </summary>
internal abstract class TransportWriter : PipeWriter, IValueTaskSource<FlushResult>
{
    /// <summary>Up to here a body piece is copied behind the head instead of being gathered. Bytes.</summary>
    internal const int CopyUpTo = 2048;

    private protected readonly Reactor _reactor;
    private protected PendingWait _wait;
    private protected BufferSegment? _first;
    private protected ReadOnlyMemory<byte> _external;
    private protected ReadOnlyMemory<byte> _suffix;
    private BufferSegment? _last;
    private bool _withdrawn;
    private WaitGuard _guard;
    private WriteDeadline? _deadline;

    protected TransportWriter(Reactor reactor) => _reactor = reactor;

    /// <summary>A flush ended because the guard's time was over.</summary>
    internal bool TimedOut { get; private set; }

    /// <summary>Whether a flush has failed or was ended: nothing is sent any more.</summary>
    internal bool HasFailed { get; private set; }

    /// <summary>Whether a flush waits for the peer.</summary>
    internal bool IsWaiting => _wait.IsPending;

    /// <summary>Bytes sent since the connection began.</summary>
    internal long TotalSent { get; private protected set; }

    /// <summary>Bounds the waits from now on.</summary>
    internal ref WaitGuard Guard => ref _guard;

    /// <inheritdoc/>
    public sealed override bool CanGetUnflushedBytes => true;

    /// <inheritdoc/>
    public sealed override long UnflushedBytes
    {
        get
        {
            long sum = _external.Length + _suffix.Length;
            for (var segment = _first; segment is not null; segment = segment.NextSegment)
                sum += segment.End - segment.Start;
            return sum;
        }
    }

    /// <inheritdoc/>
    public sealed override Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

    /// <inheritdoc/>
    public sealed override Memory<byte> GetMemory(int sizeHint = 0)
    {
        var segment = _last;
        if (segment is null || segment.Free < Math.Max(sizeHint, 1))
        {
            segment = sizeHint > BufferPool.LargeSize
                ? new BufferSegment(sizeHint)
                : _reactor.Buffers.Rent(large: sizeHint > BufferPool.SmallSize || segment is not null);
            if (_last is null)
                _first = segment;
            else
                _last.Append(segment);
            _last = segment;
        }

        return segment.Block.AsMemory(segment.End);
    }

    /// <inheritdoc/>
    public sealed override void Advance(int bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        if (_last is not { } last)
            return;
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bytes, last.Free);
        last.End += bytes;
    }

    /// <summary>Writes and flushes. What is large is sent from where it lies: it must stay there until the flush completes.</summary>
    public sealed override ValueTask<FlushResult> WriteAsync(ReadOnlyMemory<byte> source, CancellationToken cancellationToken = default) =>
        WriteAsync(source, suffix: default);

    /// <summary>Writes and flushes; <paramref name="suffix"/> follows the source. What is large is sent from where it lies: both must stay there until the flush completes.</summary>
    internal ValueTask<FlushResult> WriteAsync(ReadOnlyMemory<byte> source, ReadOnlyMemory<byte> suffix)
    {
        if (source.Length <= CopyUpTo)
        {
            Append(source.Span);
            Append(suffix.Span);
        }
        else
        {
            _external = source;
            _suffix = suffix;
        }

        return FlushAsync();
    }

    /// <summary>Copies bytes behind what is buffered.</summary>
    internal void Append(ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty)
            return;
        bytes.CopyTo(GetSpan(bytes.Length));
        Advance(bytes.Length);
    }

    /// <summary>Throws away what is buffered and not flushed.</summary>
    /// <returns>False when the connection has failed.</returns>
    internal virtual bool TryDiscard()
    {
        if (HasFailed)
            return false;
        Release();
        return true;
    }

    /// <summary>Ends a pending flush; what carries the bytes is of no use afterwards, because a part may have been sent.</summary>
    public sealed override void CancelPendingFlush()
    {
        if (!IsWaiting)
            return;
        Fail();
        Signal();
    }

    /// <summary>Ends a pending flush as <see cref="CancelPendingFlush"/> does; where what carries the bytes knows what of them was sent, it stays of use: the rest is thrown away, and what is written next follows what was sent.</summary>
    internal virtual void WithdrawPendingFlush() => CancelPendingFlush();

    /// <summary>Does nothing: what carries the bytes is ended as a whole.</summary>
    public sealed override void Complete(Exception? exception = null)
    {
        // The connection or the stream owns what is held.
    }

    /// <summary>Nothing is sent any more.</summary>
    internal void Fail()
    {
        HasFailed = true;
        Release();
    }

    FlushResult IValueTaskSource<FlushResult>.GetResult(short token)
    {
        _wait.End();
        var ended = HasFailed || _withdrawn;
        _withdrawn = false;
        return new FlushResult(isCanceled: false, isCompleted: ended);
    }

    ValueTaskSourceStatus IValueTaskSource<FlushResult>.GetStatus(short token) => _wait.Status;

    void IValueTaskSource<FlushResult>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _wait.OnCompleted(continuation, state);

    /// <summary>A flush begins to wait.</summary>
    private protected ValueTask<FlushResult> Pending() => new(this, _wait.Begin());

    /// <summary>Takes out what is to be flushed; whoever takes it returns the blocks.</summary>
    private protected BufferSegment? TakeUnflushed(out ReadOnlyMemory<byte> external, out ReadOnlyMemory<byte> suffix)
    {
        var first = _first;
        (external, suffix) = (_external, _suffix);
        _first = _last = null;
        _external = _suffix = default;
        return first;
    }

    /// <summary>Bytes of what was written are on their way.</summary>
    private protected void OnSent(int bytes)
    {
        TotalSent += bytes;
        _guard.Moved(bytes);
    }

    /// <summary>The first block is sent. There must be one.</summary>
    private protected void PopFirst()
    {
        var segment = _first!; // As said.
        _first = segment.NextSegment;
        if (_first is null)
            _last = null;
        _reactor.Buffers.Return(segment);
    }

    /// <summary>The flush that waits is over, and did not send all.</summary>
    private protected void SignalWithdrawn()
    {
        _withdrawn = true;
        Signal();
    }

    /// <summary>The flush that waits is over.</summary>
    private protected void Signal()
    {
        if (!_wait.TrySignal())
            return;
        if (_deadline is { } deadline)
            TimingWheel.Stop(deadline);
        _guard.End(_reactor.Now);
        _wait.Resume();
    }

    /// <summary>Bounds the wait that begins.</summary>
    private protected void ArmDeadline()
    {
        var deadline = _guard.Begin(_reactor.Now);
        if (deadline != TimerNode.Never)
            _reactor.Timers.Arm(_deadline ??= new WriteDeadline(this), deadline);
    }

    /// <summary>The peer has shown that it lives: the wait goes on as another one.</summary>
    private protected void ProlongWait()
    {
        _guard.End(_reactor.Now);
        ArmDeadline();
    }

    /// <summary>Nothing is expected of the peer for now: the wait goes on without a bound, until <see cref="ProlongWait"/>.</summary>
    private protected void SuspendDeadline()
    {
        _guard.End(_reactor.Now);
        if (_deadline is { } deadline)
            TimingWheel.Stop(deadline);
    }

    /// <summary>Ends a pending flush as one whose time is over.</summary>
    internal void ExpirePendingFlush()
    {
        if (!IsWaiting)
            return;
        TimedOut = true;
        CancelPendingFlush();
    }

    /// <summary>No wait is bounded any more: the reactor lets this go.</summary>
    internal void RemoveDeadline()
    {
        if (_deadline is { } deadline)
            _reactor.Timers.Remove(deadline);
    }

    /// <summary>Lets go what was to be sent.</summary>
    private protected virtual void Release()
    {
        _external = _suffix = default;
        while (_first is not null)
            PopFirst();
    }

    /// <summary>Lets everything go, for another use.</summary>
    private protected void Clear()
    {
        RemoveDeadline();
        Release();
        HasFailed = TimedOut = _withdrawn = false;
        TotalSent = 0;
        _wait.End();
        _guard.End(_reactor.Now);
        _guard.Off();
    }

    private sealed class WriteDeadline(TransportWriter writer) : TimerNode
    {
        public override void OnExpired() => writer.ExpirePendingFlush();
    }
}
