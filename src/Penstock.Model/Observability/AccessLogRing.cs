// SPDX-License-Identifier: Apache-2.0
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text.Unicode;

namespace Penstock.Model.Observability;

/// <summary>
/// A ring of finished requests between one reactor (writer) and the access log's thread (reader). Bounded: a record that does not
/// fit is dropped and counted. Names are copied as UTF-8, so that a record keeps no object, and so no old snapshot, alive.
/// </summary>
public sealed class AccessLogRing
{
    /// <summary>Least capacity, bytes: several of the largest records.</summary>
    public const int MinCapacityBytes = 64 << 10;

    /// <summary>Greatest capacity, bytes.</summary>
    public const int MaxCapacityBytes = 1 << 30;

    /// <summary>Longest request target kept, bytes; the rest is cut and the record marked.</summary>
    public const int MaxTargetBytes = 4 << 10;

    /// <summary>Longest Referer kept, bytes.</summary>
    public const int MaxRefererBytes = 2 << 10;

    /// <summary>Longest User-Agent kept, bytes.</summary>
    public const int MaxUserAgentBytes = 1 << 10;

    /// <summary>Longest value of any other field kept, bytes: a DNS name has up to 253, plus a port.</summary>
    public const int MaxFieldBytes = 264;

    private const int Alignment = 8;

    private readonly byte[] _bytes;
    private readonly int _mask;
    private RingCursors _cursors;

    /// <summary>A ring of the given size.</summary>
    /// <param name="capacityBytes">Bytes; rounded up to a power of two, and into <see cref="MinCapacityBytes"/> to <see cref="MaxCapacityBytes"/>.</param>
    public AccessLogRing(int capacityBytes)
    {
        var capacity = (int)BitOperations.RoundUpToPowerOf2((uint)Math.Clamp(capacityBytes, MinCapacityBytes, MaxCapacityBytes));
        _mask = capacity - 1;
        _bytes = GC.AllocateUninitializedArray<byte>(capacity, pinned: true);
    }

    /// <summary>Size, bytes.</summary>
    public int CapacityBytes => _bytes.Length;

    /// <summary>Bytes written and not yet released. Any thread.</summary>
    public int UsedBytes
    {
        get
        {
            var tail = Volatile.Read(ref _cursors.Tail);
            return (int)Math.Min(Volatile.Read(ref _cursors.Head) - tail, _bytes.Length);
        }
    }

    /// <summary>Records refused because the ring was full. Any thread.</summary>
    public long Dropped => Volatile.Read(ref _cursors.Dropped);

    private static int MaxPackedBytes(in AccessRecord record) =>
        Unsafe.SizeOf<PackedRecordHeader>() + Alignment
        + Math.Min(record.Target.Length, MaxTargetBytes) + Math.Min(record.Referer.Length, MaxRefererBytes)
        + Math.Min(record.UserAgent.Length, MaxUserAgentBytes) + Math.Min(record.ClientAddress.Length, MaxFieldBytes)
        + Math.Min(record.Method.Length, MaxFieldBytes) + Math.Min(record.Host.Length, MaxFieldBytes)
        + Math.Min(record.RequestId.Length, MaxFieldBytes) + Math.Min(record.ProxyValues.Length, MaxFieldBytes) + (5 * MaxFieldBytes);

    /// <summary>Appends a record; called by one thread only. Allocates nothing, makes no system call and never blocks.</summary>
    /// <returns>False when the ring is full: the record is dropped and counted.</returns>
    public bool TryWrite(in AccessRecord record)
    {
        var need = MaxPackedBytes(in record);
        var head = _cursors.Head;
        var position = (int)head & _mask;
        var toEnd = _bytes.Length - position;
        var skip = need > toEnd ? toEnd : 0;
        if (head + skip + need - _cursors.TailSeen > _bytes.Length)
        {
            _cursors.TailSeen = Volatile.Read(ref _cursors.Tail);
            if (head + skip + need - _cursors.TailSeen > _bytes.Length)
            {
                Volatile.Write(ref _cursors.Dropped, _cursors.Dropped + 1);
                return false;
            }
        }

        if (skip > 0)
        {
            HeaderAt(position).Length = PackedRecordHeader.Skip;
            position = 0;
        }

        Volatile.Write(ref _cursors.Head, head + skip + Pack(in record, position));
        return true;
    }

