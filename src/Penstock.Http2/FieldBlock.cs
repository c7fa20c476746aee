// SPDX-License-Identifier: Apache-2.0
using System.Runtime.InteropServices;
using System.Text;
using Penstock.Http2.Hpack;

namespace Penstock.Http2;

/// <summary>
/// Fields that wait to be encoded. What they become depends on the blocks sent before them, so they are encoded when they are sent, not
/// when they are known; until then they can be dropped.
/// </summary>
internal sealed class FieldBlock
{
    /// <summary>Bytes kept when it is used again.</summary>
    private const int KeptBytes = 4096;

    private byte[] _bytes = new byte[1024];
    private Entry[] _entries = new Entry[16];
    private int _used;
    private int _nameLength;
    private int _start;

    /// <summary>Fields.</summary>
    internal int Count { get; private set; }

    /// <summary>Their size as SETTINGS_MAX_HEADER_LIST_SIZE counts it (RFC 9113 section 6.5.2).</summary>
    internal int ListSize => _used + (Count * HpackTable.EntryOverhead);

    /// <summary>No less than the bytes they take when they are encoded, but for what begins a block.</summary>
    internal int MaxEncodedLength { get; private set; }

    /// <summary>Forgets everything.</summary>
    internal void Clear()
    {
        if (_bytes.Length > KeptBytes)
            _bytes = new byte[KeptBytes];
        Count = _used = MaxEncodedLength = 0;
    }

    /// <summary>A field with a value in one piece.</summary>
    /// <param name="name">In any case; it is sent in lower case.</param>
    /// <param name="value">Value.</param>
    /// <param name="indexing">What may be kept of it.</param>
    internal void Add(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value, HpackIndexing indexing)
    {
        Begin(name);
        Append(value);
        End(indexing);
    }

    /// <summary>A field begins whose value comes in pieces.</summary>
    internal void Begin(ReadOnlySpan<byte> name)
    {
        Ensure(name.Length);
        Ascii.ToLower(name, _bytes.AsSpan(_used), out _nameLength);
        _start = _used;
        _used += name.Length;
    }

    /// <summary>A piece of its value.</summary>
    internal void Append(ReadOnlySpan<byte> value)
    {
        Ensure(value.Length);
        value.CopyTo(_bytes.AsSpan(_used));
        _used += value.Length;
    }

    /// <summary>The field is over.</summary>
    internal void End(HpackIndexing indexing)
    {
        if (Count == _entries.Length)
            Array.Resize(ref _entries, Count * 2);
        var valueLength = _used - _start - _nameLength;
        _entries[Count++] = new Entry(_nameLength, valueLength, indexing);
        MaxEncodedLength += HpackEncoder.MaxLength(_nameLength, valueLength);
    }

    /// <summary>Encodes them as one block.</summary>
    /// <param name="encoder">Of the connection.</param>
    /// <param name="destination">Room for <see cref="HpackEncoder.MaxBeginLength"/> and <see cref="MaxEncodedLength"/>.</param>
    /// <returns>Bytes written.</returns>
    internal int Encode(HpackEncoder encoder, Span<byte> destination)
    {
        var written = encoder.Begin(destination);
        var at = 0;
        foreach (ref readonly var entry in _entries.AsSpan(0, Count))
        {
            var name = _bytes.AsSpan(at, entry.NameLength);
            var value = _bytes.AsSpan(at + entry.NameLength, entry.ValueLength);
            written += encoder.Write(destination[written..], name, value, entry.Indexing);
            at += entry.NameLength + entry.ValueLength;
        }

        return written;
    }

    private void Ensure(int bytes)
    {
        if (_bytes.Length - _used < bytes)
            Array.Resize(ref _bytes, Math.Max(_bytes.Length * 2, _used + bytes));
    }

    [StructLayout(LayoutKind.Auto)]
    private readonly record struct Entry(int NameLength, int ValueLength, HpackIndexing Indexing);
}
