// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Http2.Hpack;

/// <summary>A decoded field; valid until the next one is read.</summary>
internal ref struct HpackField
{
    /// <summary>Its name, pseudo-fields with their colon.</summary>
    public ReadOnlySpan<byte> Name;

    /// <summary>Its value.</summary>
    public ReadOnlySpan<byte> Value;

    /// <summary>Whether it may never be indexed, by nobody on its way (RFC 7541 section 7.1.3).</summary>
    public bool NeverIndexed;

    /// <summary>Its part of the size of a field list (RFC 7541 section 4.1).</summary>
    public readonly int Size => Name.Length + Value.Length + HpackTable.EntryOverhead;
}
