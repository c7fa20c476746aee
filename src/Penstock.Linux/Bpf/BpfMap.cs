// SPDX-License-Identifier: Apache-2.0
using System.Runtime.CompilerServices;

namespace Penstock.Linux.Bpf;

/// <summary>A map by its descriptor, which it owns. Keys and values are blittable structs of exactly the map's sizes.</summary>
public sealed unsafe class BpfMap : IDisposable
{
    // Entries of one call. More than any bucket of a hash map holds, which have to fit in one.
    private const uint MostInBatch = 4096;

    private readonly FileDescriptor _fd;

    internal BpfMap(int fd)
    {
        _fd = new FileDescriptor(fd);
        Info = BpfInfo.OfMap(fd);
    }

    /// <summary>What the kernel knows of it.</summary>
    public BpfMapInfo Info { get; }

    /// <summary>The descriptor.</summary>
    public int Fd => _fd.Number;

    private bool IsPerCpu => Info.Type is BpfMapType.PerCpuArray or BpfMapType.PerCpuHash or BpfMapType.LruPerCpuHash;

    /// <summary>Creates a map.</summary>
    /// <exception cref="BpfException">The kernel refuses it.</exception>
    public static BpfMap Create(BpfMapType type, string name, int keySize, int valueSize, uint maxEntries, BpfMapFlags flags = BpfMapFlags.None, BpfMap? inner = null)
    {
        LibbpfLog.Install();
        var options = new Libbpf.MapCreateOptions { Size = (nuint)sizeof(Libbpf.MapCreateOptions), Flags = (uint)flags, InnerMapFd = (uint)(inner?.Fd ?? 0) };
        return new BpfMap(BpfException.Check(
            Libbpf.bpf_map_create((int)type, name, (uint)keySize, (uint)valueSize, maxEntries, &options), $"create map {name}"));
    }

    /// <summary>Creates a map like another one: to put into a map of maps.</summary>
    public static BpfMap CreateLike(BpfMapInfo other, string name, uint maxEntries) =>
        Create(other.Type, name, other.KeySize, other.ValueSize, maxEntries, other.Flags);

    /// <summary>Opens a pinned map; null when nothing is there.</summary>
    /// <exception cref="BpfException">What is there can't be opened.</exception>
    public static BpfMap? OpenPinned(string path)
    {
        var fd = Libbpf.bpf_obj_get(path);
        return fd == -(int)Errno.ENOENT ? null : new BpfMap(BpfException.Check(fd, $"open {path}"));
    }

    /// <summary>Opens a map by its number in the kernel.</summary>
    public static BpfMap OpenById(uint id) => new(BpfException.Check(Libbpf.bpf_map_get_fd_by_id(id), $"open map {id}"));

    /// <summary>Makes it outlive the process, under a path in a bpffs.</summary>
    public void Pin(string path) => BpfException.Check(Libbpf.bpf_obj_pin(Fd, path), $"pin map {Info.Name} at {path}");

    /// <summary>Reads a value. False: no such key.</summary>
    public bool TryLookup<TKey, TValue>(TKey key, out TValue value)
        where TKey : unmanaged
        where TValue : unmanaged
    {
        Expect<TKey, TValue>();
        TValue found;
        var result = Libbpf.bpf_map_lookup_elem(Fd, &key, &found);
        value = found;
        return Found(result, "read");
    }

    /// <summary>Reads the values of all CPUs, <see cref="BpfCpus.Possible"/> of them. False: no such key.</summary>
    public bool TryLookupPerCpu<TKey, TValue>(TKey key, Span<TValue> values)
        where TKey : unmanaged
        where TValue : unmanaged
    {
        if (!IsPerCpu || sizeof(TKey) != Info.KeySize || sizeof(TValue) != Info.ValueSize || values.Length != BpfCpus.Possible)
            throw Mismatch(sizeof(TKey), sizeof(TValue));

        // The kernel keeps each CPU's value at a multiple of eight bytes.
        var stride = (sizeof(TValue) + 7) & ~7;
        var buffer = new byte[stride * values.Length];
        fixed (byte* start = buffer)
        {
            if (!Found(Libbpf.bpf_map_lookup_elem(Fd, &key, start), "read"))
                return false;
            for (var cpu = 0; cpu < values.Length; cpu++)
                values[cpu] = Unsafe.ReadUnaligned<TValue>(start + (cpu * stride));
        }

        return true;
    }

