// SPDX-License-Identifier: Apache-2.0
using System.Buffers.Binary;
using System.Net;
using System.Runtime.InteropServices;
using System.Text;

namespace Penstock.Linux.Netlink;

/// <summary>Writes messages one behind the other, for one datagram. The socket numbers them.</summary>
public sealed class NetlinkWriter
{
    private const int AttributeHeader = 4;
    private const ushort NestedFlag = 0x8000; // NLA_F_NESTED

    private readonly List<int> _starts = [];
    private byte[] _bytes = new byte[256];
    private int _length;

    /// <summary>Messages so far.</summary>
    public int Count => _starts.Count;

    /// <summary>Bytes so far.</summary>
    public int Length => _length;

    /// <summary>All messages; valid until the next call.</summary>
    public ReadOnlySpan<byte> Bytes => _bytes.AsSpan(0, _length);

    /// <summary>Begins with no message again.</summary>
    public void Clear()
    {
        _starts.Clear();
        _length = 0;
    }

    /// <summary>Begins a message; the one before ends there.</summary>
    /// <param name="type">Its type.</param>
    /// <param name="flags">Flags besides <see cref="NetlinkFlags.Request"/>; without <see cref="NetlinkFlags.Dump"/> it asks for an acknowledgement.</param>
    public void Begin(ushort type, NetlinkFlags flags = NetlinkFlags.None)
    {
        _starts.Add(_length);
        var header = Take(NetlinkMessage.HeaderLength);
        if ((flags & NetlinkFlags.Dump) != NetlinkFlags.Dump)
            flags |= NetlinkFlags.Ack;
        MemoryMarshal.Write(header[4..], type);
        MemoryMarshal.Write(header[6..], (ushort)(flags | NetlinkFlags.Request));
        WriteLength();
    }

    /// <summary>Adds bytes that are no attribute: the protocol's own header.</summary>
    public void Raw(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(Take(bytes.Length));
        WriteLength();
    }

    /// <summary>The same of a struct without references.</summary>
    public void Raw<T>(in T value)
        where T : unmanaged => Raw(MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in value)));

    /// <summary>Adds an attribute.</summary>
    /// <exception cref="ArgumentException">Its value is longer than an attribute can be.</exception>
    public void Add(ushort type, ReadOnlySpan<byte> value)
    {
        var length = AttributeHeader + value.Length;
        if (length > ushort.MaxValue)
            throw new ArgumentException($"an attribute of {value.Length} bytes; at most {ushort.MaxValue - AttributeHeader}", nameof(value));
        var place = Take(length);
        MemoryMarshal.Write(place, (ushort)length);
        MemoryMarshal.Write(place[2..], type);
        value.CopyTo(place[AttributeHeader..]);
        WriteLength();
    }

    /// <summary>Adds a value without references, in the host's order.</summary>
    public void Add<T>(ushort type, T value)
        where T : unmanaged => Add(type, MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in value)));

    /// <summary>Adds a number of 16 bits in network order.</summary>
    public void AddNetwork(ushort type, ushort value) => Add(type, BinaryPrimitives.ReverseEndianness(value));

    /// <summary>Adds text with a zero byte at its end.</summary>
    public void Add(ushort type, string text) => Add(type, (ReadOnlySpan<byte>)[.. Encoding.UTF8.GetBytes(text), 0]);

    /// <summary>Adds an address as 4 or 16 bytes.</summary>
    public void Add(ushort type, IPAddress address) => Add(type, address.GetAddressBytes());

    /// <summary>Begins an attribute that holds attributes.</summary>
    /// <returns>What <see cref="EndNested"/> takes.</returns>
    public int BeginNested(ushort type)
    {
        var place = _length;
        Add((ushort)(type | NestedFlag), ReadOnlySpan<byte>.Empty);
        return place;
    }

    /// <summary>Ends it.</summary>
    public void EndNested(int place)
    {
        var length = _length - place;
        if (length > ushort.MaxValue)
            throw new ArgumentException($"an attribute of {length} bytes with what is in it; at most {ushort.MaxValue}", nameof(place));
        MemoryMarshal.Write(_bytes.AsSpan(place), (ushort)length);
    }

    /// <summary>Numbers the messages from a first one on.</summary>
    internal void Number(uint first)
    {
        for (var i = 0; i < _starts.Count; i++)
            MemoryMarshal.Write(_bytes.AsSpan(_starts[i] + 8), unchecked(first + (uint)i));
    }

    // Padded to a multiple of four; padding and what is not written are 0.
    private Span<byte> Take(int length)
    {
        var padded = NetlinkReader.Align(length);
        if (_length + padded > _bytes.Length)
            Array.Resize(ref _bytes, Math.Max(_bytes.Length * 2, _length + padded));
        var place = _bytes.AsSpan(_length, padded);
        place.Clear();
        _length += padded;
        return place[..length];
    }

    private void WriteLength()
    {
        var start = _starts[^1];
        MemoryMarshal.Write(_bytes.AsSpan(start), (uint)(_length - start));
    }
}
