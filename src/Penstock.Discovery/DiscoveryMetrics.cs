// SPDX-License-Identifier: Apache-2.0
using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Penstock.Discovery;

/// <summary>The meter <c>Penstock.Discovery</c>.</summary>
internal sealed class DiscoveryMetrics
{
    private readonly Meter _meter = new("Penstock.Discovery");
    private readonly Counter<long> _resolutions;
    private readonly Counter<long> _requests;
    private readonly Counter<long> _events;
    private readonly ConcurrentDictionary<IMeasuredSource, long> _sources = new(); // with the order in which they came
    private long _added;

    public DiscoveryMetrics()
    {
        _resolutions = _meter.CreateCounter<long>("penstock.discovery.resolutions", description: "Attempts to resolve a cluster's name, by result.");
        _requests = _meter.CreateCounter<long>("penstock.discovery.kubernetes.requests", description: "Lists and watches asked of API servers of Kubernetes, by result.");
        _events = _meter.CreateCounter<long>("penstock.discovery.kubernetes.events", description: "Events of watches, by type.");
        _meter.CreateObservableGauge("penstock.discovery.age", () => Measure(s => s.Age.TotalSeconds), "s", "Time since the endpoints of a cluster were last confirmed; since start when they never were.");
        _meter.CreateObservableGauge("penstock.discovery.endpoints", () => Measure(s => (double)s.EndpointCount), description: "Endpoints of a cluster as discovered.");
    }

    /// <summary>What asks for attention, of every source.</summary>
    public IEnumerable<string> Warnings => Shown.OrderBy(s => s.Cluster, StringComparer.Ordinal).SelectMany(s => s.Warnings);

    // After a reload a cluster may have two sources for a while: the new one counts.
    private IEnumerable<IMeasuredSource> Shown => _sources.GroupBy(s => s.Key.Cluster, StringComparer.Ordinal).Select(s => s.MaxBy(one => one.Value).Key);

    /// <summary>Counts an attempt to resolve a name.</summary>
    public void Count(string cluster, bool succeeded) =>
        _resolutions.Add(1, new("cluster", cluster), new("result", succeeded ? "success" : "failure"));

    /// <summary>Counts a request to an API server.</summary>
    public void CountRequest(string cluster, string kind, string verb, string result) =>
        _requests.Add(1, new TagList { { "cluster", cluster }, { "kind", kind }, { "verb", verb }, { "result", result } });

    /// <summary>Counts an event.</summary>
    public void CountEvent(string cluster, string kind, string type) =>
        _events.Add(1, new("cluster", cluster), new("kind", kind), new("type", type));

    /// <summary>Shows a source in the gauges.</summary>
    public void Add(IMeasuredSource source) => _sources[source] = Interlocked.Increment(ref _added);

    /// <summary>Shows it no longer.</summary>
    public void Remove(IMeasuredSource source) => _sources.TryRemove(source, out long _);

    private IEnumerable<Measurement<double>> Measure(Func<IMeasuredSource, double> value) =>
        Shown.Select(s => new Measurement<double>(value(s), new KeyValuePair<string, object?>("cluster", s.Cluster)));
}
