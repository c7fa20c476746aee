// SPDX-License-Identifier: Apache-2.0
using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Penstock.Bpf.Tests;

/// <summary>Packets, written out layer by layer, checksums included.</summary>
internal static class Wire
{
    public const int Ipip = 4, Tcp6 = 6, Udp17 = 17, Ipv6InIp = 41, Icmp1 = 1, Icmp58 = 58;
    public const int Fin = 1, Syn = 2, Rst = 4, Push = 8, Ack = 16;

    public static readonly byte[] ClientMac = [2, 0, 0, 0, 0, 1];
    public static readonly byte[] OurMac = [2, 0, 0, 0, 0, 2];
    public static readonly byte[] NextMac = [2, 0, 0, 0, 0, 3];
    public static readonly byte[] OutMac = [2, 0, 0, 0, 0, 4];

    /// <summary>Bytes of all parts in turn.</summary>
    public static byte[] Join(params byte[][] parts) => [.. parts.SelectMany(part => part)];

    /// <summary>A frame from the client to us; the type follows from the IP version, <paramref name="tags"/> are TPID and TCI.</summary>
    public static byte[] In(byte[] ip, params (int Protocol, int Tci)[] tags) => Frame(OurMac, ClientMac, ip, tags);

    /// <summary>The frame that leaves, to the configured next hop.</summary>
    public static byte[] Out(byte[] ip, params (int Protocol, int Tci)[] tags) => Frame(NextMac, OutMac, ip, tags);

    /// <summary>The frame that returns to where it came from.</summary>
    public static byte[] Back(byte[] ip, params (int Protocol, int Tci)[] tags) => Frame(ClientMac, OurMac, ip, tags);

    public static byte[] Frame(byte[] to, byte[] from, byte[] ip, params (int Protocol, int Tci)[] tags) =>
        Join([to, from, .. tags.Select(tag => Join(Be16(tag.Protocol), Be16(tag.Tci))), Be16(ip[0] >> 4 == 6 ? 0x86dd : 0x0800), ip]);

    /// <summary>An IP packet, of the version of its addresses.</summary>
    public static byte[] Ip(string from, string to, int protocol, byte[] payload, int tos = 0, int ttl = 64, int id = 0, int fragment = 0, byte[]? options = null, int label = 0)
    {
        var source = IPAddress.Parse(from);
        if (source.AddressFamily == AddressFamily.InterNetworkV6)
            return Join(Be32(0x60000000u | ((uint)tos << 20) | (uint)label), Be16(payload.Length), [(byte)protocol, (byte)ttl], source.GetAddressBytes(), IPAddress.Parse(to).GetAddressBytes(), payload);
        options ??= [];
        var header = Join(
            [(byte)(0x45 + (options.Length / 4)), (byte)tos], Be16(20 + options.Length + payload.Length), Be16(id), Be16(fragment),
            [(byte)ttl, (byte)protocol, 0, 0], source.GetAddressBytes(), IPAddress.Parse(to).GetAddressBytes(), options);
        BinaryPrimitives.WriteUInt16BigEndian(header.AsSpan(10), Checksum(header));
        return Join(header, payload);
    }

    /// <summary>An IP packet with a TCP segment.</summary>
    public static byte[] Tcp(string from, int fromPort, string to, int toPort, int flags = Ack, string payload = "data", int ttl = 64, int tos = 0, int fragment = 0, byte[]? options = null, uint sequence = 1000, uint acknowledged = 2000, int window = 8192, byte[]? tcpOptions = null)
    {
        tcpOptions ??= [];
        var segment = Join(Be16(fromPort), Be16(toPort), Be32(sequence), Be32(acknowledged), [(byte)(0x50 + (tcpOptions.Length << 2)), (byte)flags], Be16(window), Be16(0), Be16(0), tcpOptions, Text(payload));
        return Ip(from, to, Tcp6, WithChecksum(from, to, Tcp6, segment, 16), tos, ttl, fragment: fragment, options: options);
    }

    /// <summary>An IP packet with a UDP datagram.</summary>
    public static byte[] Udp(string from, int fromPort, string to, int toPort, string payload = "data", int ttl = 64, int tos = 0, int fragment = 0) =>
        Ip(from, to, Udp17, UdpOnly(from, fromPort, to, toPort, payload), tos, ttl, fragment: fragment);

    /// <summary>A UDP datagram by itself.</summary>
    public static byte[] UdpOnly(string from, int fromPort, string to, int toPort, string payload) =>
        WithChecksum(from, to, Udp17, Join(Be16(fromPort), Be16(toPort), Be16(8 + payload.Length), Be16(0), Text(payload)), 6);

    /// <summary>A UDP datagram without checksum, around anything.</summary>
    public static byte[] Gue(int fromPort, int toPort, byte[] payload) => Join(Be16(fromPort), Be16(toPort), Be16(8 + payload.Length), Be16(0), payload);

    /// <summary>An ICMP or ICMPv6 message, with what the addresses say.</summary>
    public static byte[] Icmp(string from, string to, int type, int code, uint rest, byte[] body, int ttl = 64, int tos = 0)
    {
        var v6 = from.Contains(':', StringComparison.Ordinal);
        var message = Join([(byte)type, (byte)code, 0, 0], Be32(rest), body);
        if (v6)
            message = WithChecksum(from, to, Icmp58, message, 2);
        else
            BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(2), Checksum(message));
        return Ip(from, to, v6 ? Icmp58 : Icmp1, message, tos, ttl);
    }

    public static byte[] Be16(int value) => [(byte)(value >> 8), (byte)value];

    public static byte[] Be32(uint value) => [(byte)(value >> 24), (byte)(value >> 16), (byte)(value >> 8), (byte)value];

    public static byte[] Text(string text) => System.Text.Encoding.Latin1.GetBytes(text);

    /// <summary>The Internet checksum (RFC 1071).</summary>
    public static ushort Checksum(ReadOnlySpan<byte> data)
    {
        uint sum = 0;
        for (var i = 0; i < data.Length; i++)
            sum += i % 2 == 0 ? (uint)data[i] << 8 : data[i];
        while (sum >> 16 != 0)
            sum = (sum & 0xffff) + (sum >> 16);
        return (ushort)~sum;
    }

    private static byte[] WithChecksum(string from, string to, int protocol, byte[] segment, int at)
    {
        var pseudo = Join(IPAddress.Parse(from).GetAddressBytes(), IPAddress.Parse(to).GetAddressBytes(), Be32((uint)segment.Length), Be32((uint)protocol));
        var sum = Checksum(Join(pseudo, segment));
        BinaryPrimitives.WriteUInt16BigEndian(segment.AsSpan(at), sum == 0 && protocol == Udp17 ? (ushort)0xffff : sum);
        return segment;
    }
}
