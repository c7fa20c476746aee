// SPDX-License-Identifier: Apache-2.0
using System.Buffers.Binary;
using System.Numerics;
using Penstock.L7.Admission;
using Penstock.L7.Http1;

namespace Penstock.L7.ProxyProtocol;

/// <summary>
/// Reads a PROXY header (haproxy's proxy-protocol.txt, sections 2.1 and 2.2), strictly: one that could be read in two ways is rejected. It is fed from the first byte
/// on, again with more until it is done, and says no at the first byte that can't be right.
/// </summary>
internal static class ProxyHeaderParser
{
    /// <summary>Most bytes of a header (haproxy: it has to fit into a buffer of 16 KiB, tune.bufsize).</summary>
    internal const int MaxLength = 16 << 10;

    /// <summary>Most bytes of v1's line, CR LF included (section 2.1).</summary>
    internal const int MaxLineLength = 107;

    /// <summary>Most bytes of PP2_TYPE_UNIQUE_ID (section 2.2.5).</summary>
    internal const int MaxUniqueIdLength = 128;

    private const int FixedLength = 16;
    private const int ValueHeaderLength = 3;
    private const int ChecksumLength = 4;
    private const int UnixAddressesLength = 216;

    /// <summary>How a v2 header begins.</summary>
    internal static ReadOnlySpan<byte> Signature => "\r\n\r\n\0\r\nQUIT\n"u8;

    private static ReadOnlySpan<byte> LineStart => "PROXY "u8;

    /// <summary>Reads a header.</summary>
    /// <param name="input">The connection's bytes from the first on.</param>
    /// <param name="header">What it says, when done.</param>
    /// <param name="rejection">Why not, when rejected.</param>
    internal static ParseStatus Parse(ReadOnlySpan<byte> input, out ProxyHeader header, out ProxyHeaderRejection rejection)
    {
        header = default;
        rejection = ProxyHeaderRejection.None;
        if (Begins(input, Signature))
            return input.Length < FixedLength ? ParseFixed(input, out rejection) : ParseBinary(input, out header, out rejection);
        if (Begins(input, LineStart))
            return ParseLine(input, out header, out rejection);
        return Reject(ProxyHeaderRejection.Missing, out rejection);
    }

    // Whether what there is of it is right.
    private static bool Begins(ReadOnlySpan<byte> input, ReadOnlySpan<byte> with)
    {
        var length = Math.Min(input.Length, with.Length);
        return input[..length].SequenceEqual(with[..length]);
    }

    private static ParseStatus Reject(ProxyHeaderRejection reason, out ProxyHeaderRejection rejection)
    {
        rejection = reason;
        return ParseStatus.Rejected;
    }

    private static ParseStatus ParseLine(ReadOnlySpan<byte> input, out ProxyHeader header, out ProxyHeaderRejection rejection)
    {
        header = default;
        rejection = ProxyHeaderRejection.None;
        var window = input[..Math.Min(input.Length, MaxLineLength)];
        var end = window.IndexOfAny((byte)'\r', (byte)'\n');
        if (end < 0 || (window[end] == '\r' && end + 1 == window.Length))
            return window.Length == MaxLineLength ? Reject(ProxyHeaderRejection.TooLong, out rejection) : ParseStatus.NeedMore;
        if (window[end] != '\r' || window[end + 1] != '\n' || window[..end].Contains((byte)0))
            return Reject(ProxyHeaderRejection.LineMalformed, out rejection);
        var length = end + 2;
        var line = window[LineStart.Length..end];
        if (line.SequenceEqual("UNKNOWN"u8) || line.StartsWith("UNKNOWN "u8))
        {
            header = new ProxyHeader { Length = length }; // The rest of the line is to be passed over.
            return ParseStatus.Done;
        }

        rejection = ParseFields(line, out header);
        header = header with { Length = length };
        return rejection == ProxyHeaderRejection.None ? ParseStatus.Done : ParseStatus.Rejected;
    }

    private static ProxyHeaderRejection ParseFields(ReadOnlySpan<byte> line, out ProxyHeader header)
    {
        header = default;
        Span<Range> fields = stackalloc Range[5];
        var count = 0;
        foreach (var field in line.Split((byte)' '))
        {
            if (count == fields.Length)
                return ProxyHeaderRejection.LineMalformed;
            fields[count++] = field;
        }

        if (count < fields.Length)
            return ProxyHeaderRejection.LineMalformed;
        var family = line[fields[0]];
        var isWide = family.SequenceEqual("TCP6"u8);
        if (!isWide && !family.SequenceEqual("TCP4"u8))
            return ProxyHeaderRejection.LineMalformed;
        if (!TryParseAddress(line[fields[1]], isWide, out var source) || !TryParseAddress(line[fields[2]], isWide, out var destination))
            return ProxyHeaderRejection.AddressMalformed;
        if (!TryParsePort(line[fields[3]], out var sourcePort) || !TryParsePort(line[fields[4]], out var destinationPort))
            return ProxyHeaderRejection.PortMalformed;
        header = new ProxyHeader(Length: 0, source, sourcePort, destination, destinationPort, UniqueId: default);
        return ProxyHeaderRejection.None;
    }

    private static bool TryParseAddress(ReadOnlySpan<byte> text, bool isWide, out ClientAddress address)
    {
        address = default;
        return text.Contains((byte)':') == isWide && ClientAddress.TryParse(text, out address);
    }

    private static bool TryParsePort(ReadOnlySpan<byte> text, out int port)
    {
        port = 0;
        if (text.Length is 0 or > 5 || (text.Length > 1 && text[0] == '0'))
            return false;
        foreach (var digit in text)
        {
            if (!char.IsAsciiDigit((char)digit))
                return false;
            port = (port * 10) + digit - '0';
        }

        return port <= ushort.MaxValue;
    }

