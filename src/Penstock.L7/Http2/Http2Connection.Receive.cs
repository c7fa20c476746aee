// SPDX-License-Identifier: Apache-2.0
using System.Buffers;
using System.Buffers.Binary;
using Penstock.Http2;
using Penstock.Http2.Hpack;
using Penstock.L7.Http1;

namespace Penstock.L7.Http2;

/// <content>What frames do to streams (RFC 9113 sections 5 and 6).</content>
internal abstract partial class Http2Connection
{
    /// <summary>Frames without content that a server may have sent to a stream before it hears of its reset: interim heads, the head, trailers, a reset of its own.</summary>
    private const int FramesBehindReset = 8;

    private readonly ClosedStreams _closed = new();
    private FloodMeter _emptyFrames;
    private FloodMeter _resets;
    private FloodMeter _late;
    private int _lateBytes;
    private long _lateFrames;

    /// <summary>The fields of a message have come: a request, with which a stream begins, or a response.</summary>
    /// <param name="id">The stream's number.</param>
    /// <param name="ended">Whether no content follows.</param>
    /// <param name="refused">A fault that the stream is refused for, once its fields are read.</param>
    /// <param name="block">The encoded fields; must be read to the end.</param>
    protected abstract Http2Fault OnMessage(int id, bool ended, Http2Fault refused, ReadOnlySpan<byte> block);

    /// <summary>A stream was reset.</summary>
    /// <param name="fault">Why; <see cref="Http2Fault.None"/>: the peer reset it.</param>
    protected abstract void OnStreamReset(Http2Fault fault);

    /// <summary>Resets a stream, which the peer has caused. Its work may be over afterwards, and it may be another one's.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="fault">What the peer did.</param>
    /// <param name="reason">What is wrong with its message; <see cref="RejectReason.None"/>: nothing.</param>
    protected Http2Fault Reset(Http2Stream stream, Http2Fault fault, RejectReason reason = RejectReason.None)
    {
        ResetStream(stream, fault.Code());
        Remove(stream);
        OnStreamReset(fault);
        stream.Break(reason);
        return CountReset();
    }

    /// <summary>Sends RST_STREAM; what is still on its way to the stream is ignored.</summary>
    /// <remarks>It is this end that begins streams and gives them up, as often as clients do: what a server has sent to one before it hears of that is none of its faults.</remarks>
    protected void ResetStream(Http2Stream stream, Http2ErrorCode code)
    {
        ResetById(stream.Id, code);
        if (_peerBegins || stream.RemoteEnded)
            return;
        _lateBytes = (int)Math.Min((long)_lateBytes + stream.ReceiveWindow, Limits.ConnectionWindow); // No more is ever on its way.
        _lateFrames += FramesBehindReset;
    }

    /// <summary>Sends RST_STREAM; frames that are still on their way to the stream are ignored.</summary>
    protected void ResetById(int id, Http2ErrorCode code)
    {
        _closed.Add(id, resetHere: true);
        WriteReset(id, code);
    }

    /// <summary>Frames of a stream are ignored, about which the peer knows that nobody heard of it.</summary>
    protected void Ignore(int id) => _closed.Add(id, resetHere: true);

    /// <summary>A stream ended in order.</summary>
    protected void Forget(int id) => _closed.Add(id, resetHere: false);

    /// <summary>Counts a stream that ended early: opening and resetting streams costs a peer little (CVE-2023-44487, CVE-2025-8671).</summary>
    /// <remarks>Of streams that this end begins there are no more than it begins.</remarks>
    protected Http2Fault CountReset() => !_peerBegins || _resets.TryAdd(Reactor.Now) ? Http2Fault.None : Http2Fault.ResetFlood;

    /// <summary>Counts a frame of a stream that is reset, beyond what <see cref="ResetStream"/> allows: a peer has no more of them on their way than its windows and a round trip allow.</summary>
    /// <param name="flowControlled">Bytes of it that count against windows.</param>
    private Http2Fault CountLate(int flowControlled = 0)
    {
        if (flowControlled > 0 && flowControlled <= _lateBytes)
        {
            _lateBytes -= flowControlled;
            return Http2Fault.None;
        }

        if (_lateFrames > 0)
        {
            _lateFrames--;
            return Http2Fault.None;
        }

        return _late.TryAdd(Reactor.Now) ? Http2Fault.None : Http2Fault.ClosedStreamFlood;
    }

    private bool IsIdle(int id) => id > LastStreamId || (id & 1) == 0;

    private Http2Fault OnData(in FrameHeader header, in ReadOnlySequence<byte> payload)
    {
        if (IsIdle(header.StreamId))
            return Http2Fault.StreamIdle;
        if (header.Length > _receiveWindow)
            return Http2Fault.WindowExceeded;
        _receiveWindow -= header.Length;
        TellOpen();
        var fault = Unpad(header, payload, out var data);
        if (fault != Http2Fault.None)
            return fault;
        var ended = header.Has(FrameFlags.EndStream);
        var isForNothing = data.IsEmpty && !ended;
        if (isForNothing && _peerBegins && !_emptyFrames.TryAdd(Reactor.Now))
            return Http2Fault.EmptyFrameFlood;
        if (!_streams.TryGetValue(header.StreamId, out var stream))
        {
            GiveBack(header.Length);
            return _closed.HasEnded(header.StreamId) ? Http2Fault.StreamClosed : CountLate(header.Length); // Reset here, or so long ago that nobody knows.
        }

        var wrong = stream.RemoteEnded ? Http2Fault.StreamClosed
            : !stream.HeadReceived ? Http2Fault.MessageMalformed
            : header.Length > stream.ReceiveWindow ? Http2Fault.WindowExceeded
            : isForNothing && !_peerBegins && !stream.TakesEmptyFrame() ? Http2Fault.EmptyFrameFlood // Of its own: requests of many clients share the connection.
            : Http2Fault.None;
        if (wrong != Http2Fault.None)
        {
            GiveBack(header.Length);
            return Reset(stream, wrong);
        }

        if (!stream.TryAccept(data, header.Length, ended))
        {
            GiveBack(header.Length);
            return Reject(stream, RejectReason.ContentLengthMismatch);
        }

        stream.OnPadding(header.Length - (int)data.Length);
        stream.Input.Wake();
        return Http2Fault.None;
    }

