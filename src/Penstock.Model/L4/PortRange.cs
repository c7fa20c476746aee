// SPDX-License-Identifier: Apache-2.0
using System.Runtime.InteropServices;

namespace Penstock.Model.L4;

/// <summary>Ports from a first to a last one, both included: <c>1024-32767</c>.</summary>
/// <param name="First">First port, 1 to 65535.</param>
/// <param name="Last">Last port, at least <paramref name="First"/>.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct PortRange(int First, int Last)
{
    /// <summary>Whether two ranges share a port.</summary>
    public bool Overlaps(PortRange other) => First <= other.Last && other.First <= Last;

    /// <inheritdoc/>
    public override string ToString() => First == Last ? $"{First}" : $"{First}-{Last}";
}
