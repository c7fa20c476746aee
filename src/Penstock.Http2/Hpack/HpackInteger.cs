// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Http2.Hpack;

/// <summary>Integers with a prefix (RFC 7541 section 5.1).</summary>
internal static class HpackInteger
{
    /// <summary>No less than <see cref="Write"/> writes for any int.</summary>
    internal const int MaxLength = 6;

    /// <summary>Largest number taken: far beyond every length and index that can be, and its sum with any prefix fits an int.</summary>
    private const int MaxValue = (1 << 28) - 1;

    /// <summary>Reads an integer.</summary>
    /// <param name="data">From the byte that holds its prefix; moved behind it.</param>
    /// <param name="prefixBits">1-8.</param>
    /// <param name="value">The number.</param>
    internal static HpackFault Read(scoped ref ReadOnlySpan<byte> data, int prefixBits, out int value)
    {
        value = 0;
        if (data.IsEmpty)
            return HpackFault.Truncated;
        var most = (1 << prefixBits) - 1;
        var number = data[0] & most;
        var at = 1;
        if (number == most)
        {
            for (var shift = 0; ; shift += 7)
            {
                if (at == data.Length)
                    return HpackFault.Truncated;
                var next = data[at++];

                // Four groups of seven bits: zeros that lead on for ever are refused, too.
                if (shift > 21)
                    return HpackFault.IntegerOverflow;
                number += (next & 0x7F) << shift;
                if (number > MaxValue)
                    return HpackFault.IntegerOverflow;
                if (next < 0x80)
                    break;
            }
        }

        data = data[at..];
        value = number;
        return HpackFault.None;
    }

    /// <summary>Writes an integer of 0 or more.</summary>
    /// <param name="destination">Where; it has room.</param>
    /// <param name="pattern">The bits before the prefix.</param>
    /// <param name="prefixBits">1-8.</param>
    /// <param name="value">The number.</param>
    /// <returns>Bytes written.</returns>
    internal static int Write(Span<byte> destination, byte pattern, int prefixBits, int value)
    {
        var most = (1 << prefixBits) - 1;
        if (value < most)
        {
            destination[0] = (byte)(pattern | value);
            return 1;
        }

        destination[0] = (byte)(pattern | most);
        var rest = value - most;
        var at = 1;
        for (; rest >= 0x80; rest >>= 7)
            destination[at++] = (byte)(rest | 0x80);
        destination[at++] = (byte)rest;
        return at;
    }
}
