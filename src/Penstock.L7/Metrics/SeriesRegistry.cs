// SPDX-License-Identifier: Apache-2.0
using System.Collections.Concurrent;

namespace Penstock.L7.Metrics;

/// <summary>
/// All request counters, kept over reloads so that no counter falls. Those of routes, clusters and listeners that are gone stay for a
/// while, so that what their last requests counted is still collected, and are forgotten then.
/// </summary>
internal sealed class SeriesRegistry(int reactors)
{
    /// <summary>How long a series stays that no snapshot uses any more, ms: a few scrapes (Prometheus' default interval is 1 min).</summary>
    internal const long KeptMilliseconds = 5 * 60_000;

    private readonly ConcurrentDictionary<(string Listener, string Route, string Cluster), RequestSeries> _series = new();
    private readonly HashSet<RequestSeries> _used = [];

    /// <summary>Every series.</summary>
    internal IEnumerable<RequestSeries> All => _series.Values;

    /// <summary>The series of a combination, made when it is first asked for; in use until after the next <see cref="ForgetUnused"/>.</summary>
    internal RequestSeries Get(string listener, string route, string cluster)
    {
        var series = _series.GetOrAdd((listener, route, cluster), static (key, count) => new RequestSeries(key.Listener, key.Route, key.Cluster, count), reactors);
        _used.Add(series);
        return series;
    }

    /// <summary>Forgets series that have long not been asked for.</summary>
    /// <param name="now">Monotonic milliseconds.</param>
    internal void ForgetUnused(long now)
    {
        foreach (var (key, series) in _series)
        {
            if (_used.Contains(series))
                series.UnusedSince = null;
            else if (now - (series.UnusedSince ??= now) >= KeptMilliseconds)
                _series.TryRemove(key, out _);
        }

        _used.Clear();
    }
}