    private static Http2Fault Unpad(in FrameHeader header, in ReadOnlySequence<byte> payload, out ReadOnlySequence<byte> data)
    {
        data = payload;
        if (!header.Has(FrameFlags.Padded))
            return Http2Fault.None;
        if (payload.IsEmpty)
            return Http2Fault.FrameSizeWrong;
        var padding = payload.FirstSpan.IsEmpty ? payload.ToArray()[0] : payload.FirstSpan[0];
        if (padding >= payload.Length)
            return Http2Fault.PaddingTooLong;
        data = payload.Slice(1, payload.Length - 1 - padding);
        return Http2Fault.None;
    }

    private Http2Fault Reject(Http2Stream stream, RejectReason reason) => Reset(stream, Http2Fault.MessageMalformed, reason);

    private Http2Fault OnTrailers(Http2Stream stream, bool ended, ReadOnlySpan<byte> block)
    {
        if (stream.RemoteEnded)
        {
            var skipped = Skip(block);
            return skipped != Http2Fault.None ? skipped : Reset(stream, Http2Fault.StreamClosed);
        }

        var trailers = stream.ReceiveTrailers();
        var reason = RejectReason.None;
        var fault = ReadTrailers(trailers, block, ref reason);
        if (fault != Http2Fault.None)
            return fault;
        if (!ended)
            return Reset(stream, Http2Fault.TrailersWithoutEnd);
        if (reason != RejectReason.None)
            return Reject(stream, reason);
        if (stream.TakesMetadata)
            trailers.EndMetadata();
        else
            trailers.End();
        if (!stream.TryEndRemote())
            return Reject(stream, RejectReason.ContentLengthMismatch);
        stream.Input.Wake();
        return Http2Fault.None;
    }

    private Http2Fault ReadTrailers(TrailerSection trailers, ReadOnlySpan<byte> block, ref RejectReason reason)
    {
        _decoder.Begin();
        while (true)
        {
            var status = _decoder.Read(ref block, out var field);
            if (status != HpackStatus.Field)
                return status == HpackStatus.End ? Http2Fault.None : Http2Fault.FieldBlockInvalid;
            if (reason != RejectReason.None)
                continue;
            reason = field.Name is [(byte)':', ..] ? RejectReason.PseudoFieldUnknown : trailers.AddField(field.Name, field.Value, Limits.Head);
        }
    }

    private Http2Fault OnReset(in FrameHeader header, ReadOnlySpan<byte> payload)
    {
        if (IsIdle(header.StreamId))
            return Http2Fault.StreamIdle;
        if (_streams.TryGetValue(header.StreamId, out var stream))
        {
            _closed.Add(stream.Id, resetHere: false);
            Remove(stream);
            OnStreamReset(Http2Fault.None);
            stream.OnReset((Http2ErrorCode)BinaryPrimitives.ReadUInt32BigEndian(payload));
            return CountReset();
        }

        return _peerBegins ? CountReset() : CountLate();
    }

    private Http2Fault OnWindowUpdate(in FrameHeader header, ReadOnlySpan<byte> payload)
    {
        if (header.StreamId != 0 && IsIdle(header.StreamId))
            return Http2Fault.StreamIdle;
        if (--_windowUpdates < 0)
            return Http2Fault.WindowUpdateFlood;
        var increment = (int)(BinaryPrimitives.ReadUInt32BigEndian(payload) & int.MaxValue);
        if (header.StreamId == 0)
        {
            if (increment == 0)
                return Http2Fault.WindowIncrementZero;
            if (increment > int.MaxValue - SendWindow)
                return Http2Fault.WindowOverflow;
            SendWindow += increment;
            TellHeld();
            WakeSender();
            return Http2Fault.None;
        }

        if (!_streams.TryGetValue(header.StreamId, out var stream))
            return Http2Fault.None;
        if (increment == 0)
            return Reset(stream, Http2Fault.WindowIncrementZero);
        if ((long)stream.SendWindow + increment > int.MaxValue)
            return Reset(stream, Http2Fault.WindowOverflow);
        stream.SendWindow += increment;
        stream.Output.OnWindow();
        if (stream.Output.IsWaiting)
            Enqueue(stream);
        return Http2Fault.None;
    }

    /// <summary>Priority is ignored (RFC 9113 section 5.3.2), but not what RFC 7540 has called an error of it.</summary>
    private Http2Fault OnPriority(in FrameHeader header, ReadOnlySpan<byte> payload)
    {
        var fault = payload.Length != 5 ? Http2Fault.FrameSizeWrong
            : (BinaryPrimitives.ReadUInt32BigEndian(payload) & int.MaxValue) == header.StreamId ? Http2Fault.SelfDependency
            : CountControl();
        return fault is Http2Fault.FrameSizeWrong or Http2Fault.SelfDependency && _streams.TryGetValue(header.StreamId, out var stream)
            ? Reset(stream, fault)
            : fault;
    }
}
