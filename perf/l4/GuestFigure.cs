// SPDX-License-Identifier: Apache-2.0
using System.Runtime.InteropServices;

namespace Penstock.Perf.L4;

/// <summary>What rounds have found.</summary>
/// <param name="Median">Of all rounds.</param>
/// <param name="Spread">From the least to the most.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct GuestFigure(double Median, double Spread);
