// SPDX-License-Identifier: Apache-2.0
using System.Net;
using System.Runtime.InteropServices;

namespace Penstock.L7.Http1;

/// <summary>
/// <c>host[:port]</c> taken apart (RFC 9110 section 7.2, RFC 3986 section 3.2.2). A name is one or more labels of unreserved characters;
/// the sub-delims and percent-encodings that a reg-name may hold by its grammar occur in no DNS name, and a comma would forge a list
/// in X-Forwarded-Host. An IPv6 address stands in brackets, without a zone. A port is at most 65535; an empty one is left out.
/// </summary>
[StructLayout(LayoutKind.Auto)]
internal readonly struct HostText
{
    /// <summary>What each byte of a name becomes; 0: not allowed.</summary>
    private static readonly byte[] s_lowerCase = MakeLowerCase();

    private HostText(int hostLength, int authorityLength, int port)
    {
        HostLength = hostLength;
        AuthorityLength = authorityLength;
        Port = port;
    }

    /// <summary>Bytes of the host; without the dot that ends a fully qualified name, so that both spellings find one route.</summary>
    public int HostLength { get; }

    /// <summary>Bytes of host and port; less than what was read when the port was empty.</summary>
    public int AuthorityLength { get; }

    /// <summary>0-65535; -1: none.</summary>
    public int Port { get; }

    /// <summary>Reads the whole text, and writes it in lower case to <paramref name="lower"/>, which is as long.</summary>
    public static bool TryRead(ReadOnlySpan<byte> text, Span<byte> lower, out HostText result)
    {
        result = default;
        int length;
        if (text is [(byte)'[', ..])
        {
            System.Text.Ascii.ToLower(text, lower, out _);
            length = BracketedLength(text);
        }
        else
        {
            length = NameLength(text, lower);
        }

        int port = -1;
        if (length <= 0 || (length < text.Length && !TryReadPort(text[length..], out port)))
        {
            return false;
        }

        bool rooted = length > 1 && text[length - 1] == (byte)'.';
        result = new HostText(rooted ? length - 1 : length, port < 0 ? length : text.Length, port);
        return true;
    }

    private static byte[] MakeLowerCase()
    {
        byte[] map = new byte[256];
        foreach (char allowed in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
        {
            map[allowed] = (byte)char.ToLowerInvariant(allowed);
        }

        return map;
    }

    private static int NameLength(ReadOnlySpan<byte> text, Span<byte> lower)
    {
        byte before = (byte)'.';
        int at = 0;
        for (; at < text.Length && at < lower.Length; at++)
        {
            byte value = s_lowerCase[text[at]];
            if (value == 0 || (value == (byte)'.' && before == (byte)'.'))
            {
                break;
            }

            lower[at] = before = value;
        }

        // Stopped by anything but the port's colon: an empty label or a character that is not allowed.
        return at == text.Length || text[at] == (byte)':' ? at : -1;
    }

    private static int BracketedLength(ReadOnlySpan<byte> text)
    {
        int close = text.IndexOf((byte)']');
        if (close < 0 || text[1..close].ContainsAnyExcept("0123456789abcdefABCDEF:."u8))
        {
            return -1;
        }

        return text[1..close].Contains((byte)':') && IPAddress.IsValidUtf8(text[1..close]) ? close + 1 : -1;
    }

    private static bool TryReadPort(ReadOnlySpan<byte> text, out int port)
    {
        port = -1;
        if (text[0] != (byte)':' || text.Length > 6)
        {
            return false;
        }

        int value = 0;
        foreach (byte digit in text[1..])
        {
            if (!char.IsAsciiDigit((char)digit))
            {
                return false;
            }

            value = (value * 10) + digit - '0';
        }

        port = text.Length == 1 ? -1 : value;
        return value <= ushort.MaxValue;
    }
}
