// SPDX-License-Identifier: Apache-2.0
using System.Buffers.Binary;
using System.Net;

namespace Penstock.Bpf.Tests;

/// <summary>flow_hash of bpf/include/flow.h, once more.</summary>
internal static class FlowHash
{
    private const ulong A = 0x9E3779B97F4A7C15, B = 0xC2B2AE3D27D4EB4F, C = 0x165667B19E3779F9;

    /// <summary>The hash of a flow with the seed of <see cref="DataPlane"/>.</summary>
    public static ulong Of(string from, int fromPort, string to, int toPort, int protocol)
    {
        const ulong Seed = 42;
        var source = IPAddress.Parse(from).GetAddressBytes();
        var destination = IPAddress.Parse(to).GetAddressBytes();
        var ports = BinaryPrimitives.ReadUInt32LittleEndian(Wire.Join(Wire.Be16(fromPort), Wire.Be16(toPort)));
        var hash = source.Length == 4
            ? Step(Seed, ((ulong)BinaryPrimitives.ReadUInt32LittleEndian(destination) << 32) | BinaryPrimitives.ReadUInt32LittleEndian(source), A)
            : Step(Step(Step(Seed, Word(source, 0), A), Word(source, 8), B), Step(Step(Seed, Word(destination, 0), B), Word(destination, 8), A), A);
        return Step(Step(hash, ((ulong)protocol << 32) | ports, B), 0, C);
    }

    private static ulong Word(byte[] address, int at) => BinaryPrimitives.ReadUInt64LittleEndian(address.AsSpan(at));

    private static ulong Step(ulong hash, ulong word, ulong factor)
    {
        hash = unchecked((hash ^ word) * factor);
        return hash ^ (hash >> 32);
    }
}
