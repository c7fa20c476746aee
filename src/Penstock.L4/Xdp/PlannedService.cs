// SPDX-License-Identifier: Apache-2.0
using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using Penstock.L4.Maglev;
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

    /// <summary>How packets are forwarded, as configured.</summary>
    public Forwarding Forwarding { get; init; }

    /// <summary>Whether its backends are found by discovery: one that this host can't serve must not hinder what the configuration says.</summary>
    public bool IsDiscovered { get; init; }

    /// <summary>Backends that discovery has found and that are none here, since this host has no address to reach them from.</summary>
    public ImmutableArray<IPAddress> LeftOut { get; init; } = [];

    /// <summary>Where its backends are found by discovery, addresses that flows by nat to them would leave from, whichever they are.</summary>
    public ImmutableArray<IPAddress> NatSources { get; init; } = [];

    /// <summary>Whose counters it has, as a number for the maps, never 0: another name or way to its backends begins to count at zero.</summary>
    public ulong Owner => BinaryPrimitives.ReadUInt64LittleEndian(SHA256.HashData(Encoding.UTF8.GetBytes($"{(int)Forwarding} {Name}"))) | 1;

    /// <summary>The backend that is this host, of the proxy tier of several; null: there is none that takes flows.</summary>
    public BackendKey? Local => IsOfTier && Backends.FirstOrDefault(backend => backend.Value.Forwarding == Layout.ForwardingKind.Local && backend.KeepsFlows) is { } local ? local.Key : null;

    /// <summary>Whether it has a second ring.</summary>
    public bool HasSecond => KeepsFlowsOfOthers && Second.Any();

    // Of a flow that no table knows: only TCP tells that it does not begin. Flows by nat are lost with their table.
    private bool KeepsFlowsOfOthers => Listen.Protocol == TransportProtocol.Tcp && (Value.Flags & (Layout.ServiceFlags.NoFlows | Layout.ServiceFlags.Nat | Layout.ServiceFlags.Decap)) == Layout.ServiceFlags.None;

    private bool IsOfTier => Backends.Length > 1 && Backends.Any(backend => backend.Value.Forwarding == Layout.ForwardingKind.Local);

    // With those in drain where there are any; else, of the proxy tier, without this host.
    private IEnumerable<PlannedBackend> Second => Backends.Any(backend => backend is { IsInDrain: true, IsLongInDrain: false })
        ? Backends.Where(backend => backend.IsInRing || backend is { IsInDrain: true, IsLongInDrain: false })
        : IsOfTier ? Backends.Where(backend => backend.IsInRing && backend.Value.Forwarding != Layout.ForwardingKind.Local) : [];

    /// <summary>Its members in the Maglev table, by the ids given out.</summary>
    public MaglevMember[] Members(IReadOnlyDictionary<BackendKey, uint> ids) => Members(Backends.Where(backend => backend.IsInRing), ids);

    /// <summary>Those in the table for flows that no flow table knows.</summary>
    public MaglevMember[] SecondMembers(IReadOnlyDictionary<BackendKey, uint> ids) => KeepsFlowsOfOthers ? Members(Second, ids) : [];

    private static MaglevMember[] Members(IEnumerable<PlannedBackend> backends, IReadOnlyDictionary<BackendKey, uint> ids) =>
        [.. backends.Select(backend => new MaglevMember(backend.Identity, (uint)(backend.Weight * backend.Share), ids[backend.Key]))];
}