    /// <summary>Sets the value of every CPU to one.</summary>
    public void UpdatePerCpu<TKey, TValue>(TKey key, TValue value)
        where TKey : unmanaged
        where TValue : unmanaged
    {
        if (!IsPerCpu || sizeof(TKey) != Info.KeySize || sizeof(TValue) != Info.ValueSize)
            throw Mismatch(sizeof(TKey), sizeof(TValue));

        var stride = (sizeof(TValue) + 7) & ~7;
        var buffer = new byte[stride * BpfCpus.Possible];
        fixed (byte* start = buffer)
        {
            for (var at = 0; at < buffer.Length; at += stride)
                Unsafe.WriteUnaligned(start + at, value);
            BpfException.Check(Libbpf.bpf_map_update_elem(Fd, &key, start, (ulong)BpfUpdate.Any), $"write map {Info.Name}");
        }
    }

    /// <summary>Writes a value.</summary>
    /// <exception cref="BpfException">The map is full (E2BIG), or the key is not as expected (EEXIST, ENOENT).</exception>
    public void Update<TKey, TValue>(TKey key, TValue value, BpfUpdate expect = BpfUpdate.Any)
        where TKey : unmanaged
        where TValue : unmanaged
    {
        Expect<TKey, TValue>();
        BpfException.Check(Libbpf.bpf_map_update_elem(Fd, &key, &value, (ulong)expect), $"write map {Info.Name}");
    }

    /// <summary>Writes many values in one call (kernel 5.6).</summary>
    public void UpdateBatch<TKey, TValue>(ReadOnlySpan<TKey> keys, ReadOnlySpan<TValue> values)
        where TKey : unmanaged
        where TValue : unmanaged
    {
        Expect<TKey, TValue>();
        if (keys.Length != values.Length)
            throw new ArgumentException($"{keys.Length} keys and {values.Length} values", nameof(values));
        if (keys.IsEmpty)
            return;

        var count = (uint)keys.Length;
        var options = new Libbpf.MapBatchOptions { Size = (nuint)sizeof(Libbpf.MapBatchOptions) };
        fixed (TKey* firstKey = keys)
        fixed (TValue* firstValue = values)
        {
            BpfException.Check(Libbpf.bpf_map_update_batch(Fd, firstKey, firstValue, &count, &options), $"write map {Info.Name}");
        }
    }

    /// <summary>Removes many keys in one call (kernel 5.6), and one more for each that is not there.</summary>
    public void DeleteBatch<TKey>(ReadOnlySpan<TKey> keys)
        where TKey : unmanaged
    {
        if (sizeof(TKey) != Info.KeySize)
            throw Mismatch(sizeof(TKey), Info.ValueSize);
        if (keys.IsEmpty)
            return;

        var options = new Libbpf.MapBatchOptions { Size = (nuint)sizeof(Libbpf.MapBatchOptions) };
        fixed (TKey* firstKey = keys)
        {
            for (var done = 0; done < keys.Length;)
            {
                var count = (uint)(keys.Length - done);
                if (Found(Libbpf.bpf_map_delete_batch(Fd, firstKey + done, &count, &options), "delete from"))
                    return;
                done += (int)count + 1; // It stopped at one that is not there.
            }
        }
    }

    /// <summary>Removes a key. False: it was not there.</summary>
    public bool Delete<TKey>(TKey key)
        where TKey : unmanaged
    {
        if (sizeof(TKey) != Info.KeySize)
            throw Mismatch(sizeof(TKey), Info.ValueSize);
        return Found(Libbpf.bpf_map_delete_elem(Fd, &key), "delete from");
    }

    /// <summary>All keys there are at some moment while it reads; one that is deleted meanwhile may start it over.</summary>
    public List<TKey> Keys<TKey>()
        where TKey : unmanaged
    {
        if (sizeof(TKey) != Info.KeySize)
            throw Mismatch(sizeof(TKey), Info.ValueSize);

        var keys = new List<TKey>();
        TKey key = default, next;
        var result = Libbpf.bpf_map_get_next_key(Fd, null, &next);
        while (Found(result, "list") && keys.Count < Info.MaxEntries)
        {
            keys.Add(key = next);
            result = Libbpf.bpf_map_get_next_key(Fd, &key, &next);
        }

        return keys;
    }

    /// <summary>All entries there are at some moment while it reads, many a call (kernel 5.6).</summary>
    public List<KeyValuePair<TKey, TValue>> Entries<TKey, TValue>()
        where TKey : unmanaged
        where TValue : unmanaged
    {
        var entries = new List<KeyValuePair<TKey, TValue>>();
        Read<TKey, TValue>((keys, values) =>
        {
            for (var i = 0; i < keys.Length; i++)
                entries.Add(new(keys[i], values[i]));
        });
        return entries;
    }

