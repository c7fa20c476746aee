// SPDX-License-Identifier: Apache-2.0
using Penstock.Model.Vrrp;

namespace Penstock.Daemon.Peers;

/// <summary>What a peer is to a VRRP instance.</summary>
/// <param name="Instance">Name of the instance on this host.</param>
/// <param name="Role">Its role.</param>
/// <param name="Since">Since when; null: not known.</param>
/// <param name="Priority">Its priority as configured.</param>
internal sealed record PeerRole(string Instance, VrrpRole Role, DateTimeOffset? Since, int Priority);
