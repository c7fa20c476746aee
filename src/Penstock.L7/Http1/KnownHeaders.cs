// SPDX-License-Identifier: Apache-2.0
using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Penstock.L7.Http1;

/// <summary>From a field's name to what the proxy knows of it.</summary>
internal static class KnownHeaders
{
    /// <summary>Fields for one connection only (RFC 9110 section 7.6.1), and those of proxy authentication, which is between a client and this proxy.</summary>
    public static ulong HopByHop { get; } = Set(
        KnownHeader.Connection, KnownHeader.KeepAlive, KnownHeader.ProxyConnection, KnownHeader.Te, KnownHeader.TransferEncoding,
        KnownHeader.Upgrade, KnownHeader.ProxyAuthenticate, KnownHeader.ProxyAuthorization, KnownHeader.Http2Settings);

    /// <summary>
    /// Fields that naming them in Connection does not remove: the proxy writes them itself, from what it parsed, and what a
    /// trusted peer said about its client stays true whatever the client put in Connection.
    /// </summary>
    public static ulong NotNameable { get; } = Set(
        KnownHeader.Host, KnownHeader.ContentLength, KnownHeader.XForwardedFor, KnownHeader.XForwardedProto, KnownHeader.XForwardedHost,
        KnownHeader.XForwardedClientCert, KnownHeader.XForwardedOther, KnownHeader.XRealIp, KnownHeader.Forwarded, KnownHeader.Via, KnownHeader.XRequestId,
        KnownHeader.MaxForwards, KnownHeader.Date);

    /// <summary>Fields that are about an HTTP/1.1 connection: in HTTP/2 a message with them is malformed (RFC 9113 section 8.2.2).</summary>
    public static ulong OfConnection { get; } = Set(
        KnownHeader.Connection, KnownHeader.KeepAlive, KnownHeader.ProxyConnection, KnownHeader.TransferEncoding, KnownHeader.Upgrade);

    /// <summary>The set of these fields, one bit each.</summary>
    public static ulong Set(params ReadOnlySpan<KnownHeader> ids)
    {
        ulong set = 0;
        foreach (KnownHeader id in ids)
        {
            set |= 1UL << (int)id;
        }

        return set;
    }

    /// <summary>Whether the field is in the set.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Has(ulong set, KnownHeader id) => (set >> (int)id & 1) != 0;

    /// <summary>
    /// The field a name stands for. The name must be a token: among tokens, setting bit 5 maps only the two cases of a
    /// letter onto each other, and leaves digits and the hyphen alone.
    /// </summary>
    public static KnownHeader Find(ReadOnlySpan<byte> name)
    {
        ref byte at = ref MemoryMarshal.GetReference(name);
        switch (name.Length)
        {
            case 2: return Is(ref at, "te"u8) ? KnownHeader.Te : KnownHeader.Other;
            case 3: return Is(ref at, "via"u8) ? KnownHeader.Via : KnownHeader.Other;
            case 4:
                return Is(ref at, "host"u8) ? KnownHeader.Host
                    : Is(ref at, "date"u8) ? KnownHeader.Date
                    : KnownHeader.Other;
            case 5: return Is(ref at, "proxy"u8) ? KnownHeader.Proxy : KnownHeader.Other;
            case 6:
                return Is(ref at, "cookie"u8) ? KnownHeader.Cookie
                    : Is(ref at, "server"u8) ? KnownHeader.Server
                    : Is(ref at, "expect"u8) ? KnownHeader.Expect
                    : KnownHeader.Other;
            case 7:
                return Is(ref at, "referer"u8) ? KnownHeader.Referer
                    : Is(ref at, "upgrade"u8) ? KnownHeader.Upgrade
                    : Is(ref at, "trailer"u8) ? KnownHeader.Trailer
                    : KnownHeader.Other;
            case 8: return Is(ref at, "location"u8) ? KnownHeader.Location : KnownHeader.Other;
            case 9:
                return Is(ref at, "x-real-ip"u8) ? KnownHeader.XRealIp
                    : Is(ref at, "forwarded"u8) ? KnownHeader.Forwarded
                    : KnownHeader.Other;
            case 10:
                return Is(ref at, "user-agent"u8) ? KnownHeader.UserAgent
                    : Is(ref at, "connection"u8) ? KnownHeader.Connection
                    : Is(ref at, "keep-alive"u8) ? KnownHeader.KeepAlive
                    : KnownHeader.Other;
            case >= 12: return FindLong(name);
            default: return KnownHeader.Other;
        }
    }

