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
    /// <summary>Most bytes it writes: a v2 header with IPv6 addresses and a unique id.</summary>
    internal const int MaxLength = 16 + 36 + 3 + ProxyHeaderParser.MaxUniqueIdLength;

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
            if (!client.UniqueId.IsEmpty)
                at += WriteValue(destination[at..], type: 0x05, client.UniqueId.Span);
        }

        BinaryPrimitives.WriteUInt16BigEndian(destination[14..], (ushort)(at - 16));
        return at;
    }

    // TLS's values (PP2_TYPE_ALPN, _AUTHORITY, _SSL) go here, once a listener ends TLS.
    private static int WriteValue(Span<byte> destination, byte type, ReadOnlySpan<byte> value)
    {
        destination[0] = type;
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
