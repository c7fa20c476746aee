// SPDX-License-Identifier: Apache-2.0
using System.Buffers;

namespace Penstock.L7.Http1;

/// <summary>
/// Writes a parsed request for the next hop, always as HTTP/1.1 in origin form: Host first, then the end-to-end fields as received,
/// then those the proxy answers for, framing among them, from what was parsed.
/// </summary>
internal static class RequestWriter
{
    /// <summary>Names, separators and numbers that may come on top of the parts counted one by one.</summary>
    private const int FixedLength = 512;

    /// <summary>Never copied: for one connection only, written below, or harmful.</summary>
    private static readonly ulong s_written = KnownHeaders.HopByHop | KnownHeaders.Set(
        KnownHeader.Host, KnownHeader.ContentLength, KnownHeader.Expect, KnownHeader.XForwardedFor, KnownHeader.XForwardedProto,
        KnownHeader.XForwardedHost, KnownHeader.XForwardedClientCert, KnownHeader.Via, KnownHeader.XRequestId, KnownHeader.Proxy, KnownHeader.Trailer);

    /// <summary>What a client could say about itself that only a proxy should.</summary>
    private static readonly ulong s_fromTrustedOnly = KnownHeaders.Set(KnownHeader.Forwarded, KnownHeader.XForwardedOther, KnownHeader.XRealIp);

    /// <summary>Fields of a request that are written from what was parsed, or not at all.</summary>
    internal static ulong NotCopied(bool peerTrusted) => peerTrusted ? s_written : s_written | s_fromTrustedOnly;

    /// <summary>No less than <see cref="Write"/> writes.</summary>
    public static int MaxLength(RequestHead head, in RequestForwarding forwarding) =>
        FixedLength + head.Length + (FieldSection.LineOverhead * head.FieldCount) + head.Authority.Length
        + forwarding.Path.Length + forwarding.Host.Length + forwarding.ClientAddress.Length + forwarding.Proto.Length + forwarding.ClientCertificate.Length
        + forwarding.OriginalHost.Length + forwarding.RequestId.Length + forwarding.ViaName.Length + forwarding.Upgrade.Length
        + forwarding.ContentType.Length + forwarding.WebSocketKey.Length;

    /// <summary>Writes the head and advances the output.</summary>
    /// <returns>Bytes written.</returns>
    public static int Write(IBufferWriter<byte> output, RequestHead head, in RequestForwarding forwarding)
    {
        var cursor = new HeadCursor(output.GetSpan(MaxLength(head, forwarding)));
        cursor.Put(head.Method);
        cursor.Put(" "u8);
        cursor.Put(forwarding.Path.IsEmpty ? head.Path : forwarding.Path);
        cursor.Put(head.Query);
        cursor.Put(" HTTP/1.1\r\nHost: "u8);
        cursor.Put(forwarding.Host.IsEmpty ? head.Authority : forwarding.Host);
        cursor.Put("\r\n"u8);
        ulong skip = NotCopied(forwarding.PeerTrusted);
        if (forwarding.Framing == BodyFraming.Chunked)
        {
            skip &= ~(1UL << (int)KnownHeader.Trailer);
        }

        if (head.MaxForwards >= 0)
        {
            skip |= 1UL << (int)KnownHeader.MaxForwards;
            cursor.Put("Max-Forwards: "u8);
            cursor.Put(Math.Max(0, head.MaxForwards - 1));
            cursor.Put("\r\n"u8);
        }

        if (!forwarding.ContentType.IsEmpty)
        {
            skip |= 1UL << (int)KnownHeader.ContentType;
            cursor.PutField("Content-Type"u8, forwarding.ContentType);
        }

        cursor.PutFields(head, skip);
        PutForwarded(ref cursor, head, forwarding);
        cursor.PutVia(head, forwarding.ViaName);
        if (!forwarding.RequestId.IsEmpty)
        {
            cursor.PutField("X-Request-Id"u8, forwarding.RequestId);
        }

        if (!forwarding.WebSocketKey.IsEmpty)
        {
            cursor.PutField("Sec-WebSocket-Key"u8, forwarding.WebSocketKey);
        }

        PutConnection(ref cursor, head, forwarding);
        cursor.PutFraming(forwarding.Framing, forwarding.Framing == BodyFraming.Length ? forwarding.ContentLength : -1);
        cursor.Put("\r\n"u8);
        output.Advance(cursor.Written);
        return cursor.Written;
    }

