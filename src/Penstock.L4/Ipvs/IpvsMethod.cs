// SPDX-License-Identifier: Apache-2.0
namespace Penstock.L4.Ipvs;

/// <summary>How packets get to a destination (linux/ip_vs.h: IP_VS_CONN_F_FWD_MASK).</summary>
internal enum IpvsMethod : uint
{
    /// <summary>By network address translation.</summary>
    Masquerade = 0,

    /// <summary>Up this host's stack.</summary>
    Local = 1,

    /// <summary>In a tunnel.</summary>
    Tunnel = 2,

    /// <summary>With the destination's MAC address: direct routing.</summary>
    Route = 3,

    /// <summary>To the original destination.</summary>
    Bypass = 4,
}
