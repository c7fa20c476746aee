// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Model.L4;

/// <summary>Names of forwarding modes, as the configuration writes them.</summary>
public static class ForwardingNames
{
    /// <summary>The name of a mode.</summary>
    public static string Name(this Forwarding forwarding) => forwarding switch
    {
        Forwarding.DsrIpip => "dsr-ipip",
        Forwarding.DsrGue => "dsr-gue",
        Forwarding.DsrL2 => "dsr-l2",
        Forwarding.Nat => "nat",
        _ => "l7",
    };
}
