// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using Penstock.Model;
using Penstock.Model.L7;

namespace Penstock.Discovery.Static;

/// <summary>Endpoints as the configuration lists them.</summary>
internal sealed class StaticSource(string cluster, ImmutableArray<EndpointConfig> endpoints, Action<ClusterEndpointsFound> found) : IDiscoverySource
{
    public string Cluster => cluster;

    public void Start() => found(new ClusterEndpointsFound(cluster, [.. endpoints.Select(endpoint => new Endpoint(endpoint.Address, endpoint.Weight, EndpointState.Ready))]));

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
