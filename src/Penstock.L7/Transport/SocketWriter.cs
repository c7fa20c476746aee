// SPDX-License-Identifier: Apache-2.0
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using System.Threading.Tasks.Sources;
using Penstock.Linux;
using Penstock.Linux.Reactors;

namespace Penstock.L7.Transport;

/// <summary>
/// The writing half of a <see cref="SocketConnection"/>. A flush completes when the kernel has taken every byte, which is the
/// back-pressure of the whole proxy. A peer that is gone, or too slow for the guard, completes it with <see cref="FlushResult.IsCompleted"/>.
/// </summary>
internal class SocketWriter : TransportWriter, IValueTaskSource<FlushResult>
{
    private protected readonly SocketConnection _connection;
    private WriteDeadline? _deadline;
    private BufferSegment? _first;
    private BufferSegment? _last;
    private ReadOnlyMemory<byte> _external;
    private ReadOnlyMemory<byte> _suffix;
    private bool _ready = true;
    private Action? _sendDeferred;

    internal SocketWriter(SocketConnection connection) => _connection = connection;

    /// <summary>A head, perhaps with a short body behind it.</summary>
    private bool IsOneBlock => _first is { NextSegment: null } && _external.IsEmpty;

    /// <inheritdoc/>
    public override bool CanGetUnflushedBytes => true;

    /// <inheritdoc/>
    public override long UnflushedBytes
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
    public override Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

    /// <inheritdoc/>
    public override Memory<byte> GetMemory(int sizeHint = 0)
    {
        var segment = _last;
        if (segment is null || segment.Free < Math.Max(sizeHint, 1))
        {
            segment = sizeHint > BufferPool.LargeSize
                ? new BufferSegment(sizeHint)
                : _connection.Reactor.Buffers.Rent(large: sizeHint > BufferPool.SmallSize || segment is not null);
            if (_last is null)
                _first = segment;
            else
                _last.Append(segment);
            _last = segment;
        }

        return segment.Block.AsMemory(segment.End);
    }

