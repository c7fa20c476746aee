// SPDX-License-Identifier: Apache-2.0
using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Penstock.L7.Routing;

/// <summary>A hash table from byte strings, looked up by span. Filled once, then only read, by any number of threads.</summary>
/// <remarks>
/// Open addressing at half load or less. Keys come from the configuration and only look-ups are hostile; the hash is seeded
/// for each process, so that a client cannot aim at the table's longest run of slots.
/// </remarks>
internal sealed class ByteKeyTable<TValue>
    where TValue : class
{
    private static readonly ulong Seed = BinaryPrimitives.ReadUInt64LittleEndian(RandomNumberGenerator.GetBytes(sizeof(ulong)));

    private Slot[] _slots = new Slot[4];

    /// <summary>Number of keys.</summary>
    public int Count { get; private set; }

    /// <summary>Finds the value of a key.</summary>
    public bool TryGet(ReadOnlySpan<byte> key, [NotNullWhen(true)] out TValue? value)
    {
        value = _slots[Find(_slots, key, Hash(key))].Value;
        return value is not null;
    }

    /// <summary>Adds a key that is not yet in the table.</summary>
    public void Add(byte[] key, TValue value)
    {
        if (++Count * 2 > _slots.Length)
        {
            Grow();
        }

        uint hash = Hash(key);
        _slots[Find(_slots, key, hash)] = new Slot(hash, key, value);
    }

    /// <summary>The slot that holds the key, or the empty one where it belongs.</summary>
    private static int Find(Slot[] slots, ReadOnlySpan<byte> key, uint hash)
    {
        int mask = slots.Length - 1;
        int at = (int)hash & mask;
        while (slots[at].Key is { } present && !(slots[at].Hash == hash && key.SequenceEqual(present)))
        {
            at = (at + 1) & mask;
        }

        return at;
    }

    private static uint Hash(ReadOnlySpan<byte> key)
    {
        ulong hash = Seed ^ (ulong)key.Length;
        while (key.Length >= sizeof(ulong))
        {
            hash = Fold(hash ^ BinaryPrimitives.ReadUInt64LittleEndian(key));
            key = key[sizeof(ulong)..];
        }

        ulong tail = 0;
        foreach (byte b in key)
        {
            tail = (tail << 8) | b;
        }

        return (uint)Fold(hash ^ tail);
    }

    private static ulong Fold(ulong value)
    {
        ulong high = Math.BigMul(value, 0x9E37_79B9_7F4A_7C15, out ulong low);
        return high ^ low;
    }

    private void Grow()
    {
        var grown = new Slot[_slots.Length * 2];
        foreach (Slot slot in _slots)
        {
            if (slot.Key is not null)
            {
                grown[Find(grown, slot.Key, slot.Hash)] = slot;
            }
        }

        _slots = grown;
    }

    [StructLayout(LayoutKind.Auto)]
    private readonly record struct Slot(uint Hash, byte[]? Key, TValue? Value);
}
