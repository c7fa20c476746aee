// SPDX-License-Identifier: Apache-2.0
using System.IO.Pipelines;
using Penstock.L7.Transport;
using Penstock.Linux.Reactors;

namespace Penstock.L7.Http2;

/// <summary>
/// The content that goes over a stream. A flush completes when the connection has taken every byte, which it does as the windows, the other
/// streams and its own peer allow.
/// </summary>
internal sealed class Http2StreamWriter : TransportWriter
{
    private readonly Http2Stream _stream;

    internal Http2StreamWriter(Http2Stream stream, Reactor reactor)
        : base(reactor) => _stream = stream;

    /// <summary>Bytes that wait to be sent.</summary>
    internal int Waiting => (int)UnflushedBytes;

    /// <summary>Whether a wait is bounded here: always, or while it is for the stream's own window where the connection bounds what streams share.</summary>
    private bool IsBounded => !_stream.Connection.BoundsSending || _stream.IsShut;

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
        var pending = Pending(); // First, since the connection may take all at once.
        if (IsBounded)
            ArmDeadline();
        _stream.Connection.Enqueue(_stream);
        return pending;
    }

    /// <inheritdoc/>
    internal override bool TryDiscard()
    {
        if (!base.TryDiscard())
            return false;
        _stream.DiscardHead();
        return true;
    }

    /// <inheritdoc/>
    internal override void WithdrawPendingFlush()
    {
        if (IsWaiting && TryDiscard())
            SignalWithdrawn();
    }

    /// <summary>Takes bytes to be sent, up to the length of the destination; there must be as many.</summary>
    internal void Take(Span<byte> destination)
    {
        OnSent(destination.Length);
        while (!destination.IsEmpty && _first is { } segment)
        {
            var count = Math.Min(destination.Length, segment.End - segment.Start);
            segment.Block.AsSpan(segment.Start, count).CopyTo(destination);
            destination = destination[count..];
            segment.Start += count;
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
        if (!IsWaiting || _stream.Id == 0)
            return;
        if (!_stream.HasUnsent)
            Signal();
        else if (IsBounded)
            ProlongWait();
        else
            SuspendDeadline();
    }

    /// <summary>The stream's own window has opened or closed.</summary>
    internal void OnWindow()
    {
        if (!IsWaiting || IsBounded == Guard.IsWaiting)
            return;
        if (Guard.IsWaiting)
            SuspendDeadline();
        else
            ProlongWait();
    }

    /// <summary>Waits until <see cref="OnOpen"/>, until it is cancelled, or until the time is over: nothing can be written before.</summary>
    internal ValueTask<FlushResult> WaitOpenAsync(long deadline)
    {
        var pending = Pending();
        Guard.Until(deadline);
        ArmDeadline();
        return pending;
    }

    /// <summary>The connection takes the stream's frames.</summary>
    internal void OnOpen()
    {
        if (IsWaiting)
            Signal();
    }

    /// <summary>Lets everything go, for another stream.</summary>
    internal void Reset() => Clear();
}
