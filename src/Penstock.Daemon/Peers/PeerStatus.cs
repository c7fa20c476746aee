// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Daemon.Peers;

/// <summary>A peer, as <c>penstock status</c> shows it.</summary>
/// <param name="Node">Its name.</param>
/// <param name="Address">Where it is asked.</param>
/// <param name="State">Whether it answers.</param>
/// <param name="Since">Since when.</param>
/// <param name="Reason">Why the last question was not answered; empty: it was.</param>
/// <param name="Version">Version of its daemon; empty while it does not answer, as the following.</param>
/// <param name="Runs"><c>running</c> or <c>draining</c>.</param>
/// <param name="Generation">Generation of its snapshot.</param>
/// <param name="SnapshotAt">Since when that runs.</param>
/// <param name="Unready">Number of L4 services and clusters of which nothing is ready there.</param>
/// <param name="Vrrp">Its instances that this host has too.</param>
/// <param name="Bgp">What it announces by BGP; null: it does not say, or does not answer.</param>
/// <param name="Differs">Keys in which its configuration differs from this host's.</param>
/// <param name="Differences">The first of them.</param>
internal sealed record PeerStatus(
    string Node,
    string Address,
    PeerState State,
    DateTimeOffset Since,
    string Reason,
    string Version,
    string Runs,
    long Generation,
    DateTimeOffset? SnapshotAt,
    int Unready,
    IReadOnlyList<PeerRole> Vrrp,
    PeerBgp? Bgp,
    int Differs,
    IReadOnlyList<ConfigDifference> Differences);
