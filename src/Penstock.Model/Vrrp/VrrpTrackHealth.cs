// SPDX-License-Identifier: Apache-2.0
using Penstock.Model.Schema;

namespace Penstock.Model.Vrrp;

/// <summary>A service or cluster that a VRRP instance depends on.</summary>
[Shorthand("name")]
public sealed record VrrpTrackHealth : TrackHealth
{
    /// <summary>How much lower the priority is while less is up; 0, the default: the addresses are given up.</summary>
    [Range("0", "253")]
    public int Weight { get; init; }
}
