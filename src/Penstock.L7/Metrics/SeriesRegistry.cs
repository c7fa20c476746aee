// SPDX-License-Identifier: Apache-2.0
using System.Collections.Concurrent;

namespace Penstock.L7.Metrics;

/// <summary>All request counters, kept over reloads so that no counter ever falls.</summary>
internal sealed class SeriesRegistry(int reactors)
{
    private readonly ConcurrentDictionary<(string Listener, string Route, string Cluster), RequestSeries> _series = new();

    /// <summary>Every series.</summary>
    internal IEnumerable<RequestSeries> All => _series.Values;

    /// <summary>The series of a combination, made when it is first asked for.</summary>
    internal RequestSeries Get(string listener, string route, string cluster) =>
        _series.GetOrAdd((listener, route, cluster), static (key, count) => new RequestSeries(key.Listener, key.Route, key.Cluster, count), reactors);
}
