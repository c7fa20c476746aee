// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;

namespace Penstock.Daemon.Admin;

/// <summary>What <c>penstock detach</c> and <c>penstock decap --detach</c> have done.</summary>
/// <param name="Pins">Folder that the programs were pinned in.</param>
/// <param name="Interfaces">Interfaces that ran one and do no more; empty: none did.</param>
internal sealed record DetachReport(string Pins, ImmutableArray<string> Interfaces);
