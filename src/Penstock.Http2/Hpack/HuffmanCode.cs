// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Http2.Hpack;

/// <summary>
/// The code of RFC 7541 appendix B. It is canonical: among codes of one length, the order of the symbols is that of the codes, so the
/// lengths say everything. Decoding goes through tables of eight bits each.
/// </summary>
internal static class HuffmanCode
{
    private const int EndOfString = 256;

    /// <summary>Bits of the longest code.</summary>
    private const int MaxBits = 30;

    /// <summary>An entry that leads to another table; the low bits say which.</summary>
    private const int Link = 1 << 15;

    /// <summary>An entry that no string may reach: EOS.</summary>
    private const int Forbidden = 1 << 14;

    private static readonly uint[] s_codes = new uint[EndOfString + 1];
    private static readonly ushort[] s_tables = Build();

    private static ReadOnlySpan<byte> Lengths =>
    [
        13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28,
        28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
        6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6,
        5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
        13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
        7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
        15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5,
        6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
        20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23,
        24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
        22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23,
        21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
        26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25,
        19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
        20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23,
        26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
        30,
    ];

    /// <summary>Bytes that a string takes when it is encoded.</summary>
    internal static int EncodedLength(ReadOnlySpan<byte> text)
    {
        var bits = 0L;
        foreach (var symbol in text)
            bits += Lengths[symbol];
        return (int)((bits + 7) / 8);
    }

    /// <summary>Most bytes that a string of so many encoded ones can hold: the shortest code has 5 bits.</summary>
    internal static int MaxDecodedLength(int encoded) => (int)(encoded * 8L / 5);

    /// <summary>Encodes a string; the destination has room for <see cref="EncodedLength"/>.</summary>
    /// <returns>Bytes written.</returns>
    internal static int Encode(ReadOnlySpan<byte> text, Span<byte> destination)
    {
        var at = 0;
        ulong held = 0;
        var bits = 0;
        foreach (var symbol in text)
        {
            held = (held << Lengths[symbol]) | s_codes[symbol];
            bits += Lengths[symbol];
            while (bits >= 8)
            {
                bits -= 8;
                destination[at++] = (byte)(held >> bits);
            }
        }

        if (bits > 0)
            destination[at++] = (byte)((held << (8 - bits)) | (0xFFu >> bits));
        return at;
    }

    /// <summary>Decodes a string; the destination has room for <see cref="MaxDecodedLength"/>.</summary>
    /// <returns>Bytes written; -1 when the string is not valid.</returns>
    internal static int Decode(ReadOnlySpan<byte> encoded, Span<byte> destination)
    {
        var at = 0;
        uint held = 0;
        var bits = 0;
        var table = 0;
        var unread = 0; // Bits since the last symbol.
        foreach (var next in encoded)
        {
            held = (held << 8) | next;
            bits += 8;
            unread += 8;
            while (bits >= 8)
            {
                var entry = s_tables[table + (int)((held >> (bits - 8)) & 0xFF)];
                if ((entry & Link) != 0)
                {
                    table = (entry & ~Link) << 8;
                    bits -= 8;
                    continue;
                }

                if ((entry & Forbidden) != 0)
                    return -1;
                destination[at++] = (byte)entry;
                bits -= entry >> 8;
                unread = bits;
                table = 0;
            }
        }

        while (bits > 0)
        {
            var entry = s_tables[table + (int)((held << (8 - bits)) & 0xFF)];
            var length = (entry & (Link | Forbidden)) == 0 ? entry >> 8 : 9;
            if (length > bits)
                break;
            destination[at++] = (byte)entry;
            bits -= length;
            unread = bits;
            table = 0;
        }

        // What is left must be the begin of EOS: ones, fewer than eight.
        return unread < 8 && (held & ((1u << unread) - 1)) == (1u << unread) - 1 ? at : -1;
    }

    private static ushort[] Build()
    {
        AssignCodes();
        var tables = new List<ushort[]> { new ushort[256] };
        for (var symbol = 0; symbol <= EndOfString; symbol++)
        {
            var table = tables[0];
            var left = (int)Lengths[symbol];
            for (; left > 8; left -= 8)
            {
                ref var link = ref table[(s_codes[symbol] >> (left - 8)) & 0xFF];
                if (link == 0)
                {
                    link = (ushort)(Link | tables.Count);
                    tables.Add(new ushort[256]);
                }

                table = tables[link & ~Link];
            }

            var first = (int)(s_codes[symbol] << (8 - left)) & 0xFF;
            var entry = symbol == EndOfString ? Forbidden : (left << 8) | symbol;
            table.AsSpan(first, 1 << (8 - left)).Fill((ushort)entry);
        }

        return [.. tables.SelectMany(one => one)];
    }

    private static void AssignCodes()
    {
        uint code = 0;
        for (var bits = 1; bits <= MaxBits; bits++)
        {
            code <<= 1;
            for (var symbol = 0; symbol <= EndOfString; symbol++)
            {
                if (Lengths[symbol] == bits)
                    s_codes[symbol] = code++;
            }
        }
    }
}
