// SPDX-License-Identifier: Apache-2.0
using System.Buffers.Binary;
using System.Net;

namespace Penstock.L4.Maglev;

/// <summary>Identities of backends: of their address and port and the configured seed, of nothing that differs between hosts.</summary>
public static class MaglevIdentity
{
    private const ulong Increment = 0x9E3779B97F4A7C15; // 2^64 / the golden ratio (Steele, Lea, Flood: SplitMix64)

    /// <summary>The identity of a backend.</summary>
    /// <param name="address">Its address.</param>
    /// <param name="port">Its port; 0 where the service's is kept.</param>
    /// <param name="seed">From the configuration.</param>
    public static ulong Of(IPAddress address, int port, ulong seed)
    {
        Span<byte> bytes = stackalloc byte[16];
        address.MapToIPv6().TryWriteBytes(bytes, out _);
        var state = Mix(seed + Increment);
        state = Mix(state ^ BinaryPrimitives.ReadUInt64BigEndian(bytes));
        state = Mix(state ^ BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]));
        return Mix(state ^ (ulong)port);
    }

    /// <summary>SplitMix64's finalizer of the next state: a bijection in which every bit of the input changes half of the output's.</summary>
    internal static ulong Mix(ulong value)
    {
        value += Increment;
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }
}
