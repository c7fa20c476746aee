// SPDX-License-Identifier: Apache-2.0
namespace Penstock.L7.Http1;

/// <summary>One field line, pointing into the section that owns it.</summary>
internal readonly ref struct HeaderField
{
    internal HeaderField(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value, KnownHeader id, bool hopByHop)
    {
        Name = name;
        Value = value;
        Id = id;
        HopByHop = hopByHop;
    }

    /// <summary>The name as received; compare without case.</summary>
    public ReadOnlySpan<byte> Name { get; }

    /// <summary>The value without the white space around it; printable bytes, HTAB and 0x80-0xFF only.</summary>
    public ReadOnlySpan<byte> Value { get; }

    /// <summary>Which field it is, if the proxy knows it.</summary>
    public KnownHeader Id { get; }

    /// <summary>Whether it is meant for this connection only: by RFC 9110 section 7.6.1, or named by Connection.</summary>
    public bool HopByHop { get; }
}
