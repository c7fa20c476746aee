// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using System.Net;
using Penstock.Model;
using Penstock.Model.L4;

namespace Penstock.ControlPlane.Overrides;

/// <summary>States that operators have given. Immutable. What is said of one backend or endpoint goes before what is said of its service or cluster.</summary>
public sealed class OverrideSet
{
    private readonly ImmutableSortedDictionary<string, StateOverride> _byKey;

    private OverrideSet(ImmutableSortedDictionary<string, StateOverride> byKey) => _byKey = byKey;

    /// <summary>None.</summary>
    public static OverrideSet None { get; } = new(ImmutableSortedDictionary.Create<string, StateOverride>(StringComparer.Ordinal));

    /// <summary>All of them, by kind, then by name and address.</summary>
    public IEnumerable<StateOverride> All => _byKey.Values;

    /// <summary>Number of them.</summary>
    public int Count => _byKey.Count;

    /// <summary>A backend as overrides name it: its address, with a port where it has one of its own.</summary>
    public static string Text(BackendConfig backend) => backend.Port is { } port ? new IPEndPoint(backend.Address, port).ToString() : backend.Address.ToString();

    /// <summary>The set with one more, in place of the one of the same target.</summary>
    public OverrideSet With(StateOverride one) => new(_byKey.SetItem(Key(one.Kind, one.Name, one.Address), one));

    /// <summary>The set without that of a target.</summary>
    public OverrideSet Without(OverrideKind kind, string name, string? address) => new(_byKey.Remove(Key(kind, name, address)));

    /// <summary>That of a target itself; null: there is none.</summary>
    public StateOverride? Find(OverrideKind kind, string name, string? address) => _byKey.GetValueOrDefault(Key(kind, name, address));

    /// <summary>The one that counts for a backend; null: the configuration does.</summary>
    public StateOverride? Of(ServiceConfig service, BackendConfig backend) => Count == 0 ? null : Of(OverrideKind.Backend, OverrideKind.Service, service.Name, Text(backend));

    /// <summary>The one that counts for an endpoint of a cluster; null: none.</summary>
    public StateOverride? Of(string cluster, SocketEndpoint endpoint) => Count == 0 ? null : Of(OverrideKind.Endpoint, OverrideKind.Cluster, cluster, endpoint.ToString());

    private static string Key(OverrideKind kind, string name, string? address) => $"{(int)kind} {name} {address}";

    private StateOverride? Of(OverrideKind one, OverrideKind all, string name, string address) => Find(one, name, address) ?? Find(all, name, address: null);
}
