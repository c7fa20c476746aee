// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Linux.Netlink;

/// <summary>States of a neighbour, ndm_state (linux/neighbour.h; RFC 4861, 7.3.2).</summary>
[Flags]
public enum NeighbourState : ushort
{
    /// <summary>Nothing is known yet.</summary>
    None = 0,

    /// <summary>Asked for the first time, no answer yet.</summary>
    Incomplete = 0x01,

    /// <summary>Has answered lately.</summary>
    Reachable = 0x02,

    /// <summary>Has answered once; asked again when somebody sends.</summary>
    Stale = 0x04,

    /// <summary>Somebody sends; asked again soon.</summary>
    Delay = 0x08,

    /// <summary>Asked again.</summary>
    Probe = 0x10,

    /// <summary>Does not answer.</summary>
    Failed = 0x20,

    /// <summary>Needs no asking: the link has no ARP.</summary>
    NoArp = 0x40,

    /// <summary>Written by the operator.</summary>
    Permanent = 0x80,
}
