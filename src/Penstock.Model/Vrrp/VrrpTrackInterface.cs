// SPDX-License-Identifier: Apache-2.0
using Penstock.Model.Schema;

namespace Penstock.Model.Vrrp;

/// <summary>An interface that a VRRP instance depends on.</summary>
[Shorthand("name")]
public sealed record VrrpTrackInterface
{
    /// <summary>Its name.</summary>
    [Text(TextForm.InterfaceName)]
    [Example("eth1")]
    public required string Name { get; init; }

    /// <summary>How much lower the priority is while it is down; 0, the default: the addresses are given up.</summary>
    [Range("0", "253")]
    public int Weight { get; init; }
}
