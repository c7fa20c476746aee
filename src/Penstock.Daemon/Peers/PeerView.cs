// SPDX-License-Identifier: Apache-2.0
using Penstock.ControlPlane;

namespace Penstock.Daemon.Peers;

/// <summary>What this host knows of a peer.</summary>
/// <param name="Node">Its name.</param>
/// <param name="Address">Where it is asked.</param>
/// <param name="State">Whether it answers.</param>
/// <param name="Since">Since when.</param>
/// <param name="Fault">Why the last question was not answered; null: it was.</param>
/// <param name="Reason">The same for people; empty: it was.</param>
/// <param name="Report">What it said last; null: nothing yet, or it is down.</param>
/// <param name="ReportAt">Timestamp of that.</param>
/// <param name="Drift">What of its configuration differs from this host's, as far as is known.</param>
internal sealed record PeerView(
    string Node, string Address, PeerState State, DateTimeOffset Since, PeerFaultKind? Fault, string Reason, PeerReport? Report, long ReportAt, ConfigDrift Drift)
{
    /// <summary>Why its configuration could not be compared, for people; empty: it was, or has not been tried.</summary>
    public string Uncompared { get; init; } = "";

    /// <summary>What is known of its proxy tier; null: nothing yet.</summary>
    public ProxyState? Proxy { get; init; }

    /// <summary>Whether it speaks BGP by an identifier that is this host's as well.</summary>
    /// <param name="own">This host's; null: it speaks none.</param>
    public bool HasRouterId(string? own) => own is not null && string.Equals(Report?.BgpRouterId, own, StringComparison.Ordinal);

    /// <summary>Whether the report is an answer to the last question.</summary>
    public bool IsFresh => State == PeerState.Up && Fault is null && Report is not null;
}
