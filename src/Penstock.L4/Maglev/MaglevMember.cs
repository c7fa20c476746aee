// SPDX-License-Identifier: Apache-2.0
using System.Runtime.InteropServices;

namespace Penstock.L4.Maglev;

/// <summary>A backend as a Maglev table sees it.</summary>
/// <param name="Identity">Number by which its places in the table are found; equal on every host that must choose alike. See <see cref="MaglevIdentity"/>.</param>
/// <param name="Weight">Its share, 1 or more.</param>
/// <param name="Value">What its slots hold.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct MaglevMember(ulong Identity, uint Weight, uint Value);
