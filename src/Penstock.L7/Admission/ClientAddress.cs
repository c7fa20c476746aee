// SPDX-License-Identifier: Apache-2.0
using System.Buffers.Binary;
using System.Net;
using System.Runtime.InteropServices;

namespace Penstock.L7.Admission;

/// <summary>An IP address as a value. An IPv4-mapped IPv6 address (RFC 4291 section 2.5.5.2) is the IPv4 address.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct ClientAddress
{
    private const int IPv4Bytes = 4;
    private const int IPv6Bytes = 16;

    private readonly UInt128 _bits;
    private readonly byte _byteCount;

    private ClientAddress(UInt128 bits, int byteCount)
    {
        _bits = bits;
        _byteCount = (byte)byteCount;
    }

    /// <summary>Whether it is an address at all: the default value, that of a Unix socket's peer, is none.</summary>
    public bool IsNone => _byteCount == 0;

    /// <summary>Whether it is an IPv4 address.</summary>
    public bool IsIPv4 => _byteCount == IPv4Bytes;

    /// <summary>The address as a number: 32 bits for IPv4, 128 for IPv6.</summary>
    public UInt128 Bits => _bits;

    /// <summary>The address with every bit of the host's own part zero: for counting, an IPv4 client is its address and an IPv6 client its /64, which is what one site gets at least (RFC 6177).</summary>
    public ClientAddress Site => IsIPv4 ? this : new ClientAddress((_bits >> 64) << 64, _byteCount);

    /// <summary>An address from 4 or 16 bytes in network order; none from any other number.</summary>
    public static ClientAddress FromBytes(ReadOnlySpan<byte> bytes) => bytes.Length switch
    {
        IPv4Bytes => new ClientAddress(BinaryPrimitives.ReadUInt32BigEndian(bytes), IPv4Bytes),
        IPv6Bytes => FromIPv6(BinaryPrimitives.ReadUInt128BigEndian(bytes)),
        _ => default,
    };

    /// <summary>Writes the address in network order.</summary>
    /// <param name="destination">At least 16 bytes.</param>
    /// <returns>4 or 16; 0 for none.</returns>
    public int WriteBytes(Span<byte> destination)
    {
        if (IsIPv4)
        {
            BinaryPrimitives.WriteUInt32BigEndian(destination, (uint)_bits);
        }
        else if (!IsNone)
        {
            BinaryPrimitives.WriteUInt128BigEndian(destination, _bits);
        }

        return _byteCount;
    }

    /// <summary>The address as text; empty for none.</summary>
    public override string ToString()
    {
        Span<byte> bytes = stackalloc byte[IPv6Bytes];
        return IsNone ? "" : new IPAddress(bytes[..WriteBytes(bytes)]).ToString();
    }

    /// <summary>Reads an address: four decimal numbers without leading zeros, or RFC 4291 section 2.2 without a zone. Allocates nothing.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out ClientAddress address)
    {
        address = default;
        if (!text.Contains((byte)':'))
        {
            bool parsed = TryParseIPv4(text, out uint bits);
            address = parsed ? new ClientAddress(bits, IPv4Bytes) : default;
            return parsed;
        }

        if (!TryParseIPv6(text, out UInt128 wide))
        {
            return false;
        }

        address = FromIPv6(wide);
        return true;
    }

    private static ClientAddress FromIPv6(UInt128 bits) =>
        (bits >> 32) == 0xFFFF ? new ClientAddress((uint)bits, IPv4Bytes) : new ClientAddress(bits, IPv6Bytes);

    private static bool TryParseIPv4(ReadOnlySpan<byte> text, out uint bits)
    {
        bits = 0;
        int parts = 0;
        foreach (Range range in text.Split((byte)'.'))
        {
            ReadOnlySpan<byte> part = text[range];
            if (++parts > IPv4Bytes || part.Length is 0 or > 3 || (part.Length > 1 && part[0] == '0') || !TryParseNumber(part, 10, out int value) || value > 255)
            {
                return false;
            }

            bits = (bits << 8) | (uint)value;
        }

        return parts == IPv4Bytes;
    }

    private static bool TryParseIPv6(ReadOnlySpan<byte> text, out UInt128 bits)
    {
        bits = 0;
        int gap = text.IndexOf("::"u8);
        if (gap < 0)
        {
            return TryParseGroups(text, mayEndInIPv4: true, out bits, out int all) && all == 8;
        }

        // With :: there are at most seven groups written; an empty side is fine.
        ReadOnlySpan<byte> left = text[..gap];
        ReadOnlySpan<byte> right = text[(gap + 2)..];
        UInt128 high = 0;
        UInt128 low = 0;
        int before = 0;
        int after = 0;
        if ((!left.IsEmpty && !TryParseGroups(left, mayEndInIPv4: false, out high, out before))
            || (!right.IsEmpty && !TryParseGroups(right, mayEndInIPv4: true, out low, out after))
            || before + after > 7)
        {
            return false;
        }

        bits = low | (before == 0 ? 0 : high << (16 * (8 - before)));
        return true;
    }

    private static bool TryParseGroups(ReadOnlySpan<byte> text, bool mayEndInIPv4, out UInt128 bits, out int groups)
    {
        bits = 0;
        groups = 0;
        foreach (Range range in text.Split((byte)':'))
        {
            ReadOnlySpan<byte> group = text[range];
            if (mayEndInIPv4 && range.End.Value == text.Length && TryParseIPv4(group, out uint address))
            {
                bits = (bits << 32) | address;
                groups += 2;
            }
            else if (group.Length is >= 1 and <= 4 && TryParseNumber(group, 16, out int value))
            {
                bits = (bits << 16) | (uint)value;
                groups++;
            }
            else
            {
                return false;
            }

            if (groups > 8)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Reads at most four digits.</summary>
    private static bool TryParseNumber(ReadOnlySpan<byte> digits, int radix, out int value)
    {
        value = 0;
        foreach (byte b in digits)
        {
            int digit = char.IsAsciiDigit((char)b) ? b - '0' : char.IsAsciiHexDigit((char)b) ? (b | 0x20) - 'a' + 10 : radix;
            if (digit >= radix)
            {
                return false;
            }

            value = (value * radix) + digit;
        }

        return true;
    }
}