    private static void PutForwarded(ref HeadCursor cursor, RequestHead head, in RequestForwarding forwarding)
    {
        bool trusted = forwarding.PeerTrusted;
        if (!forwarding.ClientAddress.IsEmpty || (trusted && head.Has(KnownHeader.XForwardedFor)))
        {
            bool before = trusted && cursor.PutList(head, KnownHeader.XForwardedFor, "X-Forwarded-For: "u8);
            cursor.Put(!before ? "X-Forwarded-For: "u8 : forwarding.ClientAddress.IsEmpty ? default : ", "u8);
            cursor.Put(forwarding.ClientAddress);
            cursor.Put("\r\n"u8);
        }

        PutKept(ref cursor, head, KnownHeader.XForwardedProto, "X-Forwarded-Proto"u8, forwarding.Proto, trusted);
        PutKept(ref cursor, head, KnownHeader.XForwardedHost, "X-Forwarded-Host"u8, forwarding.OriginalHost, trusted);
        PutClientCertificate(ref cursor, head, forwarding.ClientCertificate, trusted);
    }

    /// <summary>What a trusted peer said of the certificates before it, then its own.</summary>
    private static void PutClientCertificate(ref HeadCursor cursor, RequestHead head, ReadOnlySpan<byte> own, bool trusted)
    {
        bool before = trusted && head.Has(KnownHeader.XForwardedClientCert) && cursor.PutList(head, KnownHeader.XForwardedClientCert, "X-Forwarded-Client-Cert: "u8);
        if (!before && own.IsEmpty)
            return;
        cursor.Put(!before ? "X-Forwarded-Client-Cert: "u8 : own.IsEmpty ? default : ", "u8);
        cursor.Put(own);
        cursor.Put("\r\n"u8);
    }

    /// <summary>What a trusted peer said, or what is seen here.</summary>
    private static void PutKept(
        ref HeadCursor cursor, RequestHead head, KnownHeader id, ReadOnlySpan<byte> name, ReadOnlySpan<byte> seen, bool trusted)
    {
        ReadOnlySpan<byte> value = trusted && head.TryGet(id, out ReadOnlySpan<byte> said) ? said : seen;
        if (!value.IsEmpty)
        {
            cursor.PutField(name, value);
        }
    }

    private static void PutConnection(ref HeadCursor cursor, RequestHead head, in RequestForwarding forwarding)
    {
        if (forwarding.ExpectContinue)
        {
            cursor.Put("Expect: 100-continue\r\n"u8);
        }

        bool takesTrailers = head.AcceptsTrailers || !forwarding.ContentType.IsEmpty;
        if (takesTrailers)
        {
            cursor.Put("TE: trailers\r\n"u8);
        }

        bool upgrade = !forwarding.Upgrade.IsEmpty;
        if (upgrade)
        {
            cursor.PutField("Upgrade"u8, forwarding.Upgrade);
        }

        cursor.Put((upgrade, takesTrailers, forwarding.KeepAlive) switch
        {
            (true, true, _) => "Connection: upgrade, te\r\n"u8,
            (true, false, _) => "Connection: upgrade\r\n"u8,
            (false, true, true) => "Connection: te\r\n"u8,
            (false, true, false) => "Connection: close, te\r\n"u8,
            (false, false, false) => "Connection: close\r\n"u8,
            _ => default,
        });
    }
}
