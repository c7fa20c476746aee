// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Daemon.Admin;

/// <summary>Whether this host is taken out, and what is left on it.</summary>
/// <param name="Node">Its name.</param>
/// <param name="State"><c>ready</c>, <c>drain</c> or <c>maintenance</c>.</param>
/// <param name="Since">Since when it is out; null: it is not.</param>
/// <param name="Roles">VRRP instances that it is still master of.</param>
/// <param name="Peers">Peers that may still send new flows here.</param>
/// <param name="Announced">Addresses that routers may still be told of: new flows may come from any of them.</param>
/// <param name="Connections">Connections of clients to the HTTP tier.</param>
/// <param name="Relayed">Connections of services that the daemon relays (engine userspace).</param>
/// <param name="HandingOver">Whether other hosts are just being asked to take the addresses, or routers to send packets elsewhere.</param>
internal sealed record NodeReport(
    string Node, string State, DateTimeOffset? Since, IReadOnlyList<string> Roles, IReadOnlyList<string> Peers, IReadOnlyList<string> Announced, long Connections, int Relayed, bool HandingOver)
{
    /// <summary><see cref="State"/> of a host that is taken out, and waits for what is left on it.</summary>
    public const string Drain = "drain";

    /// <summary><see cref="State"/> of one that ends what is left on it, or has.</summary>
    public const string Maintenance = "maintenance";

    /// <summary><see cref="State"/> of any other.</summary>
    public const string Ready = "ready";

    /// <summary>Who has taken it out; empty: not known, or it is not.</summary>
    public string By { get; init; } = "";

    /// <summary>Why; empty: not said.</summary>
    public string Why { get; init; } = "";

    /// <summary>When connections that are left will be ended, or once it has handed its roles over where that is later; null: they have been, or are not to be.</summary>
    public DateTimeOffset? EndsAt { get; init; }

    /// <summary>Whether it is taken out.</summary>
    public bool IsOut => !string.Equals(State, Ready, StringComparison.Ordinal);

    /// <summary>Whether it is out and nothing is left on it.</summary>
    public bool IsEmpty => IsOut && !HandingOver && Roles.Count == 0 && Peers.Count == 0 && Announced.Count == 0 && Connections == 0 && Relayed == 0;
}