    /// <inheritdoc/>
    public override void Advance(int bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        if (_last is not { } last)
            return;
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bytes, last.Free);
        last.End += bytes;
    }

    /// <summary>Writes and flushes. What is large is sent from where it lies: it must stay there until the flush completes.</summary>
    public override ValueTask<FlushResult> WriteAsync(ReadOnlyMemory<byte> source, CancellationToken cancellationToken = default) =>
        WriteAsync(source, suffix: default);

    /// <inheritdoc/>
    internal override ValueTask<FlushResult> WriteAsync(ReadOnlyMemory<byte> source, ReadOnlyMemory<byte> suffix)
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

    /// <inheritdoc/>
    internal override void Append(ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty)
            return;
        bytes.CopyTo(GetSpan(bytes.Length));
        Advance(bytes.Length);
    }

    /// <inheritdoc/>
    public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
    {
        if (HasFailed || _connection.IsClosed)
        {
            Fail();
            return new ValueTask<FlushResult>(new FlushResult(isCanceled: false, isCompleted: true));
        }

        if (_first is null && _external.IsEmpty)
            return new ValueTask<FlushResult>(new FlushResult(isCanceled: false, isCompleted: HasFailed));
        if (_ready && IsOneBlock && _connection.Reactor.TryDefer(_sendDeferred ??= SendDeferred))
            return Pending();
        if (_ready && TrySend())
            return new ValueTask<FlushResult>(new FlushResult(isCanceled: false, isCompleted: HasFailed));
        ArmDeadline();
        return Pending();
    }

    /// <summary>The turn's events are dispatched: sends what <see cref="Reactor.TryDefer"/> has put off, unless an event has done so since.</summary>
    private void SendDeferred()
    {
        if (!IsWaiting || !_ready)
            return;
        if (TrySend())
            Signal();
        else
            ArmDeadline();
    }

    /// <summary>Waits until epoll reports room or an error: the outcome of a connect.</summary>
    internal ValueTask<FlushResult> WaitWritableAsync()
    {
        _ready = false;
        ArmDeadline();
        return Pending();
    }

    /// <inheritdoc/>
    internal override bool TryDiscard()
    {
        if (HasFailed)
            return false;
        while (_first is not null)
            PopFirst();
        return true;
    }

    /// <summary>Ends a pending flush; the connection is of no use afterwards, because a part may have been sent.</summary>
    public override void CancelPendingFlush()
    {
        if (!IsWaiting)
            return;
        Fail();
        Signal();
    }

    /// <summary>Does nothing: the connection is closed as a whole.</summary>
    public override void Complete(Exception? exception = null)
    {
        // The connection owns the socket.
    }

    /// <summary>Epoll has reported room, or an error.</summary>
    internal void OnReady()
    {
        _ready = true;
        if (!IsWaiting)
            return;
        var before = TotalSent;
        if (TrySend())
        {
            Signal();
        }
        else if (TotalSent != before)
        {
            _guard.End(_connection.Reactor.Now);
            ArmDeadline();
        }
    }

    /// <summary>Nothing more is sent; what was flushed arrives before the peer sees the end.</summary>
    internal virtual void End() => SocketCalls.ShutdownWrite(_connection.Fd);

    /// <summary>The socket is about to be closed in order.</summary>
    internal virtual void OnClosing()
    {
    }

    /// <summary>The socket is closed: whoever waits sees the end.</summary>
    internal void OnClosed()
    {
        if (_deadline is { } deadline)
            _connection.Reactor.Timers.Remove(deadline);
        Fail();
        if (IsWaiting)
            Signal();
    }

    FlushResult IValueTaskSource<FlushResult>.GetResult(short token)
    {
        _wait.End();
        return new FlushResult(isCanceled: false, isCompleted: HasFailed);
    }

    ValueTaskSourceStatus IValueTaskSource<FlushResult>.GetStatus(short token) => _wait.Status;

    void IValueTaskSource<FlushResult>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _wait.OnCompleted(continuation, state);

    /// <summary>Takes out what is to be flushed; whoever takes it returns the blocks.</summary>
    private protected BufferSegment? TakeUnflushed(out ReadOnlyMemory<byte> external, out ReadOnlyMemory<byte> suffix)
    {
        var first = _first;
        (external, suffix) = (_external, _suffix);
        _first = _last = null;
        _external = _suffix = default;
        return first;
    }

    /// <summary>Sends what there is without anybody who waits for it.</summary>
    private protected void SendUnawaited()
    {
        if (TrySend())
            return;
        _ = _wait.Begin();
        ArmDeadline();
    }

    private ValueTask<FlushResult> Pending() => new(this, _wait.Begin());

    /// <summary>Sends what there is.</summary>
    /// <returns>True when nothing is left to send, be it because the connection failed.</returns>
    private bool TrySend()
    {
        while (_first is not null || !_external.IsEmpty || !_suffix.IsEmpty)
        {
            var result = SendOnce();
            if (result.IsError)
            {
                if (result.Error == Errno.EINTR)
                    continue;
                _ready = result.Error != Errno.EAGAIN;
                if (_ready)
                {
                    _connection.MarkBroken();
                    Fail();
                }

                return _ready;
            }

            TotalSent += result.Value;
            _guard.Moved(result.Value);
            if (Consume(result.Value))
                return true;

            // With more than one call's worth of pieces a short count need not mean a full socket: the next call tells.
        }

        return true;
    }

    private unsafe IoResult SendOnce()
    {
        if (_first is { } only && only.NextSegment is null && _external.IsEmpty && _suffix.IsEmpty)
            return SocketCalls.Send(_connection.Fd, only.Block.AsSpan(only.Start, only.End - only.Start));
        if (_first is null && _suffix.IsEmpty)
            return SocketCalls.Send(_connection.Fd, _external.Span);
        Span<IoVector> pieces = stackalloc IoVector[SocketCalls.MaxVectors];
        var count = 0;
        for (var segment = _first; segment is not null && count < pieces.Length; segment = segment.NextSegment)
        {
            // Blocks are pinned, so their addresses hold.
            ref var start = ref segment.Block[segment.Start];
            pieces[count++] = new IoVector((nint)Unsafe.AsPointer(ref start), (nuint)(segment.End - segment.Start));
        }

        fixed (byte* external = _external.Span, suffix = _suffix.Span)
        {
            if (!_external.IsEmpty && count < pieces.Length)
                pieces[count++] = new IoVector((nint)external, (nuint)_external.Length);
            if (!_suffix.IsEmpty && count < pieces.Length)
                pieces[count++] = new IoVector((nint)suffix, (nuint)_suffix.Length);
            return SocketCalls.SendGathered(_connection.Fd, pieces[..count]);
        }
    }

    private bool Consume(int sent)
    {
        while (_first is { } segment)
        {
            var held = segment.End - segment.Start;
            if (sent < held)
            {
                segment.Start += sent;
                return false;
            }

            sent -= held;
            PopFirst();
        }

        var ofExternal = Math.Min(sent, _external.Length);
        _external = _external[ofExternal..];
        _suffix = _suffix[(sent - ofExternal)..];
        return _external.IsEmpty && _suffix.IsEmpty;
    }

    private void PopFirst()
    {
        var segment = _first!; // Only called while there is one.
        _first = segment.NextSegment;
        if (_first is null)
            _last = null;
        _connection.Reactor.Buffers.Return(segment);
    }

    private protected void Fail()
    {
        HasFailed = true;
        _external = _suffix = default;
        while (_first is not null)
            PopFirst();
    }

    private void Signal()
    {
        if (!_wait.TrySignal())
            return;
        if (_deadline is { } deadline)
            TimingWheel.Stop(deadline);
        _guard.End(_connection.Reactor.Now);
        _wait.Resume();
    }

    private void ArmDeadline()
    {
        var deadline = _guard.Begin(_connection.Reactor.Now);
        if (deadline != TimerNode.Never)
            _connection.Reactor.Timers.Arm(_deadline ??= new WriteDeadline(this), deadline);
    }

    private sealed class WriteDeadline(SocketWriter writer) : TimerNode
    {
        public override void OnExpired()
        {
            if (!writer.IsWaiting)
                return;
            writer.TimedOut = true;
            writer.CancelPendingFlush();
        }
    }
}
