// SPDX-License-Identifier: Apache-2.0
using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Penstock.Netns.Tests.Harness;

/// <summary>SYNs from addresses of 198.18.0.0/15 (RFC 2544) that nobody answers at.</summary>
internal static class SynFlood
{
    private const int IpBytes = 20, TcpBytes = 20;

    /// <summary>Sends them from a host, as fast as it can.</summary>
    /// <param name="from">The host.</param>
    /// <param name="to">Whom they are for.</param>
    /// <param name="seed">Another: from other addresses and ports.</param>
    /// <param name="count">How many.</param>
    public static void Send(Host from, IPEndPoint to, int seed, int count) => from.Inside(() =>
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Raw, ProtocolType.Raw) { SendTimeout = 5000 };
        var random = new Random(seed);
        for (var i = 0; i < count; i++)
            socket.SendTo(Syn(random, to), to);
        return count;
    });

    private static byte[] Syn(Random random, IPEndPoint to)
    {
        var packet = new byte[IpBytes + TcpBytes];
        packet[0] = 0x45;
        packet[8] = 64;
        packet[9] = (byte)ProtocolType.Tcp;
        BinaryPrimitives.WriteUInt32BigEndian(packet.AsSpan(12), 0xC6120000 | (uint)random.Next(1 << 17)); // the kernel writes length and checksum
        to.Address.TryWriteBytes(packet.AsSpan(16), out _);
        var tcp = packet.AsSpan(IpBytes);
        BinaryPrimitives.WriteUInt16BigEndian(tcp, (ushort)random.Next(1024, 65536));
        BinaryPrimitives.WriteUInt16BigEndian(tcp[2..], (ushort)to.Port);
        BinaryPrimitives.WriteUInt32BigEndian(tcp[4..], (uint)random.Next());
        tcp[12] = TcpBytes << 2;
        tcp[13] = 2;
        BinaryPrimitives.WriteUInt16BigEndian(tcp[14..], 65535);
        BinaryPrimitives.WriteUInt16BigEndian(tcp[16..], Checksum(packet));
        return packet;
    }

    // Of a TCP segment without data, over the pseudo-header too (RFC 9293, 3.1).
    private static ushort Checksum(ReadOnlySpan<byte> packet)
    {
        var sum = (uint)ProtocolType.Tcp + TcpBytes;
        for (var i = 12; i < packet.Length; i += 2)
            sum += BinaryPrimitives.ReadUInt16BigEndian(packet[i..]);
        while (sum >> 16 != 0)
            sum = (sum & 0xffff) + (sum >> 16);
        return (ushort)~sum;
    }
}
