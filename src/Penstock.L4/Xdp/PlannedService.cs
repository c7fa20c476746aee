// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using System.Net;
using Penstock.Model.L4;

namespace Penstock.L4.Xdp;

/// <summary>A service as the maps are to have it. The same instance again: nothing has changed.</summary>
/// <param name="Name">Its name; empty: a tunnel that ends here.</param>
/// <param name="Listen">What it listens on.</param>
/// <param name="Value">Its entry, but for id and ring.</param>
/// <param name="TableSize">Slots of its ring.</param>
/// <param name="Backends">Its backends.</param>
internal sealed record PlannedService(string Name, ServiceAddress Listen, Layout.Service Value, int TableSize, ImmutableArray<PlannedBackend> Backends)
{
    /// <summary>Networks it allows and blocks, sorted, each once.</summary>
    public ImmutableArray<SourceRule> Sources { get; init; } = [];

    /// <summary>Backends by the clients that go there.</summary>
    public ImmutableDictionary<IPNetwork, BackendKey> Overrides { get; init; } = ImmutableDictionary<IPNetwork, BackendKey>.Empty;

    /// <summary>Backends by the server ids in QUIC connection ids.</summary>
    public ImmutableDictionary<uint, BackendKey> QuicServers { get; init; } = ImmutableDictionary<uint, BackendKey>.Empty;

    /// <summary>Whether it is no service but a tunnel from peers that ends here.</summary>
    public bool IsTunnel => Value.Flags.HasFlag(Layout.ServiceFlags.Decap);

    /// <summary>Its members in the Maglev table, by the ids given out.</summary>
    public Maglev.MaglevMember[] Members(IReadOnlyDictionary<BackendKey, uint> ids) =>
        [.. Backends.Where(backend => backend.IsInRing).Select(backend => new Maglev.MaglevMember(backend.Identity, (uint)(backend.Weight * backend.Share), ids[backend.Key]))];
}
