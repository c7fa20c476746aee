// SPDX-License-Identifier: Apache-2.0
using System.Runtime.InteropServices;

namespace Penstock.L4.Ipvs;

/// <summary>What the kernel has counted for a service or a destination since it was made.</summary>
/// <param name="Connections">Connections scheduled.</param>
/// <param name="Packets">Packets towards destinations.</param>
/// <param name="Bytes">Bytes of them.</param>
/// <param name="ReturnPackets">Packets from destinations to clients, by nat.</param>
/// <param name="ReturnBytes">Bytes of them.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct IpvsCounters(long Connections, long Packets, long Bytes, long ReturnPackets, long ReturnBytes);
