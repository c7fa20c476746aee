// SPDX-License-Identifier: Apache-2.0
using System.Buffers.Binary;
using System.Net;
using Penstock.Model.L4;

namespace Penstock.L4.Xdp;

/// <summary>The program's hash of a flow (flow_hash of bpf/include/flow.h), for explanations. A test compares both.</summary>
internal static class FlowHash
{
    private const ulong A = 0x9E3779B97F4A7C15;
    private const ulong B = 0xC2B2AE3D27D4EB4F;
    private const ulong C = 0x165667B19E3779F9;

    /// <summary>Hashes a flow.</summary>
    /// <param name="from">The client.</param>
    /// <param name="to">The service, of the same family.</param>
    /// <param name="protocol">TCP or UDP.</param>
    /// <param name="on">Whether ports and the service count.</param>
    /// <param name="seed">From the configuration.</param>
    public static ulong Of(IPEndPoint from, IPEndPoint to, TransportProtocol protocol, HashOn on, ulong seed)
    {
        var source = from.Address.GetAddressBytes();
        var destination = on == HashOn.Client ? new byte[source.Length] : to.Address.GetAddressBytes();
        var hash = source.Length == 4
            ? Step(seed, ((ulong)BinaryPrimitives.ReadUInt32LittleEndian(destination) << 32) | BinaryPrimitives.ReadUInt32LittleEndian(source), A)
            : Step(Step(Step(seed, Word(source, 0), A), Word(source, 8), B), on == HashOn.Client ? 0 : Step(Step(seed, Word(destination, 0), B), Word(destination, 8), A), A);
        Span<byte> ports = stackalloc byte[4];
        BinaryPrimitives.WriteUInt16BigEndian(ports, (ushort)from.Port);
        BinaryPrimitives.WriteUInt16BigEndian(ports[2..], (ushort)to.Port);
        var rest = on == HashOn.Client ? 0 : ((ulong)protocol << 32) | BinaryPrimitives.ReadUInt32LittleEndian(ports);
        hash = Step(Step(hash, rest, B), 0, C);
        return hash == 0 ? 1 : hash;
    }

    /// <summary>Slot of a ring.</summary>
    public static uint Slot(ulong hash, uint slots) => (uint)(((hash >> 32) * slots) >> 32);

    /// <summary>By which the flow table knows it.</summary>
    public static uint Tag(ulong hash) => hash >> 32 == 0 ? 1 : (uint)(hash >> 32);

    private static ulong Word(byte[] address, int at) => BinaryPrimitives.ReadUInt64LittleEndian(address.AsSpan(at));

    private static ulong Step(ulong hash, ulong word, ulong factor)
    {
        hash = unchecked((hash ^ word) * factor);
        return hash ^ (hash >> 32);
    }
}
