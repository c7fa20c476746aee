// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using Penstock.L7.Acme;
using Penstock.L7.Errors;
using Penstock.L7.Metrics;
using Penstock.L7.Routing;
using Penstock.L7.Tls;
using Penstock.L7.Upstream;
using Penstock.Linux.Tls;
using Penstock.Model;
using Penstock.Model.L7;

namespace Penstock.L7.Runtime;

/// <summary>Turns a snapshot into what the reactors serve. What has not changed since the last one is taken from there.</summary>
internal sealed class SnapshotCompiler(int reactors, SeriesRegistry requests, SeriesRegistry streams, AcmeChallenges challenges)
{
    /// <summary>How long a key that is made here serves new session tickets.</summary>
    private static readonly TimeSpan TicketKeyPeriod = TimeSpan.FromHours(12);

    private readonly Dictionary<string, ClusterCell[]> _cells = new(StringComparer.Ordinal);
    private Dictionary<ImmutableArray<RouteConfig>, RouteTable> _tables = []; // An array is equal to itself only.
    private readonly TlsTicketKeys _ticketKeys = new(TicketKeyPeriod, TimeProvider.System);
    private TlsFiles _tls = TlsFiles.None;
    private TlsFiles _tlsBefore = TlsFiles.None; // It is back when a tier after this one refuses what is served now.
    private long _version;

    /// <summary>Compiles the clusters.</summary>
    internal ImmutableDictionary<string, CompiledCluster> Clusters(Snapshot snapshot, CompiledSnapshot previous, TlsFiles tls)
    {
        var builder = ImmutableDictionary.CreateBuilder<string, CompiledCluster>(StringComparer.Ordinal);
        foreach (var (name, config) in snapshot.Config.L7.Clusters)
        {
            var endpoints = snapshot.Endpoints.GetValueOrDefault(name) ?? new ClusterEndpoints(name, []);
            var unchanged = previous.Clusters.TryGetValue(name, out var old) && ReferenceEquals(old.Endpoints, endpoints) && ReferenceEquals(old.Config, config);
            var files = config.Tls is null ? null : tls.Of(name);
            builder.Add(name, unchanged ? old! : new CompiledCluster(config, endpoints, CellsOf(name), ++_version, old) { Tls = files?.Client, Certificates = files?.Certificates ?? [] }); // Unchanged means that there is an old one.
        }

        return builder.ToImmutable();
    }

    /// <summary>Compiles the route tables that listeners use; those whose routes have not been read anew since are taken as they are.</summary>
    /// <exception cref="L7ApplyException">A route's regular expression is refused.</exception>
    internal Dictionary<string, RouteTable> Tables(Snapshot snapshot)
    {
        var tables = new Dictionary<string, RouteTable>(StringComparer.Ordinal);
        var sources = new Dictionary<ImmutableArray<RouteConfig>, RouteTable>();
        foreach (var name in snapshot.Config.L7.Listeners.Select(listener => listener.Routes).OfType<string>().Distinct(StringComparer.Ordinal))
        {
            var routes = snapshot.Config.L7.Routes[name];
            tables[name] = sources[routes] = _tables.GetValueOrDefault(routes) ?? RouteTable.Compile(routes);
        }

        _tables = sources;
        return tables;
    }

    /// <summary>Reads the certificates of listeners and clusters, as far as they are not known yet.</summary>
    /// <exception cref="L7ApplyException">A file can't be used.</exception>
    internal TlsFiles ReadTls(Snapshot snapshot) => TlsFiles.Read(snapshot, _tls, _tlsBefore, _ticketKeys, challenges);

    /// <summary>Keeps what was read for a snapshot that is served from now on, and what was served until now.</summary>
    internal void Adopt(TlsFiles tls) => (_tlsBefore, _tls) = (_tls, tls);

    /// <summary>Compiles a listener.</summary>
    internal CompiledListener Listener(
        ListenerSlot slot,
        ListenerConfig config,
        RouteTable table,
        ImmutableDictionary<string, CompiledCluster> clusters,
        TlsFiles tls,
        ProxyStatusField proxyStatus,
        string node)
    {
        var series = config.Mode == ListenerMode.Tcp ? streams : requests;
        var routes = new CompiledRoute[table.Routes.Length];
        foreach (var route in table.Routes)
        {
            var targets = route.Config.To.Select(to => clusters[to.Cluster]).ToArray();
            var counters = route.Config.To.All(to => to.Weight == 0)
                ? [series.Get(config.Name, route.Name, cluster: "")]
                : targets.Select(target => series.Get(config.Name, route.Name, target.Config.Name)).ToArray();
            routes[route.Index] = new CompiledRoute(route, targets, counters, TimeoutOf(route.Config, config));
        }

        var unrouted = series.Get(config.Name, route: "", cluster: "");
        return new CompiledListener(config, node, table, routes, proxyStatus, unrouted)
        {
            Slot = slot,
            Tls = config.Tls is null ? null : tls.Of(config.Tls),
            Challenges = config.Tls is null ? challenges : null,
        };
    }

    /// <summary>Forgets clusters that are in no snapshot any more.</summary>
    /// <returns>Their cells, for the reactors to close.</returns>
    internal List<ClusterCell[]> Retire(ImmutableDictionary<string, CompiledCluster> current)
    {
        var retired = new List<ClusterCell[]>();
        foreach (var (name, cells) in _cells)
        {
            if (current.ContainsKey(name))
                continue;
            retired.Add(cells);
            _cells.Remove(name);
        }

        return retired;
    }

    /// <summary>Forgets counters that have long not been in a snapshot.</summary>
    internal void ForgetUnused(long now)
    {
        requests.ForgetUnused(now);
        streams.ForgetUnused(now);
    }

    private ClusterCell[] CellsOf(string cluster)
    {
        if (_cells.TryGetValue(cluster, out var cells))
            return cells;
        cells = new ClusterCell[reactors];
        for (var i = 0; i < reactors; i++)
            cells[i] = new ClusterCell();
        return _cells[cluster] = cells;
    }

    private static long? TimeoutOf(RouteConfig route, ListenerConfig listener)
    {
        var timeout = route.Timeout is { } ofRoute && listener.Timeouts.Request is { } ofListener
            ? TimeSpan.FromTicks(Math.Min(ofRoute.Ticks, ofListener.Ticks))
            : route.Timeout ?? listener.Timeouts.Request;
        return timeout is { } time ? (long)time.TotalMilliseconds : null;
    }
}
