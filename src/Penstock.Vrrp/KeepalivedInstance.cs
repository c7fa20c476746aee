// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;

namespace Penstock.Vrrp;

/// <summary>What a VRRP instance puts on the host while it is master, and what is taken off when its keepalived can't.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Addresses">All its addresses, with what adverts name.</param>
/// <param name="Macvlans">Interfaces that keepalived makes for it (<c>use_vmac</c>), by their names; with its addresses on them.</param>
public sealed record KeepalivedInstance(string Name, ImmutableArray<KeepalivedAddress> Addresses, ImmutableArray<string> Macvlans);
