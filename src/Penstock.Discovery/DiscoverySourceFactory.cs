// SPDX-License-Identifier: Apache-2.0
using Microsoft.Extensions.Logging;
using Penstock.Discovery.Dns;
using Penstock.Discovery.Kubernetes;
using Penstock.Discovery.Static;
using Penstock.Model.L7;

namespace Penstock.Discovery;

/// <summary>Makes the source that the configuration of a cluster or service asks for.</summary>
/// <param name="state">Folder of what the daemon keeps over restarts.</param>
/// <param name="read">Reads what an API server of Kubernetes is reached by; throws <see cref="InvalidDataException"/> when that can't be used.</param>
/// <param name="time">Clock of every wait.</param>
/// <param name="loggers">Where failures to resolve are reported.</param>
public sealed class DiscoverySourceFactory(string state, Func<KubernetesDiscoveryConfig, KubernetesAccess> read, TimeProvider time, ILoggerFactory loggers)
{
    private static readonly KubernetesLimits Limits = new();
    private readonly DiscoveryMetrics _metrics = new();

    /// <summary>What asks for attention, of every source that it made and that runs; for any thread.</summary>
    public IEnumerable<string> Warnings => _metrics.Warnings;

    /// <summary>A source, not yet started.</summary>
    /// <param name="target">Whose.</param>
    /// <param name="found">Called with each new list of endpoints; it must not block.</param>
    public IDiscoverySource Create(DiscoveryTarget target, Action<ClusterEndpointsFound> found) => target.Discovery switch
    {
        { Dns: { } dns } => new DnsSource(target.Name, dns, new NameResolver(dns.Server, time).ResolveAsync, found, time, loggers.CreateLogger<DnsSource>(), _metrics),
        { Kubernetes: { IsEmpty: false } sources } => new KubernetesSource(target.Name, target.IsOfService ? [.. sources.Select(source => source with { Family = KubernetesFamily.Any })] : sources, state, read, found, Limits, time, loggers.CreateLogger<KubernetesSource>(), _metrics, target.IsUdp),
        _ => new StaticSource(target.Name, target.Endpoints, found),
    };
}
