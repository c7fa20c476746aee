// SPDX-License-Identifier: Apache-2.0
using Penstock.Config.Binding;
using Penstock.Model;
using Penstock.Model.L7;

namespace Penstock.Config.Checks;

/// <summary>Clusters: one source of endpoints each, endpoints that take requests, health checks that can work.</summary>
internal static class ClusterChecks
{
    private static readonly string[] s_sources = ["endpoints", "discovery"];
    private static readonly string[] s_discoveries = ["dns", "kubernetes"];
    private static readonly (string Key, HealthCheckType[] Types)[] s_healthKeys =
    [
        ("path", [HealthCheckType.Http]),
        ("host", [HealthCheckType.Http, HealthCheckType.Grpc]),
        ("expect", [HealthCheckType.Http]),
        ("service", [HealthCheckType.Grpc]),
    ];

    /// <summary>Checks every cluster, and that each is used.</summary>
    /// <param name="l7">The proxy tier.</param>
    /// <param name="readsFiles">Whether files that it names are those of this host.</param>
    /// <param name="at">Place of the clusters.</param>
    /// <param name="sink">Takes what is wrong.</param>
    public static void Run(L7Config l7, bool readsFiles, Cursor at, DiagnosticSink sink)
    {
        var used = l7.Routes.Values
            .SelectMany(routes => routes)
            .Where(route => route is not null)
            .SelectMany(route => route.To)
            .Concat(l7.Listeners.Where(listener => listener is not null).SelectMany(listener => listener.To.Concat(listener.Sni.Where(rule => rule is not null).SelectMany(rule => rule.To))))
            .Select(target => target?.Cluster)
            .ToHashSet(StringComparer.Ordinal);
        foreach (var (name, cluster) in l7.Clusters)
        {
            var here = at[name];
            ConfigChecks.OneOf(here, s_sources, required: true, sink);
            CheckEndpoints(cluster, here["endpoints"], here.Has("endpoints"), sink);
            if (cluster.Discovery is { } discovery)
                CheckDiscovery(discovery, readsFiles, here["discovery"], sink);

            if (cluster.Protocol == UpstreamProtocol.H2 && cluster.ProxyProtocol is not null)
                sink.Error(here["proxy_protocol"].Node, here["proxy_protocol"].Path, "proxy_protocol beside protocol: h2, whose connections carry requests of many clients", "one of the two");
            if (cluster.RewriteHost is not null && here.Has("host"))
                sink.Error(here.AtKey("rewrite_host").Node, here["rewrite_host"].Path, "rewrite_host beside host", "one of the two");
            if (cluster.Tls is { } tls)
                ClusterTlsChecks.Run(tls, readsFiles, here["tls"], sink);
            if (cluster.Health is { } health)
                CheckHealth(health, here["health"], sink);
            else if (cluster.HealthPort is not null && !here.Has("health"))
                sink.Error(here.AtKey("health_port").Node, here["health_port"].Path, "health_port without health", "health beside it");
            if (cluster.HealthPort is not null && cluster.Endpoints.Any(endpoint => endpoint is { Address.UnixPath: not null }))
                sink.Error(here.AtKey("health_port").Node, here["health_port"].Path, "health_port beside an endpoint that is a Unix socket", "endpoints with addresses, or no health_port");

            if (!sink.Incomplete && !used.Contains(name))
                sink.Warning(at.AtKey(name).Node, here.Path, $"cluster '{name}' that nothing uses");
        }
    }

    private static void CheckEndpoints(ClusterConfig cluster, Cursor at, bool written, DiagnosticSink sink)
    {
        var endpoints = cluster.Endpoints;
        if (written && endpoints.IsEmpty && at.Node is Yaml.SequenceNode)
            sink.Error(at.Node, at.Path, "an empty list", "at least one endpoint");

        var seen = new Dictionary<SocketEndpoint, Cursor>();
        for (var i = 0; i < endpoints.Length; i++)
        {
            if (endpoints[i] is not { } endpoint || endpoint.Address == default)
                continue;

            var here = at[i]["address"];
            if (!seen.TryAdd(endpoint.Address, here))
                sink.Error(here.Node, here.Path, $"endpoint {endpoint.Address} a second time", $"each endpoint once; first at {seen[endpoint.Address].Where}");
        }

        if (endpoints.Length > 0 && endpoints.All(e => e is { Weight: 0 }))
            sink.Error(at.Node, at.Path, "every weight 0", "at least one weight above 0");
    }

    private static void CheckDiscovery(DiscoveryConfig discovery, bool readsFiles, Cursor at, DiagnosticSink sink)
    {
        ConfigChecks.OneOf(at, s_discoveries, required: true, sink);
        if (at.Has("kubernetes"))
            KubernetesChecks.Run(discovery.Kubernetes, readsFiles, at["kubernetes"], sink);
        if (discovery.Dns is { } dns && dns.MinInterval > dns.MaxInterval)
        {
            var here = at["dns"][at["dns"].Has("min_interval") ? "min_interval" : "max_interval"];
            sink.Error(here.Node, here.Path, "a min_interval longer than max_interval", "min_interval no longer than max_interval");
        }
    }

    internal static void CheckHealth(HealthCheckConfig health, Cursor at, DiagnosticSink sink)
    {
        if (health.Timeout > health.Interval)
        {
            var here = at[at.Has("timeout") ? "timeout" : "interval"];
            sink.Warning(here.Node, here.Path, "a timeout longer than the interval", "timeout no longer than interval");
        }

        // A type that could not be read is told of by itself.
        if (at.Has("type") && at["type"].Node is not Yaml.ScalarNode { Text: "tcp" or "http" or "grpc" })
            return;

        foreach (var (key, types) in s_healthKeys.Where(one => at.Has(one.Key) && !one.Types.Contains(health.Type)))
            sink.Error(at.AtKey(key).Node, at[key].Path, $"{key} in a check of type {Words.SnakeCase(health.Type.ToString())}", $"type: {Words.SnakeCase(types[0].ToString())} beside it");
    }
}
