// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Vrrp.Bgp;

/// <summary>How far a host has left the routers.</summary>
public enum BgpPhase
{
    /// <summary>It has not: what is well is announced.</summary>
    Serving,

    /// <summary>What is well is announced, and says that it is going (RFC 8326).</summary>
    Leaving,

    /// <summary>Nothing is announced.</summary>
    Left,
}
