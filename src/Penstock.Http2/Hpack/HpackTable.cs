// SPDX-License-Identifier: Apache-2.0
using System.Numerics;
using System.Runtime.InteropServices;

namespace Penstock.Http2.Hpack;

/// <summary>
/// A dynamic table (RFC 7541 section 2.3.2), of either side. Its bytes lie in one array of twice its capacity, oldest first, and are moved
/// to the front when they reach the end. It takes no memory until something is put in.
/// </summary>
internal sealed class HpackTable
{
    /// <summary>Bytes that an entry counts beyond its name and value (RFC 7541 section 4.1).</summary>
    internal const int EntryOverhead = 32;

    private byte[] _bytes = [];
    private Entry[] _entries = [];
    private int _start;
    private int _end;
    private int _oldest;

    /// <summary>An empty table.</summary>
    /// <param name="capacity">Most bytes it can ever be allowed.</param>
    internal HpackTable(int capacity) => Capacity = MaxSize = capacity;

    /// <summary>Most bytes it can ever be allowed.</summary>
    internal int Capacity { get; }

    /// <summary>Most bytes it may have now.</summary>
    internal int MaxSize { get; private set; }

    /// <summary>Bytes it has, by the count of RFC 7541 section 4.1.</summary>
    internal int Size { get; private set; }

    /// <summary>Entries.</summary>
    internal int Count { get; private set; }

    /// <summary>Changes how much it may have; what does not fit is evicted (RFC 7541 section 4.3).</summary>
    internal void Resize(int maxSize)
    {
        MaxSize = maxSize;
        EvictTo(maxSize);
    }

    /// <summary>The name of an entry, 0 being the newest.</summary>
    internal ReadOnlySpan<byte> Name(int index)
    {
        ref readonly var entry = ref At(index);
        return _bytes.AsSpan(entry.Start, entry.NameLength);
    }

    /// <summary>The value of an entry, 0 being the newest.</summary>
    internal ReadOnlySpan<byte> Value(int index)
    {
        ref readonly var entry = ref At(index);
        return _bytes.AsSpan(entry.Start + entry.NameLength, entry.ValueLength);
    }

    /// <summary>Puts an entry in, evicting what it needs the room of; one that is larger than the table empties it (RFC 7541 section 4.4).</summary>
    /// <param name="name">Not within this table.</param>
    /// <param name="value">Not within this table.</param>
    internal void Add(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        var size = name.Length + value.Length + EntryOverhead;
        EvictTo(Math.Max(0, MaxSize - size));
        if (size > MaxSize)
            return;
        if (_bytes.Length == 0)
        {
            _bytes = new byte[Capacity * 2];
            _entries = new Entry[BitOperations.RoundUpToPowerOf2((uint)(Capacity / EntryOverhead) + 1)];
        }

        var length = name.Length + value.Length;
        if (_end + length > _bytes.Length)
            MoveToFront();
        name.CopyTo(_bytes.AsSpan(_end));
        value.CopyTo(_bytes.AsSpan(_end + name.Length));
        _entries[(_oldest + Count) & Mask] = new Entry(_end, name.Length, value.Length);
        Count++;
        _end += length;
        Size += size;
    }

    /// <summary>The index of a field, 0 being the newest, or of its name; -1: neither.</summary>
    internal int Find(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value, out bool exact)
    {
        var found = -1;
        exact = false;
        for (var index = 0; index < Count; index++)
        {
            ref readonly var entry = ref At(index);
            if (entry.NameLength != name.Length || !name.SequenceEqual(_bytes.AsSpan(entry.Start, entry.NameLength)))
                continue;
            if (value.SequenceEqual(_bytes.AsSpan(entry.Start + entry.NameLength, entry.ValueLength)))
            {
                exact = true;
                return index;
            }

            found = found < 0 ? index : found;
        }

        return found;
    }

    private int Mask => _entries.Length - 1;

    private ref readonly Entry At(int index) => ref _entries[(_oldest + Count - 1 - index) & Mask];

    private void EvictTo(int size)
    {
        while (Size > size)
        {
            ref readonly var entry = ref _entries[_oldest];
            Size -= entry.NameLength + entry.ValueLength + EntryOverhead;
            _start = entry.Start + entry.NameLength + entry.ValueLength;
            _oldest = (_oldest + 1) & Mask;
            Count--;
        }

        if (Count == 0)
            _start = _end = 0;
    }

    private void MoveToFront()
    {
        _bytes.AsSpan(_start, _end - _start).CopyTo(_bytes);
        for (var i = 0; i < Count; i++)
        {
            ref var entry = ref _entries[(_oldest + i) & Mask];
            entry = entry with { Start = entry.Start - _start };
        }

        _end -= _start;
        _start = 0;
    }

    [StructLayout(LayoutKind.Auto)]
    private readonly record struct Entry(int Start, int NameLength, int ValueLength);
}
