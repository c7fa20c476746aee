// SPDX-License-Identifier: Apache-2.0
using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Penstock.Discovery.Dns;

namespace Penstock.Discovery;

/// <summary>The meter <c>Penstock.Discovery</c>.</summary>
internal sealed class DiscoveryMetrics
{
    private readonly Meter _meter = new("Penstock.Discovery");
    private readonly Counter<long> _resolutions;
    private readonly ConcurrentDictionary<DnsSource, byte> _sources = new();

    public DiscoveryMetrics()
    {
        _resolutions = _meter.CreateCounter<long>("penstock.discovery.resolutions", description: "Attempts to resolve a cluster's name, by result.");
        _meter.CreateObservableGauge("penstock.discovery.age", () => Measure(s => s.Age.TotalSeconds), "s", "Time since the endpoints of a cluster were last confirmed; since start when they never were.");
        _meter.CreateObservableGauge("penstock.discovery.endpoints", () => Measure(s => (double)s.EndpointCount), description: "Endpoints of a cluster as discovered.");
    }

    /// <summary>Counts an attempt.</summary>
    public void Count(string cluster, bool succeeded) =>
        _resolutions.Add(1, new("cluster", cluster), new("result", succeeded ? "success" : "failure"));

    /// <summary>Shows a source in the gauges.</summary>
    public void Add(DnsSource source) => _sources[source] = 0;

    /// <summary>Shows it no longer.</summary>
    public void Remove(DnsSource source) => _sources.TryRemove(source, out byte _);

    private IEnumerable<Measurement<double>> Measure(Func<DnsSource, double> value) =>
        _sources.Keys.Select(s => new Measurement<double>(value(s), new KeyValuePair<string, object?>("cluster", s.Cluster)));
}
