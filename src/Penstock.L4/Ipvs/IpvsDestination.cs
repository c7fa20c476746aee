// SPDX-License-Identifier: Apache-2.0
namespace Penstock.L4.Ipvs;

/// <summary>A destination: a real server of a service.</summary>
/// <param name="Key">What it is.</param>
/// <param name="Method">How packets get there.</param>
/// <param name="Weight">Its share; 0: no new connections.</param>
/// <param name="UpperThreshold">Connections at which it takes no more; 0: no limit.</param>
/// <param name="LowerThreshold">Connections below which it takes them again.</param>
/// <param name="Tunnel">Kind of tunnel, where the method is one.</param>
/// <param name="TunnelPort">UDP port of a GUE tunnel.</param>
internal sealed record IpvsDestination(
    IpvsDestinationKey Key, IpvsMethod Method, uint Weight, uint UpperThreshold, uint LowerThreshold, IpvsTunnel Tunnel, ushort TunnelPort);
