// SPDX-License-Identifier: Apache-2.0
using Penstock.Model.Vrrp;

namespace Penstock.Daemon.Peers;

/// <summary>A VRRP instance as it stands on the host that tells of it.</summary>
/// <param name="Name">Its name there.</param>
/// <param name="RouterId">Its virtual router id.</param>
/// <param name="Family">Family of its adverts: <c>ipv4</c> or <c>ipv6</c>.</param>
/// <param name="Role">What that host is to it.</param>
/// <param name="Since">Since when; null: not known.</param>
/// <param name="Priority">Priority as configured.</param>
/// <param name="Health">0, or how much lower the daemon makes it; -254: it gives the addresses up.</param>
/// <param name="Addresses">Its virtual addresses, with their prefix length.</param>
internal sealed record PeerInstance(
    string Name, int RouterId, string Family, VrrpRole Role, DateTimeOffset? Since, int Priority, int Health, IReadOnlyList<string> Addresses);
