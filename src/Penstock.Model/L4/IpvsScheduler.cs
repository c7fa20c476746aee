// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Model.L4;

/// <summary>How IPVS chooses a backend for a new connection (ipvsadm(8)).</summary>
public enum IpvsScheduler
{
    /// <summary>Maglev hashing: the table depends on backends and weights only.</summary>
    Mh,

    /// <summary>In turn.</summary>
    Rr,

    /// <summary>In turn, by weight.</summary>
    Wrr,

    /// <summary>The fewest connections.</summary>
    Lc,

    /// <summary>The fewest connections, by weight.</summary>
    Wlc,

    /// <summary>By the destination's address, and away from backends that are overloaded.</summary>
    Lblc,

    /// <summary>By a static table of sources.</summary>
    Sh,

    /// <summary>The shortest expected delay.</summary>
    Sed,

    /// <summary>One that is idle, else the shortest expected delay.</summary>
    Nq,
}
