// SPDX-License-Identifier: Apache-2.0
using System.Buffers.Binary;
using System.Net;

namespace Penstock.L7.Tests.ProxyProtocol;

/// <summary>PROXY headers of version 2, made by hand.</summary>
internal static class ProxyHeaders
{
    private static readonly byte[] s_signature = [0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A];

    /// <summary>Of any command, family and block.</summary>
    public static byte[] Binary(byte command, byte family, params byte[] block) =>
        [.. s_signature, command, family, (byte)(block.Length >> 8), (byte)block.Length, .. block];

    /// <summary>PROXY over TCP.</summary>
    public static byte[] Tcp(string source, int sourcePort, string destination, int destinationPort, params byte[] values)
    {
        byte[] from = IPAddress.Parse(source).GetAddressBytes();
        return Binary(0x21, (byte)(from.Length == 4 ? 0x11 : 0x21), [.. from, .. IPAddress.Parse(destination).GetAddressBytes(), .. Port(sourcePort), .. Port(destinationPort), .. values]);
    }

    /// <summary>A type, length and value.</summary>
    public static byte[] Value(byte type, params byte[] value) => [type, (byte)(value.Length >> 8), (byte)value.Length, .. value];

    /// <summary>The header with the checksum of its bytes in its last value, by the plain definition of CRC32C.</summary>
    public static byte[] WithChecksum(byte[] header)
    {
        byte[] block = [.. header[16..], 3, 0, 4, 0, 0, 0, 0];
        byte[] whole = Binary(header[12], header[13], block);
        uint sum = uint.MaxValue;
        foreach (byte b in whole)
        {
            sum ^= b;
            for (int bit = 0; bit < 8; bit++)
            {
                sum = (sum & 1) != 0 ? (sum >> 1) ^ 0x82F63B78 : sum >> 1;
            }
        }

        BinaryPrimitives.WriteUInt32BigEndian(whole.AsSpan(whole.Length - 4), ~sum);
        return whole;
    }

    private static byte[] Port(int port) => [(byte)(port >> 8), (byte)port];
}
