// SPDX-License-Identifier: Apache-2.0
using System.Buffers;

namespace Penstock.L7.Http1;

/// <summary>Writes a parsed response for the client, always as HTTP/1.1: the end-to-end fields as received, framing from what was parsed.</summary>
internal static class ResponseWriter
{
    private const int FixedLength = 384;

    /// <summary>Fields of a response that are written from what was parsed, or not at all.</summary>
    internal static ulong NotCopied { get; } = KnownHeaders.HopByHop | KnownHeaders.Set(
        KnownHeader.ContentLength, KnownHeader.Via, KnownHeader.Trailer);

    /// <summary>No less than <see cref="Write"/> or <see cref="WriteInterim"/> writes.</summary>
    public static int MaxLength(ResponseHead head, in ResponseForwarding forwarding) =>
        FixedLength + head.Length + (FieldSection.LineOverhead * head.FieldCount) + forwarding.ViaName.Length
        + forwarding.Upgrade.Length + forwarding.Date.Length + forwarding.RequestId.Length
        + forwarding.ContentType.Length + forwarding.WebSocketAccept.Length;

    /// <summary>Writes the head of a final response, or of 101, and advances the output.</summary>
    /// <returns>Bytes written.</returns>
    public static int Write(IBufferWriter<byte> output, ResponseHead head, in ResponseForwarding forwarding)
    {
        var cursor = new HeadCursor(output.GetSpan(MaxLength(head, forwarding)));
        if (forwarding.WebSocketAccept.IsEmpty)
        {
            PutStatusLine(ref cursor, head);
        }
        else
        {
            cursor.Put("HTTP/1.1 101 Switching Protocols\r\n"u8);
            cursor.PutField("Sec-WebSocket-Accept"u8, forwarding.WebSocketAccept);
        }

        ulong skip = NotCopied;
        if (forwarding.Framing == BodyFraming.Chunked && forwarding.ContentType.IsEmpty)
        {
            skip &= ~(1UL << (int)KnownHeader.Trailer);
        }

        if (!forwarding.RequestId.IsEmpty)
        {
            skip |= 1UL << (int)KnownHeader.XRequestId;
            cursor.PutField("X-Request-Id"u8, forwarding.RequestId);
        }

        if (!forwarding.ContentType.IsEmpty)
        {
            skip |= 1UL << (int)KnownHeader.ContentType;
            cursor.PutField("Content-Type"u8, forwarding.ContentType);
        }

        cursor.PutFields(head, skip);
        if (!head.Has(KnownHeader.Date))
        {
            cursor.PutField("Date"u8, forwarding.Date);
        }

        if (!forwarding.ViaName.IsEmpty)
        {
            cursor.PutVia(head, forwarding.ViaName);
        }

        if (!forwarding.Upgrade.IsEmpty)
        {
            cursor.Put("Connection: upgrade\r\nUpgrade: "u8);
            cursor.Put(forwarding.Upgrade);
            cursor.Put("\r\n"u8);
        }
        else
        {
            cursor.PutConnection(forwarding.ClientVersion, forwarding.KeepAlive);
        }

        cursor.PutFraming(forwarding.Framing, forwarding.ContentLength);
        cursor.Put("\r\n"u8);
        output.Advance(cursor.Written);
        return cursor.Written;
    }

    /// <summary>Writes an interim response (1xx) and advances the output. Not for HTTP/1.0 clients (RFC 9110 section 15.2).</summary>
    /// <returns>Bytes written.</returns>
    public static int WriteInterim(IBufferWriter<byte> output, ResponseHead head, in ResponseForwarding forwarding)
    {
        var cursor = new HeadCursor(output.GetSpan(MaxLength(head, forwarding)));
        PutStatusLine(ref cursor, head);
        cursor.PutFields(head, NotCopied);
        cursor.PutVia(head, forwarding.ViaName);
        cursor.Put("\r\n"u8);
        output.Advance(cursor.Written);
        return cursor.Written;
    }

    private static void PutStatusLine(ref HeadCursor cursor, ResponseHead head)
    {
        cursor.Put("HTTP/1.1 "u8);
        cursor.Put(head.Status);
        cursor.Put(" "u8);
        cursor.Put(head.Version == 20 ? StatusText.Reason(head.Status) : head.ReasonPhrase);
        cursor.Put("\r\n"u8);
    }
}