    /// <summary>Hands over all entries there are at some moment while it reads, those of one call (kernel 5.6) at a time: of a map that is too large to have in memory a second time.</summary>
    /// <param name="take">Takes keys and values, as many of the one as of the other, which are overwritten when it has returned.</param>
    public void Read<TKey, TValue>(Action<ReadOnlySpan<TKey>, ReadOnlySpan<TValue>> take)
        where TKey : unmanaged
        where TValue : unmanaged
    {
        Expect<TKey, TValue>();
        var size = (int)Math.Min(Info.MaxEntries, MostInBatch);
        var (keys, values, place) = (new TKey[size], new TValue[size], new byte[Math.Max(sizeof(TKey), sizeof(uint))]);
        var options = new Libbpf.MapBatchOptions { Size = (nuint)sizeof(Libbpf.MapBatchOptions) };
        fixed (TKey* firstKey = keys)
        fixed (TValue* firstValue = values)
        fixed (byte* next = place)
        {
            for (var start = (byte*)null; ; start = next)
            {
                var count = (uint)size;
                var result = Libbpf.bpf_map_lookup_batch(Fd, start, next, firstKey, firstValue, &count, &options);
                var isMore = Found(result, "read");
                take(keys.AsSpan(0, (int)count), values.AsSpan(0, (int)count));
                if (!isMore)
                    return;
            }
        }
    }

    /// <summary>
    /// Writes every entry into another map with keys and values of the same sizes, each CPU's value to that CPU. While a program removes entries it may miss some.
    /// </summary>
    public void CopyTo(BpfMap other)
    {
        if (other.Info.KeySize != Info.KeySize || other.Info.ValueSize != Info.ValueSize || other.IsPerCpu != IsPerCpu)
            throw other.Mismatch(Info.KeySize, Info.ValueSize);

        var keys = new byte[2 * Info.KeySize];
        var value = new byte[IsPerCpu ? ((Info.ValueSize + 7) & ~7) * BpfCpus.Possible : Info.ValueSize];
        fixed (byte* key = keys, start = value)
        {
            // Where a key has gone since it was read, as any may of a map that drops the least recently used, the kernel begins anew.
            var next = key + Info.KeySize;
            var result = Libbpf.bpf_map_get_next_key(Fd, null, next);
            for (var steps = 0u; steps < Info.MaxEntries && Found(result, "list"); steps++)
            {
                keys.AsSpan(Info.KeySize).CopyTo(keys);
                if (Found(Libbpf.bpf_map_lookup_elem(Fd, key, start), "read"))
                    BpfException.Check(Libbpf.bpf_map_update_elem(other.Fd, key, start, (ulong)BpfUpdate.Any), $"write map {other.Info.Name}");
                result = Libbpf.bpf_map_get_next_key(Fd, key, next);
            }
        }
    }

    /// <summary>Puts a map into a map of maps.</summary>
    public void UpdateInner<TKey>(TKey key, BpfMap inner)
        where TKey : unmanaged => Update(key, inner.Fd);

    /// <summary>Maps an array's memory, which has to be <see cref="BpfMapFlags.Mappable"/>.</summary>
    public BpfMapMemory<TValue> MapMemory<TValue>()
        where TValue : unmanaged
    {
        // Elements of an array lie at multiples of eight bytes.
        if (Info.Type != BpfMapType.Array || sizeof(TValue) != ((Info.ValueSize + 7) & ~7))
            throw Mismatch(Info.KeySize, sizeof(TValue));
        return new BpfMapMemory<TValue>(Fd, (int)Info.MaxEntries, Info.Name);
    }

    /// <inheritdoc/>
    public void Dispose() => _fd.Dispose();

    private bool Found(int result, string verb)
    {
        if (result == -(int)Errno.ENOENT)
            return false;
        BpfException.Check(result, $"{verb} map {Info.Name}");
        return true;
    }

    private void Expect<TKey, TValue>()
        where TKey : unmanaged
        where TValue : unmanaged
    {
        if (IsPerCpu || sizeof(TKey) != Info.KeySize || sizeof(TValue) != Info.ValueSize)
            throw Mismatch(sizeof(TKey), sizeof(TValue));
    }

    private InvalidOperationException Mismatch(int key, int value) =>
        new($"map {Info.Name} is {Info.Type} of {Info.KeySize}-byte keys and {Info.ValueSize}-byte values, not of {key} and {value}");
}
