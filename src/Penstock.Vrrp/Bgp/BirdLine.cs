// SPDX-License-Identifier: Apache-2.0
using System.Runtime.InteropServices;

namespace Penstock.Vrrp.Bgp;

/// <summary>A line of an answer of BIRD's.</summary>
/// <param name="Code">Four digits that say what it is.</param>
/// <param name="Text">The rest.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct BirdLine(int Code, string Text);
