// SPDX-License-Identifier: Apache-2.0
using System.Runtime.InteropServices;

namespace Penstock.L4.Xdp;

/// <summary>Ports with the same leading bits.</summary>
/// <param name="First">The first of them.</param>
/// <param name="Bits">Leading bits they share, 0 (all ports) to 16 (one).</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct PortPrefix(int First, int Bits)
{
    /// <summary>The fewest prefixes that make up a range, at most 30.</summary>
    /// <param name="first">First port.</param>
    /// <param name="last">Last port, included.</param>
    public static List<PortPrefix> Cover(int first, int last)
    {
        var prefixes = new List<PortPrefix>();
        while (first <= last)
        {
            var bits = 16;
            while (bits > 0 && (first & (1 << (16 - bits))) == 0 && first + (1 << (17 - bits)) - 1 <= last)
                bits--;
            prefixes.Add(new PortPrefix(first, bits));
            first += 1 << (16 - bits);
        }

        return prefixes;
    }
}
