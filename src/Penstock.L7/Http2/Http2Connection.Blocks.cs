// SPDX-License-Identifier: Apache-2.0
using System.Buffers;
using Penstock.Http2;
using Penstock.Http2.Hpack;

namespace Penstock.L7.Http2;

/// <content>Field blocks: put together from HEADERS and CONTINUATION (RFC 9113 section 4.3) and bounded in both bytes and frames.</content>
internal abstract partial class Http2Connection
{
    /// <summary>CONTINUATION frames of one block (nghttp2: NGHTTP2_DEFAULT_MAX_CONTINUATIONS, after CVE-2024-28182).</summary>
    private const int MaxContinuations = 8;

    private byte[] _block = [];
    private int _blockLength;
    private int _blockOf;
    private int _continuations;
    private bool _blockEnds;
    private Http2Fault _blockFault;

    /// <summary>Whether a block has begun and is not over.</summary>
    protected bool IsWithinBlock => _blockOf != 0;

    /// <summary>A block's decoding begins.</summary>
    protected void BeginBlock() => _decoder.Begin();

    /// <summary>Reads the next field of a block.</summary>
    protected HpackStatus ReadField(ref ReadOnlySpan<byte> block, out HpackField field) => _decoder.Read(ref block, out field);

    /// <summary>Reads a block that nobody needs, as the table must be kept in step.</summary>
    protected Http2Fault Skip(ReadOnlySpan<byte> block)
    {
        _decoder.Begin();
        HpackStatus status;
        do
            status = _decoder.Read(ref block, out _);
        while (status == HpackStatus.Field);
        return status == HpackStatus.End ? Http2Fault.None : Http2Fault.FieldBlockInvalid;
    }

    /// <summary>Reads a block of a stream that is reset.</summary>
    protected Http2Fault SkipLate(ReadOnlySpan<byte> block)
    {
        var fault = Skip(block);
        return fault == Http2Fault.None ? CountLate() : fault;
    }

    private Http2Fault OnHeaders(in FrameHeader header, ReadOnlySpan<byte> payload)
    {
        var id = header.StreamId;
        if ((id & 1) == 0)
            return Http2Fault.StreamIdEven;
        if (id > LastStreamId && !_peerBegins)
            return Http2Fault.StreamIdle;
        if (id < LastStreamId && !_streams.ContainsKey(id) && !_closed.WasResetHere(id) && (_peerBegins || _closed.HasEnded(id)))
            return _closed.HasEnded(id) ? Http2Fault.StreamClosed : Http2Fault.StreamIdReused;
        _blockFault = header.Strip(ref payload);
        if (_blockFault is not (Http2Fault.None or Http2Fault.SelfDependency))
            return _blockFault;
        _blockEnds = header.Has(FrameFlags.EndStream);
        if (header.Has(FrameFlags.EndHeaders))
            return OnBlock(id, payload);
        _blockOf = id;
        _continuations = 0;
        return KeepBlock(payload);
    }

    private Http2Fault OnContinuation(in FrameHeader header, ReadOnlySpan<byte> payload)
    {
        if (_blockOf == 0)
            return Http2Fault.ContinuationUnexpected;
        if (++_continuations > MaxContinuations)
            return Http2Fault.ContinuationFlood;
        var fault = KeepBlock(payload);
        if (fault != Http2Fault.None || !header.Has(FrameFlags.EndHeaders))
            return fault;
        fault = OnBlock(header.StreamId, _block.AsSpan(0, _blockLength));
        ReleaseBlock();
        return fault;
    }

    private Http2Fault KeepBlock(ReadOnlySpan<byte> fragment)
    {
        // What a server sends is read to its end even if it is refused, as others share the connection: the count of frames bounds it.
        var needed = _blockLength + fragment.Length;
        if (_peerBegins && needed > Limits.Head.HeadBytes)
            return Http2Fault.FieldBlockTooLarge;
        if (needed > _block.Length)
        {
            var larger = ArrayPool<byte>.Shared.Rent(Math.Max(needed, _block.Length * 2));
            _block.AsSpan(0, _blockLength).CopyTo(larger);
            if (_block.Length > 0)
                ArrayPool<byte>.Shared.Return(_block);
            _block = larger;
        }

        fragment.CopyTo(_block.AsSpan(_blockLength));
        _blockLength = needed;
        return Http2Fault.None;
    }

    /// <summary>Lets the memory go that a block was put together in.</summary>
    protected void ReleaseBlock()
    {
        if (_block.Length > 0)
            ArrayPool<byte>.Shared.Return(_block);
        _block = [];
        _blockLength = _blockOf = 0;
    }

    private Http2Fault OnBlock(int id, ReadOnlySpan<byte> block)
    {
        _decoder.Trim();
        if (!_streams.TryGetValue(id, out var stream))
        {
            if (id <= LastStreamId)
                return _peerBegins && !_closed.WasResetHere(id) ? Http2Fault.StreamClosed : SkipLate(block);
            OnBegun(id);
        }
        else if (stream.HeadReceived)
        {
            return OnTrailers(stream, _blockEnds, block);
        }

        return OnMessage(id, _blockEnds, _blockFault, block);
    }
}
