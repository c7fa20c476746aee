// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using Penstock.Model.L4;
using Penstock.Model.L7;

namespace Penstock.Discovery;

/// <summary>What endpoints are looked for of: a cluster, or a service of the L4 tier.</summary>
/// <param name="Name">The cluster's name; of a service <c>l4:NAME</c>.</param>
/// <param name="Discovery">Where they come from; null: from <see cref="Endpoints"/>.</param>
public sealed record DiscoveryTarget(string Name, DiscoveryConfig? Discovery)
{
    private const string OfServices = "l4:"; // no cluster has a colon in its name

    /// <summary>Those that the configuration lists.</summary>
    public ImmutableArray<EndpointConfig> Endpoints { get; init; } = [];

    /// <summary>Whether they are a service's, which sorts them out by family itself.</summary>
    public bool IsOfService => Name.StartsWith(OfServices, StringComparison.Ordinal);

    /// <summary>Whether they are spoken to by UDP; else by TCP.</summary>
    public bool IsUdp { get; init; }

    /// <summary>That of a cluster.</summary>
    public static DiscoveryTarget Of(ClusterConfig cluster) => new(cluster.Name, cluster.Discovery) { Endpoints = cluster.Endpoints };

    /// <summary>That of a service.</summary>
    public static DiscoveryTarget Of(ServiceConfig service) => new(NameOf(service), service.Discovery) { IsUdp = service.Listen.Protocol == TransportProtocol.Udp };

    /// <summary>The name that a service's has.</summary>
    public static string NameOf(ServiceConfig service) => OfServices + service.Name;

    /// <summary>A name as people know it: <c>cluster mesh</c>, <c>service dns</c>.</summary>
    public static string Label(string name) => name.StartsWith(OfServices, StringComparison.Ordinal) ? "service " + name[OfServices.Length..] : "cluster " + name;
}
