// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Vrrp.Bgp;

/// <summary>A BGP session as BIRD tells of it.</summary>
/// <param name="Neighbor">Name of the neighbor.</param>
/// <param name="State">State (RFC 4271, 8.2.2) in BIRD's words: <c>Established</c>, <c>Idle</c>, <c>Connect</c>, <c>Active</c>, <c>OpenSent</c>, <c>OpenConfirm</c>, <c>Down</c>.</param>
/// <param name="Since">Since when; null: not known.</param>
/// <param name="LastError">Why it was down last; null: it was not.</param>
/// <param name="Bfd">State of its BFD session; null: it has none.</param>
public sealed record BirdSession(string Neighbor, string State, DateTimeOffset? Since, string? LastError, string? Bfd)
{
    /// <summary>Whether routes go over it.</summary>
    public bool IsUp => State is "Established";
}
