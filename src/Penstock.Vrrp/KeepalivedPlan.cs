// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;

namespace Penstock.Vrrp;

/// <summary>What one keepalived is to run.</summary>
/// <param name="Text">Its configuration, which names the files of its <see cref="KeepalivedFolder"/>.</param>
/// <param name="Instances">The VRRP instances in it.</param>
public sealed record KeepalivedPlan(string Text, ImmutableArray<KeepalivedInstance> Instances);
