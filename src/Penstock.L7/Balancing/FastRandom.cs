// SPDX-License-Identifier: Apache-2.0
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Penstock.L7.Balancing;

/// <summary>Pseudo-random numbers for balancing: a Weyl sequence through a multiply and fold. One for each reactor, passed by reference; not for secrets.</summary>
internal struct FastRandom
{
    private ulong _state;

    /// <summary>A generator with the given seed, for a sequence that can be repeated.</summary>
    public FastRandom(ulong seed) => _state = seed;

    /// <summary>A generator seeded by the operating system.</summary>
    public static FastRandom Seeded()
    {
        ulong seed = 0;
        RandomNumberGenerator.Fill(MemoryMarshal.AsBytes(new Span<ulong>(ref seed)));
        return new FastRandom(seed);
    }

    /// <summary>64 uniform bits.</summary>
    public ulong Next()
    {
        _state += 0x9E37_79B9_7F4A_7C15;
        ulong high = Math.BigMul(_state, _state ^ 0xD6E8_FEB8_6659_FD93, out ulong low);
        return high ^ low;
    }

    /// <summary>Uniform in [0, bound), by multiply and shift; its bias is below bound / 2^64.</summary>
    /// <param name="bound">At least 1.</param>
    public ulong Below(ulong bound) => Math.BigMul(Next(), bound, out _);
}
