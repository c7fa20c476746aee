// SPDX-License-Identifier: Apache-2.0
using System.Text;
using Penstock.Http2;
using Penstock.Http2.Hpack;
using Penstock.L7.Http1;

namespace Penstock.L7.Http2;

/// <summary>Writes requests as fields: what <see cref="RequestWriter"/> writes for HTTP/1.1, without what is about connections.</summary>
internal static class RequestFields
{
    /// <summary>Names whose values hardly come twice on a connection, which carries requests of many clients.</summary>
    private static readonly string[] s_unique =
    [
        "if-none-match", "if-modified-since", "if-match", "if-range", "range", "traceparent", "tracestate", "grpc-timeout", "x-b3-traceid", "x-b3-spanid", "origin",
    ];

    /// <summary>The head of a request.</summary>
    /// <param name="block">Where.</param>
    /// <param name="head">As received.</param>
    /// <param name="forwarding">What the proxy decides.</param>
    /// <param name="scheme">Of the connection to the endpoint: servers refuse one that it is not.</param>
    internal static void WriteHead(FieldBlock block, RequestHead head, in RequestForwarding forwarding, ReadOnlySpan<byte> scheme)
    {
        PutMethod(block, head, forwarding);
        block.Add(":scheme"u8, scheme, HpackIndexing.Add);
        var host = forwarding.Host.IsEmpty ? head.Authority : forwarding.Host;
        if (!host.IsEmpty)
            block.Add(":authority"u8, host, HpackIndexing.Add);
        block.Begin(":path"u8);
        block.Append(forwarding.Path.IsEmpty ? head.Path : forwarding.Path);
        block.Append(head.Query);
        block.End(HpackIndexing.None);
        var skip = RequestWriter.NotCopied(forwarding.PeerTrusted);
        if (forwarding.Framing == BodyFraming.Chunked)
            skip &= ~(1UL << (int)KnownHeader.Trailer);
        if (head.MaxForwards >= 0)
        {
            skip |= 1UL << (int)KnownHeader.MaxForwards;
            MessageFields.PutNumber(block, "max-forwards"u8, Math.Max(0, head.MaxForwards - 1), HpackIndexing.None);
        }

        if (!forwarding.ContentType.IsEmpty)
        {
            skip |= 1UL << (int)KnownHeader.ContentType;
            block.Add("content-type"u8, forwarding.ContentType, HpackIndexing.Add);
        }

        foreach (ref readonly var slot in head.Slots)
        {
            if (!KnownHeaders.Has(skip, slot.Id) && !slot.Dropped && !(forwarding.OpensWebSocket && Ascii.EqualsIgnoreCase(head.Name(slot), "sec-websocket-key"u8)))
                block.Add(head.Name(slot), head.Value(slot), IndexingOf(slot.Id, head.Name(slot)));
        }

        PutForwarded(block, head, forwarding);
        MessageFields.PutVia(block, head, forwarding.ViaName);
        if (!forwarding.RequestId.IsEmpty)
            block.Add("x-request-id"u8, forwarding.RequestId, HpackIndexing.None);
        if (forwarding.ExpectContinue)
            block.Add("expect"u8, "100-continue"u8, HpackIndexing.Add);
        if (head.AcceptsTrailers || !forwarding.ContentType.IsEmpty)
            block.Add("te"u8, "trailers"u8, HpackIndexing.Add);
        if (forwarding.Framing == BodyFraming.Length && !forwarding.OpensWebSocket)
            MessageFields.PutNumber(block, "content-length"u8, forwarding.ContentLength, HpackIndexing.None);
    }

    private static void PutMethod(FieldBlock block, RequestHead head, in RequestForwarding forwarding)
    {
        if (!forwarding.OpensWebSocket)
        {
            block.Add(":method"u8, head.Method, HpackIndexing.Add);
            return;
        }

        block.Add(":method"u8, "CONNECT"u8, HpackIndexing.Add);
        block.Add(":protocol"u8, "websocket"u8, HpackIndexing.Add);
    }

    private static void PutForwarded(FieldBlock block, RequestHead head, in RequestForwarding forwarding)
    {
        var trusted = forwarding.PeerTrusted;
        if (!forwarding.ClientAddress.IsEmpty || (trusted && head.Has(KnownHeader.XForwardedFor)))
            PutAppended(block, head, KnownHeader.XForwardedFor, "x-forwarded-for"u8, forwarding.ClientAddress, trusted);
        PutKept(block, head, KnownHeader.XForwardedProto, "x-forwarded-proto"u8, forwarding.Proto, trusted);
        PutKept(block, head, KnownHeader.XForwardedHost, "x-forwarded-host"u8, forwarding.OriginalHost, trusted);
        if (!forwarding.ClientCertificate.IsEmpty || (trusted && head.Has(KnownHeader.XForwardedClientCert)))
            PutAppended(block, head, KnownHeader.XForwardedClientCert, "x-forwarded-client-cert"u8, forwarding.ClientCertificate, trusted);
    }

    /// <summary>What a trusted peer said of those before it, then what is seen here.</summary>
    private static void PutAppended(FieldBlock block, RequestHead head, KnownHeader id, ReadOnlySpan<byte> name, ReadOnlySpan<byte> seen, bool trusted)
    {
        block.Begin(name);
        if (trusted && MessageFields.AppendList(block, head, id) && !seen.IsEmpty)
            block.Append(", "u8);
        block.Append(seen);
        block.End(HpackIndexing.None);
    }

    /// <summary>What a trusted peer said, or what is seen here.</summary>
    private static void PutKept(FieldBlock block, RequestHead head, KnownHeader id, ReadOnlySpan<byte> name, ReadOnlySpan<byte> seen, bool trusted)
    {
        var value = trusted && head.TryGet(id, out var said) ? said : seen;
        if (!value.IsEmpty)
            block.Add(name, value, HpackIndexing.Add);
    }

    private static HpackIndexing IndexingOf(KnownHeader id, ReadOnlySpan<byte> name)
    {
        if (id is KnownHeader.Cookie or KnownHeader.Authorization)
            return HpackIndexing.Never; // RFC 7541 section 7.1.3: clients share the table.
        if (id is KnownHeader.Referer or KnownHeader.Forwarded or KnownHeader.XRealIp or KnownHeader.XForwardedOther)
            return HpackIndexing.None;
        if (id != KnownHeader.Other)
            return HpackIndexing.Add;
        foreach (var unique in s_unique)
        {
            if (Ascii.EqualsIgnoreCase(name, unique))
                return HpackIndexing.None;
        }

        return HpackIndexing.Add;
    }
}
