// SPDX-License-Identifier: Apache-2.0
using System.Text;
using Penstock.Http2;
using Penstock.Http2.Hpack;
using Penstock.L7.Http1;

namespace Penstock.L7.Http2;

/// <summary>Writes responses as fields: what <see cref="ResponseWriter"/> and <see cref="LocalResponse"/> write for HTTP/1.1, without what is about connections.</summary>
internal static class ResponseFields
{
    /// <summary>Names whose values hardly come twice on a connection.</summary>
    private static readonly string[] s_unique = ["age", "etag", "last-modified", "expires", "content-range", "content-location", "link", "grpc-message", "grpc-status-details-bin"];

    /// <summary>An interim response.</summary>
    internal static void WriteInterim(FieldBlock block, ResponseHead head, in ResponseForwarding forwarding)
    {
        PutStatus(block, head.Status);
        PutFields(block, head, ResponseWriter.NotCopied);
        MessageFields.PutVia(block, head, forwarding.ViaName);
    }

    /// <summary>The head of a final response.</summary>
    internal static void WriteHead(FieldBlock block, ResponseHead head, in ResponseForwarding forwarding)
    {
        PutStatus(block, head.Status == 101 ? 200 : head.Status); // RFC 8441 section 5: the tunnel is open.
        var skip = ResponseWriter.NotCopied;
        if (head.Framing == BodyFraming.Chunked && forwarding.ContentType.IsEmpty)
            skip &= ~(1UL << (int)KnownHeader.Trailer);
        if (!forwarding.RequestId.IsEmpty)
        {
            skip |= 1UL << (int)KnownHeader.XRequestId;
            block.Add("x-request-id"u8, forwarding.RequestId, HpackIndexing.None);
        }

        if (!forwarding.ContentType.IsEmpty)
        {
            skip |= 1UL << (int)KnownHeader.ContentType;
            block.Add("content-type"u8, forwarding.ContentType, HpackIndexing.Add);
        }

        PutFields(block, head, skip);
        if (!head.Has(KnownHeader.Date))
            block.Add("date"u8, forwarding.Date, HpackIndexing.Add);
        if (!forwarding.ViaName.IsEmpty)
            MessageFields.PutVia(block, head, forwarding.ViaName);
        if (forwarding.Framing is BodyFraming.Length or BodyFraming.None && forwarding.ContentLength >= 0)
            MessageFields.PutNumber(block, "content-length"u8, forwarding.ContentLength, HpackIndexing.None);
    }

    /// <summary>The head of a response of the proxy's own.</summary>
    internal static void WriteAnswer(FieldBlock block, in LocalAnswer answer)
    {
        PutStatus(block, answer.Status);
        PutChecked(block, "date"u8, answer.Date, HpackIndexing.Add);
        PutChecked(block, "content-type"u8, answer.ContentType, HpackIndexing.Add);
        PutChecked(block, "location"u8, answer.Location, HpackIndexing.None);
        PutChecked(block, "allow"u8, answer.Allow, HpackIndexing.Add);
        PutChecked(block, "proxy-status"u8, answer.ProxyStatus, HpackIndexing.Add);
        PutChecked(block, "x-request-id"u8, answer.RequestId, HpackIndexing.None);
        PutChecked(block, "grpc-status"u8, answer.GrpcStatus, HpackIndexing.Add);
        PutChecked(block, "grpc-message"u8, answer.GrpcMessage, HpackIndexing.None);
        if (answer.GrpcStatus.IsEmpty && !LocalResponse.IsBodiless(answer.Status))
            MessageFields.PutNumber(block, "content-length"u8, answer.Body.Length, HpackIndexing.None);
    }

    /// <summary>Fields behind a body.</summary>
    internal static void WriteTrailers(FieldBlock block, TrailerSection trailers) => PutFields(block, trailers, excluded: 0);

    private static void PutStatus(FieldBlock block, int status) => MessageFields.PutNumber(block, ":status"u8, status, HpackIndexing.Add);

    private static void PutFields(FieldBlock block, FieldSection section, ulong excluded)
    {
        foreach (ref readonly var slot in section.Slots)
        {
            if (!KnownHeaders.Has(excluded, slot.Id) && !slot.Dropped)
                block.Add(section.Name(slot), section.Value(slot), IndexingOf(slot.Id, section.Name(slot)));
        }
    }

    private static void PutChecked(FieldBlock block, ReadOnlySpan<byte> name, ReadOnlySpan<byte> value, HpackIndexing indexing)
    {
        if (value.IsEmpty)
            return;
        if (ByteScan.IndexOfControl(value, 0) != value.Length)
            throw new ArgumentException("A field value holds a control byte.", nameof(value));
        block.Add(name, value, indexing);
    }

    private static HpackIndexing IndexingOf(KnownHeader id, ReadOnlySpan<byte> name)
    {
        if (id is KnownHeader.Location or KnownHeader.XRequestId)
            return HpackIndexing.None;
        if (id != KnownHeader.Other)
            return HpackIndexing.Add;
        if (Ascii.EqualsIgnoreCase(name, "set-cookie"u8))
            return HpackIndexing.Never;
        foreach (var unique in s_unique)
        {
            if (Ascii.EqualsIgnoreCase(name, unique))
                return HpackIndexing.None;
        }

        return HpackIndexing.Add;
    }
}
