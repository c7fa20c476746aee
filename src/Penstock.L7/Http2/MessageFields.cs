// SPDX-License-Identifier: Apache-2.0
using System.Buffers.Text;
using Penstock.Http2;
using Penstock.Http2.Hpack;
using Penstock.L7.Http1;

namespace Penstock.L7.Http2;

/// <summary>Fields that requests and responses write alike.</summary>
internal static class MessageFields
{
    /// <summary>Writes a number of 0 or more.</summary>
    internal static void PutNumber(FieldBlock block, ReadOnlySpan<byte> name, long number, HpackIndexing indexing)
    {
        Span<byte> digits = stackalloc byte[20];
        Utf8Formatter.TryFormat(number, digits, out var length);
        block.Add(name, digits[..length], indexing);
    }

    /// <summary>Appends this hop to Via (RFC 9110 section 7.6.3).</summary>
    internal static void PutVia(FieldBlock block, MessageHead head, ReadOnlySpan<byte> name)
    {
        block.Begin("via"u8);
        if (AppendList(block, head, KnownHeader.Via))
            block.Append(", "u8);
        block.Append(head.Version switch
        {
            10 => "1.0 "u8,
            20 => "2.0 "u8,
            _ => "1.1 "u8,
        });
        block.Append(name);
        block.End(HpackIndexing.Add);
    }

    /// <summary>Appends all values that a list field came with, joined.</summary>
    /// <returns>Whether there were any.</returns>
    internal static bool AppendList(FieldBlock block, FieldSection section, KnownHeader id)
    {
        var any = false;
        if (!section.Has(id))
            return any;
        foreach (ref readonly var slot in section.Slots)
        {
            if (slot.Id != id || slot.Dropped || slot.ValueLength == 0)
                continue;
            if (any)
                block.Append(", "u8);
            block.Append(section.Value(slot));
            any = true;
        }

        return any;
    }
}
