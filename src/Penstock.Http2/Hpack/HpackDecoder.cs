// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Http2.Hpack;

/// <summary>
/// Decodes field blocks of one connection's direction, in the order they came in (RFC 7541). <see cref="Begin"/> a whole block, then
/// <see cref="Read"/> until its end: a block that is not read to its end leaves the table behind its peer's.
/// </summary>
internal sealed class HpackDecoder
{
    private readonly HpackTable _table;
    private byte[] _scratch = [];
    private int _scratchUsed;
    private bool _anyField;

    /// <summary>A decoder.</summary>
    /// <param name="tableSize">Most bytes the peer may use of the table: SETTINGS_HEADER_TABLE_SIZE.</param>
    internal HpackDecoder(int tableSize) => _table = new HpackTable(tableSize);

    /// <summary>Why <see cref="HpackStatus.Rejected"/>.</summary>
    internal HpackFault Fault { get; private set; }

    /// <summary>Bytes in the dynamic table, by RFC 7541 section 4.1.</summary>
    internal int TableSize => _table.Size;

    /// <summary>A block begins.</summary>
    internal void Begin() => _anyField = false;

    /// <summary>Reads the next field.</summary>
    /// <param name="block">What is left of the block; moved behind the field.</param>
    /// <param name="field">The field, valid until the next call.</param>
    internal HpackStatus Read(scoped ref ReadOnlySpan<byte> block, out HpackField field)
    {
        field = default;
        _scratchUsed = 0;
        while (!block.IsEmpty)
        {
            var first = block[0];
            if ((first & 0xE0) == 0x20)
            {
                if (!TryResize(ref block))
                    return HpackStatus.Rejected;
                continue;
            }

            _anyField = true;
            return (first & 0x80) != 0 ? ReadIndexed(ref block, out field) : ReadLiteral(ref block, first, out field);
        }

        return HpackStatus.End;
    }

    /// <summary>Lets memory go that large fields needed.</summary>
    internal void Trim()
    {
        if (_scratch.Length > HpackTable.EntryOverhead * 128)
            _scratch = [];
    }

    private bool TryResize(scoped ref ReadOnlySpan<byte> block)
    {
        var fault = HpackInteger.Read(ref block, 5, out var size);
        if (fault == HpackFault.None && _anyField)
            fault = HpackFault.TableSizeLate;
        if (fault == HpackFault.None && size > _table.Capacity)
            fault = HpackFault.TableSizeTooLarge;
        if (fault != HpackFault.None)
        {
            Fault = fault;
            return false;
        }

        _table.Resize(size);
        return true;
    }

    private HpackStatus ReadIndexed(scoped ref ReadOnlySpan<byte> block, out HpackField field)
    {
        field = default;
        var fault = HpackInteger.Read(ref block, 7, out var index);
        if (fault != HpackFault.None)
            return Reject(fault);
        if (index == 0 || index > HpackStaticTable.Count + _table.Count)
            return Reject(HpackFault.IndexInvalid);
        field.Name = NameAt(index);
        field.Value = index <= HpackStaticTable.Count ? HpackStaticTable.Value(index) : _table.Value(index - HpackStaticTable.Count - 1);
        return HpackStatus.Field;
    }

    private HpackStatus ReadLiteral(scoped ref ReadOnlySpan<byte> block, byte first, out HpackField field)
    {
        field = default;
        var indexed = (first & 0x40) != 0;
        field.NeverIndexed = !indexed && (first & 0x10) != 0;
        var fault = HpackInteger.Read(ref block, indexed ? 6 : 4, out var index);
        if (fault != HpackFault.None)
            return Reject(fault);
        if (index > HpackStaticTable.Count + _table.Count)
            return Reject(HpackFault.IndexInvalid);
        fault = index == 0 ? ReadString(ref block, out field.Name) : HpackFault.None;
        if (index > 0)
            field.Name = NameAt(index);
        if (fault == HpackFault.None)
            fault = ReadString(ref block, out field.Value);
        if (fault != HpackFault.None)
            return Reject(fault);
        if (indexed)
        {
            // The entry whose name it takes may be evicted for it (RFC 7541 section 4.4), and the table's bytes may move.
            if (index > HpackStaticTable.Count)
                field.Name = Keep(field.Name);
            _table.Add(field.Name, field.Value);
        }

        return HpackStatus.Field;
    }

    private ReadOnlySpan<byte> NameAt(int index) =>
        index <= HpackStaticTable.Count ? HpackStaticTable.Name(index) : _table.Name(index - HpackStaticTable.Count - 1);

    private HpackFault ReadString(scoped ref ReadOnlySpan<byte> block, out ReadOnlySpan<byte> text)
    {
        text = default;
        var huffman = !block.IsEmpty && (block[0] & 0x80) != 0;
        var fault = HpackInteger.Read(ref block, 7, out var length);
        if (fault != HpackFault.None)
            return fault;
        if (length > block.Length)
            return HpackFault.Truncated;
        text = block[..length];
        block = block[length..];
        if (!huffman)
            return HpackFault.None;
        var destination = Reserve(HuffmanCode.MaxDecodedLength(length));
        var decoded = HuffmanCode.Decode(text, destination);
        if (decoded < 0)
            return HpackFault.HuffmanInvalid;
        text = destination[..decoded];
        _scratchUsed += decoded;
        return HpackFault.None;
    }

    private ReadOnlySpan<byte> Keep(ReadOnlySpan<byte> text)
    {
        var destination = Reserve(text.Length);
        text.CopyTo(destination);
        _scratchUsed += text.Length;
        return destination[..text.Length];
    }

    /// <summary>Room behind what the field has in the scratch array so far. When another array is needed, earlier spans keep the old one.</summary>
    private Span<byte> Reserve(int size)
    {
        if (_scratch.Length - _scratchUsed < size)
        {
            _scratch = new byte[Math.Max(size, 512)];
            _scratchUsed = 0;
        }

        return _scratch.AsSpan(_scratchUsed);
    }

    private HpackStatus Reject(HpackFault fault)
    {
        Fault = fault;
        return HpackStatus.Rejected;
    }
}
