// SPDX-License-Identifier: Apache-2.0
using System.Runtime.InteropServices;

namespace Penstock.L7.Http1;

/// <summary>A part of a section's bytes.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct ByteRange(int Start, int Length)
{
    /// <summary>One past the last byte.</summary>
    public int End => Start + Length;

    /// <summary>Whether there is nothing in it.</summary>
    public bool IsEmpty => Length == 0;

    /// <summary>The part between two offsets.</summary>
    public static ByteRange Between(int start, int end) => new(start, end - start);

    /// <summary>The bytes.</summary>
    public ReadOnlySpan<byte> Of(ReadOnlySpan<byte> bytes) => bytes.Slice(Start, Length);
}
