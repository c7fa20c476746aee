// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Vrrp.Bgp;

/// <summary>A router as it stands.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Address">Its address.</param>
/// <param name="Asn">Number of its autonomous system.</param>
/// <param name="State">State of the session: <c>established</c>, <c>idle</c>, <c>connect</c>, <c>active</c>, <c>opensent</c>, <c>openconfirm</c>, <c>down</c>, <c>unknown</c>.</param>
/// <param name="Since">Since when; null: not known.</param>
/// <param name="LastError">Why the session was down last; null: it was not.</param>
/// <param name="Bfd"><c>up</c>, <c>down</c>, <c>init</c>; null: without.</param>
public sealed record BgpNeighborStatus(string Name, string Address, uint Asn, string State, DateTimeOffset? Since, string? LastError, string? Bfd)
{
    /// <summary>Whether routes go over it.</summary>
    public bool IsUp => State is "established";
}
