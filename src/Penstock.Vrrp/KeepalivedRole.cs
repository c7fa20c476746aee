// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using Penstock.Model.Vrrp;

namespace Penstock.Vrrp;

/// <summary>An instance's role on this host.</summary>
/// <param name="Instance">Its name.</param>
/// <param name="Role">Its role.</param>
/// <param name="Since">Since when, as far as this daemon knows; null: it has not changed since the daemon's start.</param>
/// <param name="Transitions">How often it came to each role since the daemon's start.</param>
public sealed record KeepalivedRole(string Instance, VrrpRole Role, DateTimeOffset? Since, ImmutableSortedDictionary<VrrpRole, long> Transitions);
