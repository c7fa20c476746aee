// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;

namespace Penstock.Vrrp.Bgp;

/// <summary>An announced address as it stands.</summary>
/// <param name="Address">The address.</param>
/// <param name="Announced">Whether a router is told of it.</param>
/// <param name="Why">Why it is not, or not for long; empty: it is.</param>
public sealed record BgpAddressStatus(string Address, bool Announced, ImmutableArray<string> Why);
