// SPDX-License-Identifier: Apache-2.0
using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Penstock.Http2;

/// <summary>The nine bytes before a frame's payload (RFC 9113 section 4.1).</summary>
/// <param name="Length">Bytes of the payload.</param>
/// <param name="Type">Type; unknown ones are possible.</param>
/// <param name="Flags">Flags, undefined ones included.</param>
/// <param name="StreamId">Stream, without the reserved bit; 0: the connection.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct FrameHeader(int Length, FrameType Type, FrameFlags Flags, int StreamId)
{
    /// <summary>Bytes of a header.</summary>
    internal const int Size = 9;

    /// <summary>Reads a header.</summary>
    /// <param name="bytes">At least <see cref="Size"/>.</param>
    internal static FrameHeader Read(ReadOnlySpan<byte> bytes) => new(
        (bytes[0] << 16) | (bytes[1] << 8) | bytes[2],
        (FrameType)bytes[3],
        (FrameFlags)bytes[4],
        (int)(BinaryPrimitives.ReadUInt32BigEndian(bytes[5..]) & int.MaxValue));

    /// <summary>Writes the header.</summary>
    /// <param name="destination">At least <see cref="Size"/>.</param>
    internal void Write(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt32BigEndian(destination, ((uint)Length << 8) | (uint)Type);
        destination[4] = (byte)Flags;
        BinaryPrimitives.WriteInt32BigEndian(destination[5..], StreamId);
    }

    /// <summary>Whether a flag is set.</summary>
    internal bool Has(FrameFlags flag) => (Flags & flag) != FrameFlags.None;

    /// <summary>Judges what the header alone shows: length and stream (RFC 9113 sections 4.2 and 6).</summary>
    /// <param name="maxFrameSize">Largest payload taken here.</param>
    internal Http2Fault Check(int maxFrameSize)
    {
        if (Length > maxFrameSize)
            return Http2Fault.FrameTooLarge;
        var ofStream = Type is FrameType.Data or FrameType.Headers or FrameType.Priority or FrameType.RstStream or FrameType.PushPromise or FrameType.Continuation;
        if (ofStream && StreamId == 0)
            return Http2Fault.StreamIdMissing;
        if (Type is FrameType.Settings or FrameType.Ping or FrameType.GoAway && StreamId != 0)
            return Http2Fault.StreamIdNotAllowed;
        var wrong = Type switch
        {
            FrameType.RstStream or FrameType.WindowUpdate => Length != 4,
            FrameType.Settings => Has(FrameFlags.Ack) ? Length != 0 : Length % Http2Settings.EntryLength != 0,
            FrameType.Ping => Length != 8,
            FrameType.GoAway => Length < 8,
            _ => false,
        };
        return wrong ? Http2Fault.FrameSizeWrong : Http2Fault.None;
    }

    /// <summary>Takes padding and the fields of priority, which are ignored (RFC 9113 section 5.3.2), off the payload of DATA or HEADERS.</summary>
    /// <param name="payload">The payload; what is left of it.</param>
    /// <returns><see cref="Http2Fault.SelfDependency"/> is an error of the stream (RFC 7540 section 5.3.1), others are the connection's.</returns>
    internal Http2Fault Strip(ref ReadOnlySpan<byte> payload)
    {
        var padding = 0;
        if (Has(FrameFlags.Padded))
        {
            if (payload.IsEmpty)
                return Http2Fault.FrameSizeWrong;
            padding = payload[0];
            payload = payload[1..];
        }

        var fault = Http2Fault.None;
        if (Type == FrameType.Headers && Has(FrameFlags.Priority))
        {
            if (payload.Length < 5)
                return Http2Fault.FrameSizeWrong;
            if ((BinaryPrimitives.ReadUInt32BigEndian(payload) & int.MaxValue) == StreamId)
                fault = Http2Fault.SelfDependency;
            payload = payload[5..];
        }

        if (padding > payload.Length)
            return Http2Fault.PaddingTooLong;
        payload = payload[..^padding];
        return fault;
    }
}
