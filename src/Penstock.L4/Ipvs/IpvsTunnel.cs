// SPDX-License-Identifier: Apache-2.0
namespace Penstock.L4.Ipvs;

/// <summary>Kinds of tunnels (linux/ip_vs.h: IP_VS_CONN_F_TUNNEL_TYPE_*).</summary>
internal enum IpvsTunnel : byte
{
    /// <summary>IP in IP.</summary>
    Ipip = 0,

    /// <summary>Generic UDP encapsulation.</summary>
    Gue = 1,

    /// <summary>Generic routing encapsulation.</summary>
    Gre = 2,
}
