// SPDX-License-Identifier: Apache-2.0
using Microsoft.Extensions.Logging;
using Penstock.Discovery.Dns;
using Penstock.Discovery.Static;
using Penstock.Model.L7;

namespace Penstock.Discovery;

/// <summary>Makes the source that a cluster's configuration asks for. A source is worth keeping over a reload while <see cref="ClusterConfig.Discovery"/> and <see cref="ClusterConfig.Endpoints"/> stay.</summary>
/// <param name="time">Clock of every wait.</param>
/// <param name="loggers">Where failures to resolve are reported.</param>
public sealed class DiscoverySourceFactory(TimeProvider time, ILoggerFactory loggers)
{
    private readonly DiscoveryMetrics _metrics = new();

    /// <summary>A source, not yet started.</summary>
    /// <param name="cluster">The cluster.</param>
    /// <param name="found">Called with each new list of endpoints; it must not block.</param>
    public IDiscoverySource Create(ClusterConfig cluster, Action<ClusterEndpointsFound> found) =>
        cluster.Discovery?.Dns is { } dns
            ? new DnsSource(cluster.Name, dns, new NameResolver(dns.Server, time).ResolveAsync, found, time, loggers.CreateLogger<DnsSource>(), _metrics)
            : new StaticSource(cluster.Name, cluster.Endpoints, found);
}
