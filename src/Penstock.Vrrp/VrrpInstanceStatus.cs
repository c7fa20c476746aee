// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using Penstock.Model.Vrrp;

namespace Penstock.Vrrp;

/// <summary>One VRRP instance as it stands on this host.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Interface">Interface of its adverts.</param>
/// <param name="RouterId">Its virtual router id.</param>
/// <param name="Role">What this host is to it.</param>
/// <param name="Since">Since when, as far as this daemon knows; null: not known.</param>
/// <param name="Priority">Priority as configured.</param>
/// <param name="Health">0, or how much lower the daemon makes it; -254: it gives the addresses up.</param>
/// <param name="Reasons">Why, for people.</param>
/// <param name="Addresses">Its virtual addresses.</param>
/// <param name="Transitions">Changes of role since the daemon's start.</param>
public sealed record VrrpInstanceStatus(
    string Name,
    string Interface,
    int RouterId,
    VrrpRole Role,
    DateTimeOffset? Since,
    int Priority,
    int Health,
    ImmutableArray<string> Reasons,
    ImmutableArray<string> Addresses,
    long Transitions);
