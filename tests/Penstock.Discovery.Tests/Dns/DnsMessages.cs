// SPDX-License-Identifier: Apache-2.0
using System.Buffers.Binary;
using System.Net;
using Penstock.Discovery.Dns;

namespace Penstock.Discovery.Tests.Dns;

/// <summary>Writes answers as a name server would, good and bad.</summary>
internal sealed class DnsMessages
{
    private const int QuestionOffset = 12;
    private readonly List<byte> _bytes;

    /// <summary>An answer to a query, with its id and question.</summary>
    public DnsMessages(ReadOnlySpan<byte> query, ushort flags = 0x8180)
    {
        var end = QuestionOffset;
        DnsName.TryRead(query, ref end, out var name);
        Name = name;
        Type = (DnsRecordType)BinaryPrimitives.ReadUInt16BigEndian(query[end..]);
        _bytes = [.. query[..(end + 4)]];
        Put(2, flags);
        Put(6, 0);
        Put(10, 0);
    }

    /// <summary>Name asked for.</summary>
    public string Name { get; }

    /// <summary>Type asked for.</summary>
    public DnsRecordType Type { get; }

    /// <summary>A query as the client writes it.</summary>
    public static byte[] Query(ushort id, string name, DnsRecordType type)
    {
        var buffer = new byte[DnsCodec.MaxQueryBytes];
        DnsCodec.TryWriteQuery(buffer, id, name, type, out var length).ShouldBeTrue();
        return buffer[..length];
    }

    /// <summary>Adds an address of the name asked for.</summary>
    public DnsMessages Address(string address, uint ttl) => Record([0xC0, QuestionOffset], address.Contains(':') ? DnsRecordType.Aaaa : DnsRecordType.A, ttl, IPAddress.Parse(address).GetAddressBytes());

    /// <summary>Adds an address of another name.</summary>
    public DnsMessages AddressOf(string owner, string address, uint ttl) => Record(Wire(owner), address.Contains(':') ? DnsRecordType.Aaaa : DnsRecordType.A, ttl, IPAddress.Parse(address).GetAddressBytes());

    /// <summary>Adds a CNAME.</summary>
    public DnsMessages Alias(string owner, string target, uint ttl) => Record(Wire(owner), DnsRecordType.Cname, ttl, Wire(target));

    /// <summary>Adds a record.</summary>
    public DnsMessages Record(ReadOnlySpan<byte> owner, DnsRecordType type, uint ttl, ReadOnlySpan<byte> data)
    {
        Put(6, (ushort)((_bytes[6] << 8) + _bytes[7] + 1));
        Span<byte> head = stackalloc byte[10];
        BinaryPrimitives.WriteUInt16BigEndian(head, (ushort)type);
        BinaryPrimitives.WriteUInt16BigEndian(head[2..], 1);
        BinaryPrimitives.WriteUInt32BigEndian(head[4..], ttl);
        BinaryPrimitives.WriteUInt16BigEndian(head[8..], (ushort)data.Length);
        _bytes.AddRange(owner);
        _bytes.AddRange(head);
        _bytes.AddRange(data);
        return this;
    }

    /// <summary>The message.</summary>
    public byte[] ToArray() => [.. _bytes];

    private static byte[] Wire(string name)
    {
        var buffer = new byte[DnsName.MaxWireBytes];
        DnsName.TryWrite(name, buffer, out var length).ShouldBeTrue();
        return buffer[..length];
    }

    private void Put(int offset, ushort value)
    {
        _bytes[offset] = (byte)(value >> 8);
        _bytes[offset + 1] = (byte)value;
    }
}
