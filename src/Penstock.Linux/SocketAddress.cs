// SPDX-License-Identifier: Apache-2.0
using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace Penstock.Linux;

/// <summary>struct sockaddr_in, sockaddr_in6 or sockaddr_un as bytes, with its length.</summary>
[StructLayout(LayoutKind.Auto)]
public struct SocketAddress
{
    /// <summary>Longest path of a Unix socket, bytes (unix(7): sun_path is 108 with its end).</summary>
    public const int MaxUnixPath = 107;

    /// <summary>Bytes a socket address may take.</summary>
    internal const int Capacity = 112;

    private const ushort FamilyUnix = 1;
    private const ushort FamilyInet = 2;
    private const ushort FamilyInet6 = 10;

    private Storage _bytes;

    private static ReadOnlySpan<byte> MappedPrefix => [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];

    /// <summary>Bytes in use.</summary>
    public int Length { get; internal set; }

    /// <summary>AF_*.</summary>
    public readonly int Family => Unsafe.As<byte, ushort>(ref Unsafe.AsRef(in _bytes[0]));

    /// <summary>Port in host order; 0 for a Unix socket.</summary>
    public readonly int Port => Family == FamilyUnix ? 0 : BinaryPrimitives.ReadUInt16BigEndian(((ReadOnlySpan<byte>)_bytes)[2..]);

    /// <summary>Whether the family is AF_INET6.</summary>
    public readonly bool IsIpv6 => Family == FamilyInet6;

    /// <summary>Whether the family is AF_UNIX.</summary>
    public readonly bool IsUnix => Family == FamilyUnix;

    /// <summary>The IP address as 4 or 16 bytes in network order, IPv4-mapped addresses as 4; empty for a Unix socket.</summary>
    [UnscopedRef]
    public readonly ReadOnlySpan<byte> Address
    {
        get
        {
            ReadOnlySpan<byte> all = _bytes;
            if (Family == FamilyInet)
                return all.Slice(4, 4);
            if (Family != FamilyInet6)
                return default;
            var address = all.Slice(8, 16);
            return address[..12].SequenceEqual(MappedPrefix) ? address[12..] : address;
        }
    }

    /// <summary>An IP endpoint.</summary>
    public static SocketAddress Ip(IPAddress address, int port)
    {
        var result = default(SocketAddress);
        Span<byte> bytes = result._bytes;
        var v6 = address.AddressFamily == AddressFamily.InterNetworkV6;
        BinaryPrimitives.WriteUInt16LittleEndian(bytes, v6 ? FamilyInet6 : FamilyInet);
        BinaryPrimitives.WriteUInt16BigEndian(bytes[2..], (ushort)port);
        address.TryWriteBytes(bytes[(v6 ? 8 : 4)..], out _);
        if (v6)
            BinaryPrimitives.WriteUInt32LittleEndian(bytes[24..], (uint)address.ScopeId);
        result.Length = v6 ? 28 : 16;
        return result;
    }

    /// <summary>A Unix socket by path.</summary>
    /// <exception cref="ArgumentException">The path is longer than <see cref="MaxUnixPath"/> bytes.</exception>
    public static SocketAddress Unix(string path)
    {
        var result = default(SocketAddress);
        Span<byte> bytes = result._bytes;
        BinaryPrimitives.WriteUInt16LittleEndian(bytes, FamilyUnix);
        if (!Encoding.UTF8.TryGetBytes(path, bytes.Slice(2, MaxUnixPath), out var written))
            throw new ArgumentException($"a Unix socket's path has at most {MaxUnixPath} bytes: {path}", nameof(path));
        result.Length = 2 + written + 1;
        return result;
    }

    /// <summary>The path of a Unix socket; null: it has none, or is none.</summary>
    public readonly string? UnixPath
    {
        get
        {
            if (!IsUnix || Length <= 2)
                return null;
            var path = Bytes[2..].TrimEnd((byte)0);
            return path.IsEmpty || path[0] == 0 ? null : Encoding.UTF8.GetString(path);
        }
    }

    /// <summary>The bytes in use.</summary>
    [UnscopedRef]
    internal readonly ReadOnlySpan<byte> Bytes => ((ReadOnlySpan<byte>)_bytes)[..Length];

    /// <summary>For a call that fills it in.</summary>
    [UnscopedRef]
    internal ref byte First => ref _bytes[0];

    [InlineArray(Capacity)]
    [StructLayout(LayoutKind.Sequential)]
    private struct Storage
    {
        private byte _first;
    }
}
