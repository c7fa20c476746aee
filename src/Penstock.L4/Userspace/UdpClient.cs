// SPDX-License-Identifier: Apache-2.0
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Penstock.Linux;

namespace Penstock.L4.Userspace;

/// <summary>A client's address and port, as a key.</summary>
/// <param name="High">Upper half of the address; 0 for IPv4.</param>
/// <param name="Low">Lower half.</param>
/// <param name="Port">Its port.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct UdpClient(ulong High, ulong Low, int Port)
{
    /// <summary>Of a socket address.</summary>
    public static UdpClient Of(in SocketAddress address)
    {
        var bytes = address.Address;
        return bytes.Length == 4
            ? new UdpClient(0, BinaryPrimitives.ReadUInt32BigEndian(bytes), address.Port)
            : new UdpClient(BinaryPrimitives.ReadUInt64BigEndian(bytes), BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]), address.Port);
    }
}
