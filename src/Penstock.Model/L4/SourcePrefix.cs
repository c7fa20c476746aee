// SPDX-License-Identifier: Apache-2.0
using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Penstock.Model.L4;

/// <summary>A network of clients in 17 bytes, for lists of a million. IPv4 as ::ffff:a.b.c.d.</summary>
/// <param name="High">Upper half of the address.</param>
/// <param name="Low">Lower half; bits beyond the prefix are 0.</param>
/// <param name="Bits">Length of the prefix, 0 to 128; for IPv4 96 more than as written.</param>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public readonly record struct SourcePrefix(ulong High, ulong Low, byte Bits) : IComparable<SourcePrefix>
{
    private const int MappedBits = 96;
    private const ulong Mapped = 0xFFFF_0000_0000;

    /// <summary>The same of an IPv4 network.</summary>
    /// <param name="address">Address, as a number.</param>
    /// <param name="bits">Length of the prefix, 0 to 32.</param>
    public static SourcePrefix OfIPv4(uint address, int bits) => new(0, Mapped | address, (byte)(MappedBits + bits));

    /// <summary>The same of a network.</summary>
    public static SourcePrefix Of(IPNetwork network)
    {
        Span<byte> bytes = stackalloc byte[16];
        network.BaseAddress.MapToIPv6().TryWriteBytes(bytes, out _);
        var bits = network.PrefixLength + (network.BaseAddress.AddressFamily == AddressFamily.InterNetwork ? MappedBits : 0);
        return new SourcePrefix(BinaryPrimitives.ReadUInt64BigEndian(bytes), BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]), (byte)bits);
    }

    /// <inheritdoc/>
    public int CompareTo(SourcePrefix other)
    {
        var order = High.CompareTo(other.High);
        order = order != 0 ? order : Low.CompareTo(other.Low);
        return order != 0 ? order : Bits.CompareTo(other.Bits);
    }

    /// <summary>Order by address, then length.</summary>
    public static bool operator <(SourcePrefix left, SourcePrefix right) => left.CompareTo(right) < 0;

    /// <summary>Order by address, then length.</summary>
    public static bool operator >(SourcePrefix left, SourcePrefix right) => left.CompareTo(right) > 0;

    /// <summary>Order by address, then length.</summary>
    public static bool operator <=(SourcePrefix left, SourcePrefix right) => left.CompareTo(right) <= 0;

    /// <summary>Order by address, then length.</summary>
    public static bool operator >=(SourcePrefix left, SourcePrefix right) => left.CompareTo(right) >= 0;
}
