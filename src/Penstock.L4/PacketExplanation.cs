// SPDX-License-Identifier: Apache-2.0
namespace Penstock.L4;

/// <summary>What becomes of a packet.</summary>
/// <param name="Service">The service it belongs to; empty: none.</param>
/// <param name="Backend">The backend it goes to; empty: none.</param>
/// <param name="Why">What chose: the flow table, a slot of the ring, or why there is no backend.</param>
/// <param name="NextHop">Where the frame goes on the link; empty: it does not leave.</param>
/// <param name="Becomes">What the frame becomes, or the verdict.</param>
public sealed record PacketExplanation(string Service, string Backend, string Why, string NextHop, string Becomes);