    // The two bytes behind the signature, as far as they have come.
    private static ParseStatus ParseFixed(ReadOnlySpan<byte> input, out ProxyHeaderRejection rejection)
    {
        rejection = ProxyHeaderRejection.None;
        if (input.Length > 12)
            rejection = input[12] >> 4 != 2 ? ProxyHeaderRejection.VersionUnsupported : (input[12] & 0xF) > 1 ? ProxyHeaderRejection.CommandUnknown : ProxyHeaderRejection.None;
        if (rejection == ProxyHeaderRejection.None && input.Length > 13 && (input[12] & 0xF) == 1 && AddressesLength(input[13]) < 0)
            rejection = ProxyHeaderRejection.FamilyUnknown;
        return rejection == ProxyHeaderRejection.None ? ParseStatus.NeedMore : ParseStatus.Rejected;
    }

    private static ParseStatus ParseBinary(ReadOnlySpan<byte> input, out ProxyHeader header, out ProxyHeaderRejection rejection)
    {
        header = default;
        if (ParseFixed(input[..FixedLength], out rejection) == ParseStatus.Rejected)
            return ParseStatus.Rejected;
        var length = FixedLength + BinaryPrimitives.ReadUInt16BigEndian(input[14..]);
        var isLocal = (input[12] & 0xF) == 0;
        var addresses = isLocal ? 0 : AddressesLength(input[13]);
        if (length > MaxLength)
            return Reject(ProxyHeaderRejection.TooLong, out rejection);
        if (length < FixedLength + addresses)
            return Reject(ProxyHeaderRejection.AddressesTruncated, out rejection);
        if (input.Length < length)
            return ParseStatus.NeedMore;
        header = new ProxyHeader { Length = length };
        if (addresses == 0)
            return ParseStatus.Done; // LOCAL, or a family that says nothing: what follows is to be passed over unread.
        if (input[13] is 0x11 or 0x21)
            header = ReadAddresses(input, length, addresses);
        rejection = ReadValues(input[..length], FixedLength + addresses, ref header);
        return rejection == ProxyHeaderRejection.None ? ParseStatus.Done : ParseStatus.Rejected;
    }

    /// <summary>Bytes of addresses and ports of a family and transport; negative: there is no such.</summary>
    private static int AddressesLength(byte family) => family switch
    {
        0x00 => 0,
        0x11 or 0x12 => 12,
        0x21 or 0x22 => 36,
        0x31 or 0x32 => UnixAddressesLength,
        _ => -1,
    };

    private static ProxyHeader ReadAddresses(ReadOnlySpan<byte> input, int length, int addresses)
    {
        var block = input.Slice(FixedLength, addresses);
        var bytes = (addresses - 4) / 2;
        return new ProxyHeader(
            length,
            ClientAddress.FromBytes(block[..bytes]),
            BinaryPrimitives.ReadUInt16BigEndian(block[(2 * bytes)..]),
            ClientAddress.FromBytes(block.Slice(bytes, bytes)),
            BinaryPrimitives.ReadUInt16BigEndian(block[((2 * bytes) + 2)..]),
            UniqueId: default);
    }

    private static ProxyHeaderRejection ReadValues(ReadOnlySpan<byte> header, int start, ref ProxyHeader said)
    {
        var checksum = -1;
        for (var at = start; at < header.Length;)
        {
            if (header.Length - at < ValueHeaderLength)
                return ProxyHeaderRejection.ValueMalformed;
            var length = BinaryPrimitives.ReadUInt16BigEndian(header[(at + 1)..]);
            var type = (ProxyValueType)header[at];
            at += ValueHeaderLength;
            if (length > header.Length - at || !IsWellFormed(type, length, checksum >= 0))
                return ProxyHeaderRejection.ValueMalformed;
            if (type == ProxyValueType.Checksum)
                checksum = at;
            else
                Note(ref said, type, at..(at + length));
            at += length;
        }

        return checksum < 0 || ChecksumOf(header, checksum) == BinaryPrimitives.ReadUInt32BigEndian(header[checksum..])
            ? ProxyHeaderRejection.None
            : ProxyHeaderRejection.ChecksumWrong;
    }

    private static void Note(ref ProxyHeader said, ProxyValueType type, Range place) => said = type switch
    {
        ProxyValueType.Alpn => said with { Alpn = place },
        ProxyValueType.Authority => said with { Authority = place },
        ProxyValueType.UniqueId => said with { UniqueId = place },
        ProxyValueType.Ssl => said with { Ssl = place },
        _ => said,
    };

    // Types that are not known here are passed over.
    private static bool IsWellFormed(ProxyValueType type, int length, bool hasChecksum) => type switch
    {
        ProxyValueType.Checksum => length == ChecksumLength && !hasChecksum,
        ProxyValueType.UniqueId => length <= MaxUniqueIdLength,
        ProxyValueType.Ssl => length >= 5, // What the client did, and whether its certificate was verified.
        _ => true,
    };

    /// <summary>CRC32C of a header (section 2.2.3), its own four bytes taken as zero.</summary>
    /// <param name="header">The whole header.</param>
    /// <param name="at">Where the checksum is.</param>
    internal static uint ChecksumOf(ReadOnlySpan<byte> header, int at)
    {
        var sum = uint.MaxValue;
        for (var i = 0; i < header.Length; i++)
            sum = BitOperations.Crc32C(sum, i >= at && i < at + ChecksumLength ? (byte)0 : header[i]);
        return ~sum;
    }
}