    private static KnownHeader FindLong(ReadOnlySpan<byte> name)
    {
        ref byte at = ref MemoryMarshal.GetReference(name);
        KnownHeader id = name.Length switch
        {
            12 => Is(ref at, "content-type"u8) ? KnownHeader.ContentType
                : Is(ref at, "x-request-id"u8) ? KnownHeader.XRequestId
                : Is(ref at, "max-forwards"u8) ? KnownHeader.MaxForwards
                : Is(ref at, "proxy-status"u8) ? KnownHeader.ProxyStatus
                : KnownHeader.Other,
            13 => Is(ref at, "authorization"u8) ? KnownHeader.Authorization : KnownHeader.Other,
            14 => Is(ref at, "content-length"u8) ? KnownHeader.ContentLength
                : Is(ref at, "http2-settings"u8) ? KnownHeader.Http2Settings
                : KnownHeader.Other,
            15 => Is(ref at, "x-forwarded-for"u8) ? KnownHeader.XForwardedFor : KnownHeader.Other,
            16 => Is(ref at, "x-forwarded-host"u8) ? KnownHeader.XForwardedHost
                : Is(ref at, "proxy-connection"u8) ? KnownHeader.ProxyConnection
                : KnownHeader.Other,
            17 => Is(ref at, "transfer-encoding"u8) ? KnownHeader.TransferEncoding
                : Is(ref at, "x-forwarded-proto"u8) ? KnownHeader.XForwardedProto
                : KnownHeader.Other,
            18 => Is(ref at, "proxy-authenticate"u8) ? KnownHeader.ProxyAuthenticate : KnownHeader.Other,
            19 => Is(ref at, "proxy-authorization"u8) ? KnownHeader.ProxyAuthorization : KnownHeader.Other,
            23 => Is(ref at, "x-forwarded-client-cert"u8) ? KnownHeader.XForwardedClientCert : KnownHeader.Other,
            _ => KnownHeader.Other,
        };
        return id == KnownHeader.Other && Is(ref at, "x-forwarded-"u8) ? KnownHeader.XForwardedOther : id;
    }

    /// <summary>Whether the bytes at <paramref name="at"/> begin with a lower-case name, in any case: words that overlap cover it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool Is(ref byte at, ReadOnlySpan<byte> lower)
    {
        const ulong Bit5 = 0x2020202020202020;
        const uint HalfBit5 = 0x20202020;
        if (lower.Length >= 8)
        {
            return (Word(ref at, 0) | Bit5) == BinaryPrimitives.ReadUInt64LittleEndian(lower)
                && (lower.Length <= 16 || (Word(ref at, 8) | Bit5) == BinaryPrimitives.ReadUInt64LittleEndian(lower[8..]))
                && (Word(ref at, lower.Length - 8) | Bit5) == BinaryPrimitives.ReadUInt64LittleEndian(lower[^8..]);
        }

        if (lower.Length >= 4)
        {
            return (Half(ref at, 0) | HalfBit5) == BinaryPrimitives.ReadUInt32LittleEndian(lower)
                && (Half(ref at, lower.Length - 4) | HalfBit5) == BinaryPrimitives.ReadUInt32LittleEndian(lower[^4..]);
        }

        return (at | 0x20) == lower[0]
            && (Unsafe.Add(ref at, 1) | 0x20) == lower[1]
            && (Unsafe.Add(ref at, lower.Length - 1) | 0x20) == lower[^1];
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Word(ref byte at, int offset) =>
        BinaryPrimitives.ReadUInt64LittleEndian(MemoryMarshal.CreateReadOnlySpan(ref Unsafe.Add(ref at, offset), 8));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Half(ref byte at, int offset) =>
        BinaryPrimitives.ReadUInt32LittleEndian(MemoryMarshal.CreateReadOnlySpan(ref Unsafe.Add(ref at, offset), 4));
}
