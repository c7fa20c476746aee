// SPDX-License-Identifier: Apache-2.0
using System.Buffers;
using Penstock.L7.Http1;

namespace Penstock.L7.Forwarding;

/// <summary>Finds the pieces and the end of a message's body, whatever frames it (RFC 9112 section 6.3).</summary>
internal sealed class BodyDecoder
{
    private ChunkedDecoder _chunked;
    private BodyFraming _framing;
    private long _remaining;

    /// <summary>Whether the body is over.</summary>
    internal bool IsDone { get; private set; }

    /// <summary>Whether the end of the connection is the end of the body.</summary>
    internal bool EndsWithConnection => _framing == BodyFraming.UntilClose;

    /// <summary>Whether its length is not told beforehand.</summary>
    internal bool IsChunked => _framing == BodyFraming.Chunked;

    /// <summary>Bytes of the body so far, without framing.</summary>
    internal long Bytes { get; private set; }

    /// <summary>Bytes still to come, by Content-Length; 0 when that does not frame it.</summary>
    internal long Remaining => _framing == BodyFraming.Length ? _remaining : 0;

    /// <summary>Why the coding was rejected.</summary>
    internal RejectReason Rejection => IsChunked ? _chunked.Rejection : RejectReason.None;

    /// <summary>Fields behind a chunked body.</summary>
    internal TrailerSection? Trailers => IsChunked ? _chunked.Trailers : null;

    /// <summary>Begins a body.</summary>
    /// <param name="framing">What frames it.</param>
    /// <param name="contentLength">Bytes, when its length frames it.</param>
    /// <param name="trailerLimits">Limits of the trailer section of a chunked body.</param>
    internal void Start(BodyFraming framing, long contentLength, in HeadLimits trailerLimits)
    {
        _framing = framing;
        _remaining = contentLength;
        Bytes = 0;
        IsDone = framing == BodyFraming.None || (framing == BodyFraming.Length && contentLength == 0);
        if (framing == BodyFraming.Chunked)
            _chunked.Start(trailerLimits);
    }

    /// <summary>Takes the next piece off the input.</summary>
    internal ChunkStatus Read(ref ReadOnlySequence<byte> input, out ReadOnlySequence<byte> data)
    {
        data = default;
        if (IsDone)
            return ChunkStatus.Done;
        if (_framing == BodyFraming.Chunked)
        {
            var status = _chunked.Read(ref input, out data);
            IsDone = status == ChunkStatus.Done;
            if (status == ChunkStatus.Data)
                Bytes += data.Length;
            return status;
        }

        if (input.IsEmpty)
            return ChunkStatus.NeedMore;
        data = _framing == BodyFraming.Length && input.Length > _remaining ? input.Slice(0, _remaining) : input;
        var length = data.Length;
        input = input.Slice(data.End);
        Bytes += length;
        _remaining -= length;
        IsDone = _framing == BodyFraming.Length && _remaining == 0;
        return ChunkStatus.Data;
    }

    /// <summary>Bytes of a body that Content-Length frames have gone on without being read: no more than <see cref="Remaining"/>.</summary>
    internal void Pass(int bytes)
    {
        Bytes += bytes;
        _remaining -= bytes;
        IsDone = _remaining == 0;
    }

    /// <summary>The message is over: what was lent for its trailers is given back.</summary>
    internal void Release() => _chunked.Release();

    /// <summary>The connection has ended: the end of a body that is framed so.</summary>
    internal void EndWithConnection() => IsDone = true;
}
