// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using System.Net;
using Penstock.Model.L4;

namespace Penstock.L4.Xdp;

/// <summary>A service as the maps are to have it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Listen">What it listens on.</param>
/// <param name="Value">Its entry, but for id and ring.</param>
/// <param name="TableSize">Slots of its ring.</param>
/// <param name="Backends">Its backends.</param>
/// <param name="Sources">Networks it allows and blocks.</param>
internal sealed record PlannedService(
    string Name,
    ServiceAddress Listen,
    Layout.Service Value,
    int TableSize,
    ImmutableArray<PlannedBackend> Backends,
    ImmutableDictionary<IPNetwork, Layout.SourceVerdict> Sources)
{
    /// <summary>Its members in the Maglev table, by the ids given out.</summary>
    public Maglev.MaglevMember[] Members(IReadOnlyDictionary<BackendKey, uint> ids) =>
        [.. Backends.Where(backend => backend.IsInRing).Select(backend => new Maglev.MaglevMember(backend.Identity, (uint)backend.Weight, ids[BackendKey.Of(backend.Value)]))];
}
