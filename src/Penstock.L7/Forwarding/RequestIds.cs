// SPDX-License-Identifier: Apache-2.0
using System.Runtime.InteropServices;
using Penstock.L7.Balancing;

namespace Penstock.L7.Forwarding;

/// <summary>Request ids: 128 random bits as lower-case hexadecimal, the size of a W3C trace-id.</summary>
internal static class RequestIds
{
    /// <summary>Bytes of an id.</summary>
    internal const int Length = 32;

    /// <summary>Writes a fresh id.</summary>
    internal static void Write(Span<byte> destination, ref FastRandom random)
    {
        Span<ulong> bits = [random.Next(), random.Next()];
        _ = Convert.TryToHexStringLower(MemoryMarshal.AsBytes(bits), destination, out _);
    }
}
