// SPDX-License-Identifier: Apache-2.0
using System.Buffers;
using System.Threading.Tasks.Sources;
using Penstock.Http2;
using Penstock.Http2.Hpack;
using Penstock.L7.Transport;

namespace Penstock.L7.Http2;

/// <content>What is sent: control frames first, then streams in turn, a frame of content each, as much at once as a large block holds.</content>
internal abstract partial class Http2Connection : IValueTaskSource
{
    /// <summary>Bytes of content written before they are flushed.</summary>
    private const int BytesPerFlush = 64 << 10;

    private readonly List<Http2Stream> _taken = [];
    private readonly Action _wake;
    private PendingWait _wait;
    private Http2Stream? _firstQueued;
    private Http2Stream? _lastQueued;
    private bool _deferred;
    private bool _held;
    private bool _sendingEnds;

    /// <summary>Bytes that all streams together may send.</summary>
    internal int SendWindow { get; private set; } = Http2Settings.DefaultWindow;

    /// <summary>Bytes of content in one frame: so few that streams take turns often.</summary>
    internal int MaxContent => Http2Settings.DefaultMaxFrameSize;

    /// <summary>A stream has something to send.</summary>
    internal void Enqueue(Http2Stream stream)
    {
        if (stream.IsQueued || stream.IsBroken || !stream.CanSend)
            return;
        stream.IsQueued = true;
        stream.PreviousQueued = _lastQueued;
        stream.NextQueued = null;
        if (_lastQueued is { } last)
            last.NextQueued = stream;
        else
            _firstQueued = stream;
        _lastQueued = stream;
        WakeSender();
    }

    /// <summary>Writes a field block.</summary>
    /// <returns>Bytes written.</returns>
    internal int WriteFields(int streamId, FieldBlock fields, bool endStream)
    {
        var most = HpackEncoder.MaxBeginLength + fields.MaxEncodedLength;
        var end = endStream ? FrameFlags.EndStream : FrameFlags.None;
        if (most <= Http2Settings.DefaultMaxFrameSize)
        {
            var span = _transport.Writer.GetSpan(FrameHeader.Size + most);
            var length = fields.Encode(_encoder, span[FrameHeader.Size..]);
            new FrameHeader(length, FrameType.Headers, FrameFlags.EndHeaders | end, streamId).Write(span);
            _transport.Writer.Advance(FrameHeader.Size + length);
            return FrameHeader.Size + length;
        }

        var block = ArrayPool<byte>.Shared.Rent(most);
        var left = block.AsSpan(0, fields.Encode(_encoder, block));
        var written = 0;
        for (var type = FrameType.Headers; written == 0 || !left.IsEmpty; type = FrameType.Continuation)
        {
            var fragment = left[..Math.Min(left.Length, Http2Settings.DefaultMaxFrameSize)];
            left = left[fragment.Length..];
            var flags = (type == FrameType.Headers ? end : FrameFlags.None) | (left.IsEmpty ? FrameFlags.EndHeaders : FrameFlags.None);
            fragment.CopyTo(WriteFrame(new FrameHeader(fragment.Length, type, flags, streamId)));
            written += FrameHeader.Size + fragment.Length;
        }

        ArrayPool<byte>.Shared.Return(block);
        return written;
    }

    /// <summary>Writes a frame of content, for which both windows have room.</summary>
    /// <returns>Where the content goes, at once.</returns>
    internal Span<byte> WriteContent(int streamId, int length, bool endStream)
    {
        SendWindow -= length;
        OnContentSent(length);
        _windowUpdates = Math.Min(WindowUpdateCredit, _windowUpdates + UpdatesPerFrame);
        return WriteFrame(new FrameHeader(length, FrameType.Data, endStream ? FrameFlags.EndStream : FrameFlags.None, streamId));
    }

    void IValueTaskSource.GetResult(short token) => _wait.End();

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => _wait.Status;

    void IValueTaskSource.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _wait.OnCompleted(continuation, state);

