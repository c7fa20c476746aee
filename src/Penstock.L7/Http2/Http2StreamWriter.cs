// SPDX-License-Identifier: Apache-2.0
using System.IO.Pipelines;
using System.Threading.Tasks.Sources;
using Penstock.L7.Transport;
using Penstock.Linux.Reactors;

namespace Penstock.L7.Http2;

/// <summary>
/// The content that goes over a stream. A flush completes when the connection has taken every byte, which it does as the windows, the other
/// streams and its own peer allow.
/// </summary>
internal sealed class Http2StreamWriter : TransportWriter, IValueTaskSource<FlushResult>
{
    private readonly Http2Stream _stream;
    private readonly WriteDeadline _deadline;
    private BufferSegment? _first;
    private BufferSegment? _last;
    private ReadOnlyMemory<byte> _external;
    private ReadOnlyMemory<byte> _suffix;
    private int _buffered;

    internal Http2StreamWriter(Http2Stream stream)
    {
        _stream = stream;
        _deadline = new WriteDeadline(this);
    }

    /// <inheritdoc/>
    public override bool CanGetUnflushedBytes => true;

    /// <inheritdoc/>
    public override long UnflushedBytes => Waiting;

    /// <summary>Bytes that wait to be sent.</summary>
    internal int Waiting => _buffered + _external.Length + _suffix.Length;

    private Reactor Reactor => _stream.Connection.Reactor;

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
                : Reactor.Buffers.Rent(large: sizeHint > BufferPool.SmallSize || segment is not null);
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
        if (_last is not { } last)
            return;
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bytes, last.Free);
        last.End += bytes;
        _buffered += bytes;
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
        if (HasFailed || _stream.IsBroken)
        {
            Fail();
            return new ValueTask<FlushResult>(new FlushResult(isCanceled: false, isCompleted: true));
        }

        if (!_stream.HasUnsent)
            return new ValueTask<FlushResult>(new FlushResult(isCanceled: false, isCompleted: false));
        var token = _wait.Begin();
        ArmDeadline();
        _stream.Connection.Enqueue(_stream);
        return new ValueTask<FlushResult>(this, token);
    }

    /// <inheritdoc/>
    internal override bool TryDiscard()
    {
        if (HasFailed)
            return false;
        Release();
        _stream.DiscardHead();
        return true;
    }

    /// <summary>Ends a pending flush; the stream is of no use afterwards, because a part may have been sent.</summary>
    public override void CancelPendingFlush()
    {
        if (!IsWaiting)
            return;
        Fail();
        Signal();
    }

    /// <summary>Does nothing: the stream is ended as a whole.</summary>
    public override void Complete(Exception? exception = null)
    {
        // The stream owns what it holds.
    }

    /// <summary>Takes bytes to be sent, up to the length of the destination; there must be as many.</summary>
    internal void Take(Span<byte> destination)
    {
        TotalSent += destination.Length;
        _guard.Moved(destination.Length);
        while (!destination.IsEmpty && _first is { } segment)
        {
            var count = Math.Min(destination.Length, segment.End - segment.Start);
            segment.Block.AsSpan(segment.Start, count).CopyTo(destination);
            destination = destination[count..];
            segment.Start += count;
            _buffered -= count;
            if (segment.Start == segment.End)
                PopFirst();
        }

        var ofExternal = Math.Min(destination.Length, _external.Length);
        _external.Span[..ofExternal].CopyTo(destination);
        _external = _external[ofExternal..];
        destination = destination[ofExternal..];
        _suffix.Span[..destination.Length].CopyTo(destination);
        _suffix = _suffix[destination.Length..];
    }

    /// <summary>The connection has taken a head: from here on nothing can be discarded.</summary>
    internal void OnHeadSent(int bytes) => TotalSent += bytes;

    /// <summary>The connection has taken something: a flush is over when that was all, else its peer has shown that it lives.</summary>
    internal void OnTaken()
    {
        if (!IsWaiting)
            return;
        if (!_stream.HasUnsent)
        {
            Signal();
            return;
        }

        _guard.End(Reactor.Now);
        ArmDeadline();
    }

    /// <summary>The stream broke: nothing is sent any more.</summary>
    internal void Fail()
    {
        HasFailed = true;
        Release();
    }

    /// <summary>Lets everything go, for another stream.</summary>
    internal void Reset()
    {
        Reactor.Timers.Remove(_deadline);
        Release();
        HasFailed = TimedOut = false;
        TotalSent = 0;
        _wait.End();
        _guard.Off();
    }

    FlushResult IValueTaskSource<FlushResult>.GetResult(short token)
    {
        _wait.End();
        return new FlushResult(isCanceled: false, isCompleted: HasFailed);
    }

    ValueTaskSourceStatus IValueTaskSource<FlushResult>.GetStatus(short token) => _wait.Status;

    void IValueTaskSource<FlushResult>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _wait.OnCompleted(continuation, state);

    private void Release()
    {
        _external = _suffix = default;
        while (_first is not null)
            PopFirst();
        _buffered = 0;
    }

    private void PopFirst()
    {
        var segment = _first!; // Only called while there is one.
        _first = segment.NextSegment;
        if (_first is null)
            _last = null;
        Reactor.Buffers.Return(segment);
    }

    private void Signal()
    {
        if (!_wait.TrySignal())
            return;
        TimingWheel.Stop(_deadline);
        _guard.End(Reactor.Now);
        _wait.Resume();
    }

    private void ArmDeadline()
    {
        var deadline = _guard.Begin(Reactor.Now);
        if (deadline != TimerNode.Never)
            Reactor.Timers.Arm(_deadline, deadline);
    }

    private sealed class WriteDeadline(Http2StreamWriter writer) : TimerNode
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
