// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;

namespace Penstock.Vrrp;

/// <summary>What VRRP does at this moment.</summary>
/// <param name="Instances">Instances, in file order.</param>
/// <param name="Processes">keepalived, one for each group.</param>
/// <param name="Warnings">What an operator should know, as whole sentences.</param>
public sealed record VrrpStatus(ImmutableArray<VrrpInstanceStatus> Instances, ImmutableArray<KeepalivedStatus> Processes, ImmutableArray<string> Warnings);
