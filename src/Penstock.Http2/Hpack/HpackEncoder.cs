// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Http2.Hpack;

/// <summary>
/// Encodes field blocks of one connection's direction (RFC 7541). Blocks must be sent in the order they were encoded in. What repeats
/// from message to message goes into the dynamic table; what does not, and what should stay secret, does not.
/// </summary>
internal sealed class HpackEncoder
{
    private readonly HpackTable _table;
    private int _announced;
    private int _leastWanted;

    /// <summary>An encoder whose peer keeps the table it begins with, 4096 bytes.</summary>
    /// <param name="tableSize">Most bytes to use of what the peer allows; 0: no table.</param>
    internal HpackEncoder(int tableSize)
    {
        _table = new HpackTable(tableSize);
        _announced = Http2Settings.DefaultHeaderTableSize;
        _leastWanted = tableSize;
        _table.Resize(Math.Min(tableSize, Http2Settings.DefaultHeaderTableSize));
    }

    /// <summary>Bytes in the dynamic table, by RFC 7541 section 4.1.</summary>
    internal int TableSize => _table.Size;

    /// <summary>The peer has said how much of a table it keeps (SETTINGS_HEADER_TABLE_SIZE); the next block tells it what is used.</summary>
    internal void Allow(int tableSize)
    {
        _table.Resize(Math.Min(tableSize, _table.Capacity));
        _leastWanted = Math.Min(_leastWanted, _table.MaxSize);
    }

    /// <summary>No less than <see cref="Begin"/> writes.</summary>
    internal const int MaxBeginLength = HpackInteger.MaxLength * 2;

    /// <summary>No less than <see cref="Write"/> writes for a field.</summary>
    internal static int MaxLength(int nameLength, int valueLength) => (HpackInteger.MaxLength * 3) + nameLength + valueLength;

    /// <summary>A block begins: tells of a changed table, the least it was in between first (RFC 7541 section 4.2).</summary>
    /// <returns>Bytes written.</returns>
    internal int Begin(Span<byte> destination)
    {
        var written = 0;
        if (_leastWanted < Math.Min(_announced, _table.MaxSize))
            written = HpackInteger.Write(destination, 0x20, 5, _leastWanted);
        if (_announced != _table.MaxSize)
            written += HpackInteger.Write(destination[written..], 0x20, 5, _table.MaxSize);
        _announced = _leastWanted = _table.MaxSize;
        return written;
    }

    /// <summary>Writes a field.</summary>
    /// <param name="destination">Where; it has room for <see cref="MaxLength"/>.</param>
    /// <param name="name">Lower case.</param>
    /// <param name="value">Value.</param>
    /// <param name="indexing">What may be kept of it.</param>
    /// <returns>Bytes written.</returns>
    internal int Write(Span<byte> destination, ReadOnlySpan<byte> name, ReadOnlySpan<byte> value, HpackIndexing indexing)
    {
        var index = HpackStaticTable.Find(name, value, out var exact);
        if (!exact)
        {
            var dynamic = _table.Find(name, value, out exact);
            if (dynamic >= 0 && (exact || index == 0))
                index = dynamic + HpackStaticTable.Count + 1;
        }

        if (exact && indexing != HpackIndexing.Never)
            return HpackInteger.Write(destination, 0x80, 7, index);
        if (indexing == HpackIndexing.Add && name.Length + value.Length + HpackTable.EntryOverhead > _table.MaxSize / 2)
            indexing = HpackIndexing.None; // It would throw out the rest.
        var written = indexing switch
        {
            HpackIndexing.Add => HpackInteger.Write(destination, 0x40, 6, index),
            HpackIndexing.Never => HpackInteger.Write(destination, 0x10, 4, index),
            _ => HpackInteger.Write(destination, 0x00, 4, index),
        };
        if (index == 0)
            written += WriteString(destination[written..], name);
        written += WriteString(destination[written..], value);
        if (indexing == HpackIndexing.Add)
            _table.Add(name, value);
        return written;
    }

    private static int WriteString(Span<byte> destination, ReadOnlySpan<byte> text)
    {
        var encoded = HuffmanCode.EncodedLength(text);
        if (encoded >= text.Length)
        {
            var plain = HpackInteger.Write(destination, 0x00, 7, text.Length);
            text.CopyTo(destination[plain..]);
            return plain + text.Length;
        }

        var prefix = HpackInteger.Write(destination, 0x80, 7, encoded);
        return prefix + HuffmanCode.Encode(text, destination[prefix..]);
    }
}
