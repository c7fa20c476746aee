// SPDX-License-Identifier: Apache-2.0
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Penstock.L7.Http1;

/// <summary>Searches that read a vector at a time. Each looks at <c>data[from..]</c> and returns the length of data when nothing is found.</summary>
internal static class ByteScan
{
    /// <summary>The first byte that may not stand in a field value (RFC 9110 section 5.5): a control other than HTAB. CR and LF are among them.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int IndexOfControl(ReadOnlySpan<byte> data, int from)
    {
        ref byte start = ref MemoryMarshal.GetReference(data);
        int at = from;
        while (at + Vector256<byte>.Count <= data.Length)
        {
            uint hits = Controls(Vector256.LoadUnsafe(ref start, (nuint)at));
            if (hits != 0)
            {
                return at + BitOperations.TrailingZeroCount(hits);
            }

            at += Vector256<byte>.Count;
        }

        return at == data.Length ? at : IndexOfControlInTail(data, at);
    }

    /// <summary>The first byte that is not in the set.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int IndexOfAnyExcept(ReadOnlySpan<byte> data, int from, AsciiSet set)
    {
        ref byte start = ref MemoryMarshal.GetReference(data);
        int at = from;
        while (at + Vector128<byte>.Count <= data.Length)
        {
            uint others = set.Others(Vector128.LoadUnsafe(ref start, (nuint)at));
            if (others != 0)
            {
                return at + BitOperations.TrailingZeroCount(others);
            }

            at += Vector128<byte>.Count;
        }

        while (at < data.Length && set.Contains(data[at]))
        {
            at++;
        }

        return at;
    }

    /// <summary>The last bytes, fewer than a vector: read again together with those before them, which are then masked out.</summary>
    private static int IndexOfControlInTail(ReadOnlySpan<byte> data, int from)
    {
        if (data.Length >= Vector256<byte>.Count)
        {
            int back = data.Length - Vector256<byte>.Count;
            uint hits = Controls(Vector256.LoadUnsafe(ref MemoryMarshal.GetReference(data), (nuint)back)) >> (from - back);
            return hits == 0 ? data.Length : from + BitOperations.TrailingZeroCount(hits);
        }

        int at = from;
        while (at < data.Length && !IsControl(data[at]))
        {
            at++;
        }

        return at;
    }

    private static bool IsControl(byte value) => (value < 0x20 && value != (byte)'\t') || value == 0x7F;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Controls(Vector256<byte> bytes)
    {
        Vector256<byte> low = Vector256.Equals(Vector256.Min(bytes, Vector256.Create((byte)0x1F)), bytes);
        Vector256<byte> tab = Vector256.Equals(bytes, Vector256.Create((byte)'\t'));
        Vector256<byte> delete = Vector256.Equals(bytes, Vector256.Create((byte)0x7F));
        return Vector256.AndNot(low, tab).ExtractMostSignificantBits() | delete.ExtractMostSignificantBits();
    }
}
