// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;

namespace Penstock.L7.Runtime;

/// <summary>What the reactors serve: one reference, read once for each request.</summary>
/// <param name="Generation">Generation of the snapshot it was compiled from.</param>
/// <param name="Listeners">Listeners by <see cref="ListenerSlot.Id"/>; null where a slot is in use no more.</param>
/// <param name="Clusters">Clusters by name.</param>
internal sealed record CompiledSnapshot(long Generation, CompiledListener?[] Listeners, ImmutableDictionary<string, CompiledCluster> Clusters)
{
    /// <summary>Nothing.</summary>
    internal static CompiledSnapshot Empty { get; } = new(0, [], ImmutableDictionary<string, CompiledCluster>.Empty);
}
