// SPDX-License-Identifier: Apache-2.0
using System.Buffers;
using System.IO.Pipelines;
using Penstock.Http2;
using Penstock.L7.Transport;
using Penstock.Linux.Reactors;

namespace Penstock.L7.Http2;

/// <summary>The content that comes over a stream. It holds at most what the stream's window allows; what is consumed is given back to the window.</summary>
internal sealed class Http2StreamReader : TransportReader
{
    /// <summary>A piece of so many bytes is worth a large block: with less, small ones keep the memory near to what the windows say.</summary>
    private const int LargeFrom = Http2Settings.DefaultMaxFrameSize / 2;

    private readonly Http2Stream _stream;

    internal Http2StreamReader(Http2Stream stream, Reactor reactor)
        : base(reactor) => _stream = stream;

    /// <summary>Bytes received and not consumed.</summary>
    internal int Buffered { get; private set; }

    private bool IsReadable => HasResult || _stream.HasHead;

    /// <inheritdoc/>
    public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default) =>
        IsReadable ? new ValueTask<ReadResult>(TakeResult()) : Pending();

    /// <inheritdoc/>
    public override bool TryRead(out ReadResult result)
    {
        var any = IsReadable;
        result = any ? TakeResult() : default;
        return any;
    }

    /// <inheritdoc/>
    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        var count = Consume(consumed, examined);
        Buffered -= count;
        if (count > 0)
            _stream.OnConsumed(count);
    }

    /// <summary>Content has come.</summary>
    internal void Accept(in ReadOnlySequence<byte> data)
    {
        if (data.IsEmpty)
            return;
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
        OnReceived(length);
    }

    /// <summary>Nothing more comes: the content is over, or the stream broke.</summary>
    internal void End() => _completed = true;

    /// <summary>Wakes who waits, if there is something for them.</summary>
    internal void Wake()
    {
        if (IsReadable)
            Signal();
    }

    /// <summary>Lets everything go, for another stream.</summary>
    internal void Reset()
    {
        Clear();
        Buffered = 0;
    }

    private BufferSegment RoomFor(int bytes)
    {
        if (_tail is { Free: > 0 } tail)
            return tail;
        var segment = _reactor.Buffers.Rent(large: bytes >= LargeFrom);
        Append(segment);
        return segment;
    }
}
