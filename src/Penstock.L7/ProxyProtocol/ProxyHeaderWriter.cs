// SPDX-License-Identifier: Apache-2.0
using System.Buffers.Binary;
using System.Net;
using System.Text;
using Penstock.L7.Admission;
using Penstock.Model.L7;

namespace Penstock.L7.ProxyProtocol;

/// <summary>Writes PROXY headers (haproxy's proxy-protocol.txt).</summary>
internal static class ProxyHeaderWriter
{
    /// <summary>Most bytes of ALPN's protocol and of a server's name that are told: what TLS has room for (RFC 7301 section 3.1, RFC 6066 section 3).</summary>
    internal const int MaxValueLength = 255;

    /// <summary>Most bytes that are told of TLS: far more than version, cipher and a common name take.</summary>
    internal const int MaxSslLength = 1024;

    /// <summary>Most bytes it writes: a v2 header with IPv6 addresses and all values.</summary>
    internal const int MaxLength = 16 + 36 + (4 * 3) + ProxyHeaderParser.MaxUniqueIdLength + (2 * MaxValueLength) + MaxSslLength;

    private const int Wide = 16;

    /// <summary>Writes a header.</summary>
    /// <param name="destination">At least <see cref="MaxLength"/> bytes.</param>
    /// <param name="version">Its version.</param>
    /// <param name="client">Whose connection it is.</param>
    /// <returns>Bytes written.</returns>
    internal static int Write(Span<byte> destination, ProxyProtocolVersion version, ClientIdentity client) =>
        version == ProxyProtocolVersion.V1 ? WriteLine(destination, client) : WriteBinary(destination, client);

    private static int WriteLine(Span<byte> destination, ClientIdentity client)
    {
        var line = client.Source.IsNone || client.Destination.IsNone
            ? "PROXY UNKNOWN\r\n" // A client over a Unix socket.
            : $"PROXY {(IsIPv4(client) ? "TCP4" : "TCP6")} {Text(client.Source, client)} {Text(client.Destination, client)} {client.SourcePort} {client.DestinationPort}\r\n";
        return Encoding.ASCII.GetBytes(line, destination);
    }

    private static int WriteBinary(Span<byte> destination, ClientIdentity client)
    {
        ProxyHeaderParser.Signature.CopyTo(destination);
        destination[12] = 0x21; // Version 2, PROXY
        var at = 16;
        if (client.Source.IsNone || client.Destination.IsNone)
        {
            destination[13] = 0; // A client over a Unix socket: unspecified, and no values, since readers pass what follows over.
        }
        else
        {
            destination[13] = (byte)(IsIPv4(client) ? 0x11 : 0x21);
            at += WriteAddress(destination[at..], client.Source, client);
            at += WriteAddress(destination[at..], client.Destination, client);
            BinaryPrimitives.WriteUInt16BigEndian(destination[at..], (ushort)client.SourcePort);
            BinaryPrimitives.WriteUInt16BigEndian(destination[(at + 2)..], (ushort)client.DestinationPort);
            at += 4;
            at += WriteValue(destination[at..], ProxyValueType.Alpn, client.Alpn.Span);
            at += WriteValue(destination[at..], ProxyValueType.Authority, client.Authority.Span);
            at += WriteValue(destination[at..], ProxyValueType.UniqueId, client.UniqueId.Span);
            at += WriteValue(destination[at..], ProxyValueType.Ssl, client.Ssl.Span);
        }

        BinaryPrimitives.WriteUInt16BigEndian(destination[14..], (ushort)(at - 16));
        return at;
    }

    // One that is empty is not said.
    private static int WriteValue(Span<byte> destination, ProxyValueType type, ReadOnlySpan<byte> value)
    {
        if (value.IsEmpty)
            return 0;
        destination[0] = (byte)type;
        BinaryPrimitives.WriteUInt16BigEndian(destination[1..], (ushort)value.Length);
        value.CopyTo(destination[3..]);
        return 3 + value.Length;
    }

    private static bool IsIPv4(ClientIdentity client) => client.Source.IsIPv4 && client.Destination.IsIPv4;

    // With one address of either family both are written as IPv6 (RFC 4291 section 2.5.5.2).
    private static int WriteAddress(Span<byte> destination, ClientAddress address, ClientIdentity client)
    {
        if (!address.IsIPv4 || IsIPv4(client))
            return address.WriteBytes(destination);
        destination[..10].Clear();
        destination[10] = destination[11] = 0xFF;
        address.WriteBytes(destination[12..]);
        return Wide;
    }

    private static IPAddress Text(ClientAddress address, ClientIdentity client)
    {
        Span<byte> bytes = stackalloc byte[Wide];
        return new IPAddress(bytes[..WriteAddress(bytes, address, client)]);
    }
}