    /// <summary>Sends until <see cref="EndSending"/>, or until nothing reaches the peer any more.</summary>
    protected async Task SendAsync()
    {
        var writer = _transport.Writer;
        var failed = false;
        var readsOn = false;
        try
        {
            while (!failed)
            {
                if (Fill(writer))
                {
                    var flush = writer.FlushAsync();
                    TellTaken();
                    failed = (await flush).IsCompleted;
                }
                else if (_sendingEnds)
                {
                    return;
                }
                else
                {
                    await new ValueTask(this, _wait.Begin());
                }
            }

            readsOn = OnUnsendable();
        }
        catch
        {
            OnDefect();
            throw;
        }
        finally
        {
            // Also after a defect: without its sender a connection is none.
            if (!readsOn)
            {
                StopReading();
                BreakStreams();
            }
        }
    }

    /// <summary>Nothing reaches the peer any more.</summary>
    /// <returns>Whether what it has sent before is still read, to the end.</returns>
    protected virtual bool OnUnsendable() => false;

    /// <summary>Streams begin to wait for the connection's window, or none does any more.</summary>
    protected virtual void OnHeld(bool held)
    {
    }

    /// <summary>Content is on its way.</summary>
    protected virtual void OnContentSent(int bytes)
    {
    }

    /// <summary>What is written is still sent, and no more.</summary>
    protected void EndSending()
    {
        _sendingEnds = true;
        WakeSender();
    }

    private Span<byte> WriteFrame(FrameHeader header)
    {
        var span = _transport.Writer.GetSpan(FrameHeader.Size + header.Length);
        header.Write(span);
        _transport.Writer.Advance(FrameHeader.Size + header.Length);
        return span.Slice(FrameHeader.Size, header.Length);
    }

    private bool Fill(TransportWriter writer)
    {
        var any = _controlLength > 0;
        writer.Append(_control.AsSpan(0, _controlLength));
        _controlLength = 0;
        var begun = SendWindow;
        while (NextToSend() is { } stream && begun - SendWindow < BytesPerFlush && _taken.Count < Limits.ConcurrentStreams)
        {
            Dequeue(stream);
            if (!stream.TryEmit())
                continue;
            any = true;
            _taken.Add(stream);
            Enqueue(stream);
        }

        TellHeld();
        return any;
    }

    /// <summary>Tells when streams begin to wait for the connection's window, or none does any more.</summary>
    private void TellHeld()
    {
        var held = SendWindow == 0 && _firstQueued is not null;
        if (_held == held)
            return;
        _held = held;
        OnHeld(held);
    }

    /// <summary>The first in the queue that can go on; those for which the connection's window has no room keep their place.</summary>
    private Http2Stream? NextToSend()
    {
        var stream = _firstQueued;
        while (stream is { NeedsWindow: true } && SendWindow == 0)
            stream = stream.NextQueued;
        return stream;
    }

    private void TellTaken()
    {
        // Who waited goes on at once: with another piece, or to the end of the stream.
        foreach (var stream in _taken)
            stream.Output.OnTaken();
        _taken.Clear();
    }

    private void Dequeue(Http2Stream stream)
    {
        if (!stream.IsQueued)
            return;
        stream.IsQueued = false;
        if (stream.PreviousQueued is { } previous)
            previous.NextQueued = stream.NextQueued;
        else
            _firstQueued = stream.NextQueued;
        if (stream.NextQueued is { } next)
            next.PreviousQueued = stream.PreviousQueued;
        else
            _lastQueued = stream.PreviousQueued;
        stream.NextQueued = stream.PreviousQueued = null;
    }

    private void EnqueueAll()
    {
        foreach (var stream in _streams.Values)
        {
            if (stream.Output.IsWaiting)
                Enqueue(stream);
        }
    }

    /// <summary>Goes on with the sender, once what is being read is dealt with and the turn's other events, too.</summary>
    private void WakeSender()
    {
        if (_batching || _deferred || !_wait.IsPending)
            return;
        if (Reactor.TryDefer(_wake))
        {
            _deferred = true;
            return;
        }

        GoOn();
    }

    private void GoOn()
    {
        _deferred = false;
        if (_wait.IsPending && _wait.TrySignal())
            _wait.Resume();
    }
}
