// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Model.L4;

/// <summary>What a packet meets when its service has no backend left.</summary>
public enum EmptyAction
{
    /// <summary>Silence.</summary>
    Drop,

    /// <summary>TCP: a reset; UDP: ICMP port unreachable.</summary>
    Reject,

    /// <summary>This host's own stack.</summary>
    Pass,
}
