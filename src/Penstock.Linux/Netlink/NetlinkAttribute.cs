// SPDX-License-Identifier: Apache-2.0
using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace Penstock.Linux.Netlink;

/// <summary>One attribute. Its values throw when its length is not the one of their type.</summary>
public readonly ref struct NetlinkAttribute
{
    /// <summary>Of its parts.</summary>
    internal NetlinkAttribute(ushort type, ReadOnlySpan<byte> value)
    {
        Type = type;
        Value = value;
    }

    /// <summary>What it is, as the protocol numbers attributes, without flags.</summary>
    public ushort Type { get; }

    /// <summary>Its bytes, without padding.</summary>
    public ReadOnlySpan<byte> Value { get; }

    /// <summary>As a number of 8 bits.</summary>
    /// <exception cref="NetlinkException">It has another length.</exception>
    public byte Byte() => Read<byte>();

    /// <summary>As a number of 16 bits in the host's order.</summary>
    /// <exception cref="NetlinkException">It has another length.</exception>
    public ushort UInt16() => Read<ushort>();

    /// <summary>As a number of 16 bits in network order.</summary>
    /// <exception cref="NetlinkException">It has another length.</exception>
    public ushort UInt16Network() => BinaryPrimitives.ReverseEndianness(Read<ushort>());

    /// <summary>As a number of 32 bits in the host's order.</summary>
    /// <exception cref="NetlinkException">It has another length.</exception>
    public uint UInt32() => Read<uint>();

    /// <summary>As a number of 64 bits in the host's order.</summary>
    /// <exception cref="NetlinkException">It has another length.</exception>
    public ulong UInt64() => Read<ulong>();

    /// <summary>As text that ends at its first zero byte or its end.</summary>
    public string Text()
    {
        var end = Value.IndexOf((byte)0);
        return Encoding.UTF8.GetString(end < 0 ? Value : Value[..end]);
    }

    /// <summary>The attributes in it.</summary>
    public NetlinkAttributes Nested() => new(Value);

    /// <summary>Its bytes as a value without references.</summary>
    /// <exception cref="NetlinkException">It has another length.</exception>
    public T Read<T>()
        where T : unmanaged =>
        Value.Length == Unsafe.SizeOf<T>()
            ? MemoryMarshal.Read<T>(Value)
            : throw NetlinkException.Malformed($"attribute {Type} of {Value.Length} bytes in place of {Unsafe.SizeOf<T>()}");
}
