// SPDX-License-Identifier: Apache-2.0
using System.Buffers.Binary;
using System.Text;

namespace Penstock.Health;

/// <summary>The two messages of grpc.health.v1 (gRPC: src/proto/grpc/health/v1/health.proto), each behind the five bytes that gRPC frames messages with.</summary>
internal static class HealthMessages
{
    /// <summary>ServingStatus of a service that is well.</summary>
    public const int Serving = 1;

    /// <summary>Whether it is compressed, and its length.</summary>
    private const int PrefixBytes = 5;

    /// <summary>Of HealthCheckRequest: field 1, service, a string.</summary>
    private const byte ServiceTag = 0x0A;

    /// <summary>Of HealthCheckResponse: field 1, status.</summary>
    private const ulong StatusField = 1;

    /// <summary>A HealthCheckRequest.</summary>
    /// <param name="service">The service asked for; null: the server as a whole.</param>
    public static byte[] Request(string? service)
    {
        var message = new List<byte>(new byte[PrefixBytes]);
        if (service is { Length: > 0 })
        {
            var name = Encoding.UTF8.GetBytes(service);
            message.Add(ServiceTag);
            var length = name.Length;
            for (; length >= 0x80; length >>= 7)
                message.Add((byte)((length & 0x7F) | 0x80));
            message.Add((byte)length);
            message.AddRange(name);
        }

        var request = message.ToArray();
        BinaryPrimitives.WriteInt32BigEndian(request.AsSpan(1), request.Length - PrefixBytes);
        return request;
    }

    /// <summary>The status that a HealthCheckResponse has.</summary>
    /// <param name="content">All of a response's content: one message, not compressed, as nothing was said to take that.</param>
    /// <returns>Its number; null: it is no such message.</returns>
    public static int? ReadStatus(ReadOnlySpan<byte> content)
    {
        if (content.Length < PrefixBytes || content[0] != 0 || BinaryPrimitives.ReadUInt32BigEndian(content[1..]) != content.Length - PrefixBytes)
            return null;
        var rest = content[PrefixBytes..];
        var status = 0;
        while (!rest.IsEmpty)
        {
            if (!TryReadNumber(ref rest, out var tag))
                return null;
            var isStatus = tag >> 3 == StatusField && (tag & 7) == 0;
            if (!TryReadValue(ref rest, (int)(tag & 7), out var value))
                return null;
            if (isStatus)
                status = (int)(uint)value;
        }

        return status;
    }

    /// <summary>A value of any wire type but groups, which nothing writes.</summary>
    private static bool TryReadValue(ref ReadOnlySpan<byte> rest, int wireType, out ulong value)
    {
        value = 0;
        ulong skip;
        switch (wireType)
        {
            case 0:
                return TryReadNumber(ref rest, out value);
            case 1:
                skip = 8;
                break;
            case 2:
                if (!TryReadNumber(ref rest, out skip))
                    return false;
                break;
            case 5:
                skip = 4;
                break;
            default:
                return false;
        }

        if (skip > (ulong)rest.Length)
            return false;
        rest = rest[(int)skip..];
        return true;
    }

    /// <summary>A varint: at most ten bytes, least significant first.</summary>
    private static bool TryReadNumber(ref ReadOnlySpan<byte> rest, out ulong number)
    {
        number = 0;
        for (var i = 0; i < Math.Min(rest.Length, 10); i++)
        {
            number |= (ulong)(rest[i] & 0x7F) << (7 * i);
            if (rest[i] >= 0x80)
                continue;
            rest = rest[(i + 1)..];
            return true;
        }

        return false;
    }
}