    /// <summary>Takes the oldest record; called by one thread only. Releases the one taken before.</summary>
    /// <param name="entry">The record, valid until the next call.</param>
    /// <returns>False when the ring is empty.</returns>
    public bool TryRead(out AccessLogEntry entry)
    {
        var tail = _cursors.Tail;
        if (_cursors.Lent > 0)
        {
            tail += _cursors.Lent;
            _cursors.Lent = 0;
            Volatile.Write(ref _cursors.Tail, tail);
        }

        if (tail == _cursors.HeadSeen)
            _cursors.HeadSeen = Volatile.Read(ref _cursors.Head);

        if (tail == _cursors.HeadSeen)
        {
            entry = default;
            return false;
        }

        var position = (int)tail & _mask;
        ref var header = ref HeaderAt(position);
        if (header.Length == PackedRecordHeader.Skip)
        {
            _cursors.Lent = _bytes.Length - position;
            header = ref HeaderAt(0);
        }

        _cursors.Lent += header.Length;
        entry = new AccessLogEntry(ref header);
        return true;
    }

    private ref PackedRecordHeader HeaderAt(int position) =>
        ref Unsafe.As<byte, PackedRecordHeader>(ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(_bytes), position));

    private int Pack(in AccessRecord record, int position)
    {
        ref var header = ref HeaderAt(position);
        header.Status = record.Status;
        header.StartUnixMicroseconds = record.StartUnixMicroseconds;
        header.DurationMicroseconds = record.DurationMicroseconds;
        header.UpstreamMicroseconds = record.UpstreamMicroseconds;
        header.RequestBodyBytes = record.RequestBodyBytes;
        header.ResponseBodyBytes = record.ResponseBodyBytes;
        header.ClientPort = record.ClientPort;
        header.HttpVersion = record.HttpVersion;
        header.Attempts = record.Attempts;
        header.Truncated = 0;

        var payload = _bytes.AsSpan(position + Unsafe.SizeOf<PackedRecordHeader>());
        var end = Append(ref header, payload, 0, PackedField.ClientAddress, record.ClientAddress, MaxFieldBytes);
        end = Append(ref header, payload, end, PackedField.Method, record.Method, MaxFieldBytes);
        end = Append(ref header, payload, end, PackedField.Target, record.Target, MaxTargetBytes);
        end = Append(ref header, payload, end, PackedField.Host, record.Host, MaxFieldBytes);
        end = Append(ref header, payload, end, PackedField.UserAgent, record.UserAgent, MaxUserAgentBytes);
        end = Append(ref header, payload, end, PackedField.Referer, record.Referer, MaxRefererBytes);
        end = Append(ref header, payload, end, PackedField.RequestId, record.RequestId, MaxFieldBytes);
        end = Append(ref header, payload, end, PackedField.Reason, record.Reason);
        end = Append(ref header, payload, end, PackedField.Listener, record.Listener);
        end = Append(ref header, payload, end, PackedField.Route, record.Route);
        end = Append(ref header, payload, end, PackedField.Cluster, record.Cluster);
        end = Append(ref header, payload, end, PackedField.Endpoint, record.Endpoint);
        end = Append(ref header, payload, end, PackedField.ProxyValues, record.ProxyValues, MaxFieldBytes);
        header.Length = (Unsafe.SizeOf<PackedRecordHeader>() + end + Alignment - 1) & -Alignment;
        return header.Length;
    }

    private static int Append(ref PackedRecordHeader header, Span<byte> payload, int end, PackedField field, ReadOnlySpan<byte> value, int limit)
    {
        if (value.Length > limit)
        {
            value = value[..limit];
            header.Truncated |= 1 << (int)field;
        }

        value.CopyTo(payload[end..]);
        end += value.Length;
        header.Ends[(int)field] = (ushort)end;
        return end;
    }

    private static int Append(ref PackedRecordHeader header, Span<byte> payload, int end, PackedField field, string? value)
    {
        if (!string.IsNullOrEmpty(value))
        {
            Utf8.FromUtf16(value, payload.Slice(end, MaxFieldBytes), out var read, out var written);
            if (read < value.Length)
                header.Truncated |= 1 << (int)field;

            end += written;
        }

        header.Ends[(int)field] = (ushort)end;
        return end;
    }
}
