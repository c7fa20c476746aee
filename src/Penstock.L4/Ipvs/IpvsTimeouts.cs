// SPDX-License-Identifier: Apache-2.0
using System.Runtime.InteropServices;

namespace Penstock.L4.Ipvs;

/// <summary>Timeouts of connections, seconds; 0 in a request leaves one as it is.</summary>
/// <param name="Tcp">Of TCP.</param>
/// <param name="TcpFin">Of TCP after a FIN.</param>
/// <param name="Udp">Of UDP.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct IpvsTimeouts(uint Tcp, uint TcpFin, uint Udp);
