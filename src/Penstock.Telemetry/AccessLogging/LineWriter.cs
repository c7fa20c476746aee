// SPDX-License-Identifier: Apache-2.0
using System.Buffers;
using System.Text;

namespace Penstock.Telemetry.AccessLogging;

/// <summary>Writes one line of the access log into memory that is known to be large enough (<see cref="LineFormatter.MaxLineBytes"/>).</summary>
internal ref struct LineWriter(Span<byte> buffer)
{
    /// <summary>Bytes that neither JSON nor text needs to escape: printable ASCII but for quote and backslash.</summary>
    private static readonly SearchValues<byte> Plain = SearchValues.Create([.. Enumerable.Range(0x20, 0x5F).Select(b => (byte)b).Except([(byte)'"', (byte)'\\'])]);

    private readonly Span<byte> _buffer = buffer;

    /// <summary>Bytes written.</summary>
    public int Length { get; private set; }

    /// <summary>Writes a byte.</summary>
    public void Byte(byte value) => _buffer[Length++] = value;

    /// <summary>Writes bytes as they are.</summary>
    public void Raw(scoped ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(_buffer[Length..]);
        Length += bytes.Length;
    }

    /// <summary>Writes a number.</summary>
    public void Number(long value)
    {
        value.TryFormat(_buffer[Length..], out var written);
        Length += written;
    }

    /// <summary>
    /// Writes the inside of a JSON string (RFC 8259 section 7). What is not UTF-8 becomes U+FFFD; control characters, those of C1 and DEL
    /// too, are escaped, so that a line can be shown on a terminal.
    /// </summary>
    public void Json(scoped ReadOnlySpan<byte> text)
    {
        while (true)
        {
            var plain = text.IndexOfAnyExcept(Plain);
            if (plain < 0)
            {
                Raw(text);
                return;
            }

            Raw(text[..plain]);
            text = text[plain..];
            var status = Rune.DecodeFromUtf8(text, out var rune, out var consumed);
            if (status == OperationStatus.Done && rune.Value >= 0xA0)
                Raw(text[..consumed]);
            else if (rune.Value is '"' or '\\')
                Raw([(byte)'\\', (byte)rune.Value]);
            else if (status == OperationStatus.Done)
                Raw([(byte)'\\', (byte)'u', (byte)'0', (byte)'0', HexDigit(rune.Value >> 4), HexDigit(rune.Value & 15)]);
            else
                Raw("\uFFFD"u8);

            text = text[consumed..];
        }
    }

    /// <summary>Writes a value of a text line: all but printable ASCII, quotes and backslashes included, as <c>\xHH</c> (as nginx does); <c>-</c> when empty.</summary>
    public void Text(scoped ReadOnlySpan<byte> text)
    {
        if (text.IsEmpty)
            Byte((byte)'-');

        while (true)
        {
            var plain = text.IndexOfAnyExcept(Plain);
            if (plain < 0)
            {
                Raw(text);
                return;
            }

            Raw(text[..plain]);
            Raw([(byte)'\\', (byte)'x', HexDigit(text[plain] >> 4), HexDigit(text[plain] & 15)]);
            text = text[(plain + 1)..];
        }
    }

    /// <summary>Writes an IP address: dotted quads, RFC 5952 for IPv6, IPv4-mapped addresses as IPv4.</summary>
    /// <param name="address">4 or 16 bytes; nothing is written for any other length.</param>
    public void Address(scoped ReadOnlySpan<byte> address)
    {
        if (address.Length == 16 && address.StartsWith((ReadOnlySpan<byte>)[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF]))
            address = address[12..];

        if (address.Length == 4)
            IPv4(address);
        else if (address.Length == 16)
            IPv6(address);
    }

    private static byte HexDigit(int value) => (byte)(value < 10 ? '0' + value : 'a' + value - 10);

    private void IPv4(scoped ReadOnlySpan<byte> address)
    {
        for (var i = 0; i < 4; i++)
        {
            if (i > 0)
                Byte((byte)'.');

            var part = address[i];
            if (part >= 100)
                Byte((byte)('0' + (part / 100)));

            if (part >= 10)
                Byte((byte)('0' + (part / 10 % 10)));

            Byte((byte)('0' + (part % 10)));
        }
    }

    /// <summary>RFC 5952 section 4: lower case, no leading zeros, <c>::</c> for the first of the longest runs of two or more zero groups.</summary>
    private void IPv6(scoped ReadOnlySpan<byte> address)
    {
        var (gapStart, gapLength) = LongestZeroRun(address);
        for (var i = 0; i < 8; i++)
        {
            if (i == gapStart)
            {
                Raw("::"u8);
                i += gapLength - 1;
                continue;
            }

            if (i > 0 && i != gapStart + gapLength)
                Byte((byte)':');

            var group = (address[2 * i] << 8) | address[(2 * i) + 1];
            group.TryFormat(_buffer[Length..], out var written, "x");
            Length += written;
        }
    }

    private static (int Start, int Length) LongestZeroRun(scoped ReadOnlySpan<byte> address)
    {
        // A run of one group is not shortened; -100 keeps start + length away from every index.
        var (bestStart, bestLength, length) = (-100, 1, 0);
        for (var i = 0; i < 8; i++)
        {
            length = address[2 * i] == 0 && address[(2 * i) + 1] == 0 ? length + 1 : 0;
            if (length > bestLength)
                (bestStart, bestLength) = (i - length + 1, length);
        }

        return (bestStart, bestLength);
    }
}
