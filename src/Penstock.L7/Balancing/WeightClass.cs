// SPDX-License-Identifier: Apache-2.0
using System.Runtime.InteropServices;

namespace Penstock.L7.Balancing;

/// <summary>Endpoints of one weight.</summary>
/// <param name="Weight">Of each, 1 to 65535.</param>
/// <param name="Start">Where they begin in <see cref="EndpointSet.ByWeight"/>.</param>
/// <param name="Count">How many there are, at least 1.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct WeightClass(int Weight, int Start, int Count)
{
    /// <summary>The sum of their weights.</summary>
    public long Total => (long)Weight * Count;
}
