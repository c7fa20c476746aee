// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Daemon.Peers;

/// <summary>What is known of all peers.</summary>
/// <param name="Peers">Each, in file order.</param>
/// <param name="Warnings">What an operator should know, as whole sentences.</param>
internal sealed record PeersStatus(IReadOnlyList<PeerStatus> Peers, IReadOnlyList<string> Warnings);
