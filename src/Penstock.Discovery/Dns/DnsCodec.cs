// SPDX-License-Identifier: Apache-2.0
using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Net;

namespace Penstock.Discovery.Dns;

/// <summary>Queries for addresses, and their answers (RFC 1035 section 4, RFC 3596, RFC 6891). Decoding any bytes ends in a <see cref="DnsReplyKind"/>, never in an exception.</summary>
internal static class DnsCodec
{
    /// <summary>Bytes of a UDP answer that are asked for, which pass every network unfragmented (DNS flag day 2020).</summary>
    public const int UdpPayloadBytes = 1232;

    /// <summary>Bytes of the longest query.</summary>
    public const int MaxQueryBytes = HeaderBytes + DnsName.MaxWireBytes + 4 + 11;

    private const int HeaderBytes = 12;
    private const int ClassIn = 1;
    private const int TypeOpt = 41;
    private const int MaxChain = 16;
    private const int RecursionDesired = 0x0100;
    private const int Response = 0x8000;
    private const int OpcodeMask = 0x7800;
    private const int TruncatedFlag = 0x0200;
    private const int RcodeMask = 0x000F;
    private const int NameError = 3;

    /// <summary>Writes a query with recursion desired and an EDNS option record.</summary>
    /// <param name="buffer">At least <see cref="MaxQueryBytes"/>.</param>
    /// <param name="id">Random id.</param>
    /// <param name="name">Name.</param>
    /// <param name="type">A or AAAA.</param>
    /// <param name="length">Bytes written.</param>
    /// <returns>False: the name can't be asked for.</returns>
    public static bool TryWriteQuery(Span<byte> buffer, ushort id, string name, DnsRecordType type, out int length)
    {
        length = 0;
        buffer[..MaxQueryBytes].Clear();
        BinaryPrimitives.WriteUInt16BigEndian(buffer, id);
        BinaryPrimitives.WriteUInt16BigEndian(buffer[2..], RecursionDesired);
        BinaryPrimitives.WriteUInt16BigEndian(buffer[4..], 1);
        BinaryPrimitives.WriteUInt16BigEndian(buffer[10..], 1);
        if (!DnsName.TryWrite(name, buffer[HeaderBytes..], out var nameBytes))
            return false;

        var rest = buffer[(HeaderBytes + nameBytes)..];
        BinaryPrimitives.WriteUInt16BigEndian(rest, (ushort)type);
        BinaryPrimitives.WriteUInt16BigEndian(rest[2..], ClassIn);
        BinaryPrimitives.WriteUInt16BigEndian(rest[5..], TypeOpt);
        BinaryPrimitives.WriteUInt16BigEndian(rest[7..], UdpPayloadBytes);
        length = HeaderBytes + nameBytes + 4 + 11;
        return true;
    }

    /// <summary>Reads a message as the answer to a query.</summary>
    public static DnsReply Decode(ReadOnlySpan<byte> message, ushort id, string name, DnsRecordType type)
    {
        if (message.Length < HeaderBytes || BinaryPrimitives.ReadUInt16BigEndian(message) != id)
            return DnsReply.Of(DnsReplyKind.Foreign);

        var flags = BinaryPrimitives.ReadUInt16BigEndian(message[2..]);
        var position = HeaderBytes;
        if ((flags & Response) == 0 || (flags & OpcodeMask) != 0 || !IsQuestion(message, ref position, name, type))
            return DnsReply.Of(DnsReplyKind.Foreign);

        if ((flags & TruncatedFlag) != 0)
            return DnsReply.Of(DnsReplyKind.Truncated);

        return (flags & RcodeMask) switch
        {
            0 => ReadAnswers(message, position, name, type),
            NameError => DnsReply.Of(DnsReplyKind.NoSuchName),
            _ => DnsReply.Of(DnsReplyKind.ServerFailure),
        };
    }

    private static bool IsQuestion(ReadOnlySpan<byte> message, ref int position, string name, DnsRecordType type)
    {
        if (BinaryPrimitives.ReadUInt16BigEndian(message[4..]) != 1 || !DnsName.TryRead(message, ref position, out var asked) || message.Length - position < 4)
            return false;

        var isSame = string.Equals(asked, name.TrimEnd('.').ToLowerInvariant(), StringComparison.Ordinal)
            && BinaryPrimitives.ReadUInt16BigEndian(message[position..]) == (ushort)type
            && BinaryPrimitives.ReadUInt16BigEndian(message[(position + 2)..]) == ClassIn;
        position += 4;
        return isSame;
    }

    private static DnsReply ReadAnswers(ReadOnlySpan<byte> message, int position, string name, DnsRecordType type)
    {
        var addresses = new List<(string Owner, IPAddress Address, uint Ttl)>();
        var aliases = new Dictionary<string, (string Target, uint Ttl)>(StringComparer.Ordinal);
        for (var left = BinaryPrimitives.ReadUInt16BigEndian(message[6..]); left > 0; left--)
        {
            if (!DnsName.TryRead(message, ref position, out var owner) || message.Length - position < 10)
                return DnsReply.Of(DnsReplyKind.Malformed);

            var recordType = (DnsRecordType)BinaryPrimitives.ReadUInt16BigEndian(message[position..]);
            var isInternet = BinaryPrimitives.ReadUInt16BigEndian(message[(position + 2)..]) == ClassIn;
            var ttl = BinaryPrimitives.ReadUInt32BigEndian(message[(position + 4)..]);
            int length = BinaryPrimitives.ReadUInt16BigEndian(message[(position + 8)..]);
            position += 10;
            if (message.Length - position < length)
                return DnsReply.Of(DnsReplyKind.Malformed);

            // RFC 2181 section 8: a TTL with the top bit set counts as 0.
            ttl = ttl > int.MaxValue ? 0 : ttl;
            if (isInternet && recordType == type)
            {
                if (length != (type == DnsRecordType.A ? 4 : 16))
                    return DnsReply.Of(DnsReplyKind.Malformed);

                addresses.Add((owner, new IPAddress(message.Slice(position, length)), ttl));
            }
            else if (isInternet && recordType == DnsRecordType.Cname)
            {
                var at = position;
                if (!DnsName.TryRead(message, ref at, out var target) || at != position + length)
                    return DnsReply.Of(DnsReplyKind.Malformed);

                aliases[owner] = (target, ttl);
            }

            position += length;
        }

        return Follow(name.TrimEnd('.').ToLowerInvariant(), addresses, aliases);
    }

    private static DnsReply Follow(string name, List<(string Owner, IPAddress Address, uint Ttl)> addresses, Dictionary<string, (string Target, uint Ttl)> aliases)
    {
        var ttl = uint.MaxValue;
        for (var hop = 0; aliases.TryGetValue(name, out var alias); hop++)
        {
            if (hop == MaxChain)
                return DnsReply.Of(DnsReplyKind.Malformed);

            name = alias.Target;
            ttl = Math.Min(ttl, alias.Ttl);
        }

        var found = ImmutableArray.CreateBuilder<IPAddress>();
        foreach (var (owner, address, recordTtl) in addresses)
        {
            if (!string.Equals(owner, name, StringComparison.Ordinal))
                continue;

            found.Add(address);
            ttl = Math.Min(ttl, recordTtl);
        }

        return new DnsReply(DnsReplyKind.Answer, found.ToImmutable(), found.Count == 0 ? 0 : ttl);
    }
}
