// SPDX-License-Identifier: Apache-2.0
namespace Penstock.L4.Ipvs;

/// <summary>Flags of a service (linux/ip_vs.h: IP_VS_SVC_F_*).</summary>
[Flags]
internal enum IpvsServiceFlags : uint
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>Clients stay with their destination.</summary>
    Persistent = 0x1,

    /// <summary>The kernel's own: the service is in its table.</summary>
    Hashed = 0x2,

    /// <summary>Each packet is a connection.</summary>
    OnePacket = 0x4,

    /// <summary>mh, sh: another destination in place of one that is not available.</summary>
    Fallback = 0x8,

    /// <summary>mh, sh: the source's port is hashed too.</summary>
    Port = 0x10,
}
