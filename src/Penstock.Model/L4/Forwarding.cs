// SPDX-License-Identifier: Apache-2.0
using Penstock.Model.Schema;

namespace Penstock.Model.L4;

/// <summary>How packets get to a backend.</summary>
public enum Forwarding
{
    /// <summary>In an IP tunnel; the backend answers the client itself.</summary>
    [Key("dsr-ipip")]
    DsrIpip,

    /// <summary>In UDP; the backend answers the client itself.</summary>
    [Key("dsr-gue")]
    DsrGue,

    /// <summary>With the backend's MAC address, on one link; the backend answers the client itself.</summary>
    [Key("dsr-l2")]
    DsrL2,

    /// <summary>With addresses and ports rewritten both ways; the backend answers the balancer and needs no change.</summary>
    [Key("nat")]
    Nat,

    /// <summary>To the proxy tier: this host's stack, and that of its peers.</summary>
    [Key("l7")]
    L7,
}
