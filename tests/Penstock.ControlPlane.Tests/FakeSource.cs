// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using System.Net;
using Penstock.Discovery;
using Penstock.Model;
using Penstock.Model.L7;

namespace Penstock.ControlPlane.Tests;

/// <summary>A discovery source that finds what the test says; a static cluster's endpoints at once.</summary>
internal sealed class FakeSource(DiscoveryTarget config, Action<ClusterEndpointsFound> found) : IDiscoverySource
{
    public string Cluster => config.Name;

    public bool Disposed { get; private set; }

    public void Start()
    {
        if (config.Discovery is null) Find([.. config.Endpoints.Select(endpoint => new Endpoint(endpoint.Address, endpoint.Weight, EndpointState.Ready))]);
    }

    public void Find(params int[] ports) => Find([.. ports.Select(port => new Endpoint(Address(port), Weight: 1, EndpointState.Ready))]);

    public void Find(ImmutableArray<Endpoint> endpoints) => found(new ClusterEndpointsFound(config.Name, endpoints));

    public ValueTask DisposeAsync()
    {
        Disposed = true;
        return ValueTask.CompletedTask;
    }

    internal static SocketEndpoint Address(int port) => SocketEndpoint.Ip(IPAddress.Loopback, port);

    internal static ClusterConfig Static(string name, params int[] ports) =>
        new() { Name = name, Endpoints = [.. ports.Select(port => new EndpointConfig(Address(port)))] };

    internal static ClusterConfig Dns(string name, string host = "mesh.test") =>
        new() { Name = name, Discovery = new DiscoveryConfig { Dns = new DnsDiscoveryConfig { Name = host, Port = 80 } } };

    internal static ApplianceConfig Config(params ClusterConfig[] clusters) => new()
    {
        Node = "test",
        L7 = new L7Config { Clusters = clusters.ToImmutableSortedDictionary(cluster => cluster.Name, cluster => cluster, StringComparer.Ordinal) },
    };
}
