// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Daemon.Peers;

/// <summary>An address as the host that tells of it announces it by BGP.</summary>
/// <param name="Address">The address.</param>
/// <param name="Announced">Whether a router is told of it by that host.</param>
internal sealed record PeerAnnouncement(string Address, bool Announced);
