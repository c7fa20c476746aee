// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using Penstock.Config.Yaml;
using Penstock.Model.L7;

namespace Penstock.Config.Checks;

/// <summary>Listeners that translate gRPC-Web: what becomes of a call is gRPC, which goes to clusters of HTTP/2 alone.</summary>
internal static class GrpcWebChecks
{
    /// <summary>Checks every listener with <c>grpc_web</c>.</summary>
    /// <param name="l7">The proxy tier.</param>
    /// <param name="at">Its place.</param>
    /// <param name="sink">Takes what is wrong.</param>
    public static void Run(L7Config l7, Cursor at, DiagnosticSink sink)
    {
        if (sink.Incomplete)
            return; // Clusters may be missing.
        var inVain = new Dictionary<string, bool>(StringComparer.Ordinal);
        var told = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < l7.Listeners.Length; i++)
        {
            if (l7.Listeners[i] is not { GrpcWeb: true, Mode: ListenerMode.Http, Routes: { } table } || !l7.Routes.TryGetValue(table, out var routes))
                continue;

            var here = at["listeners"][i];
            if (!inVain.TryGetValue(table, out var nothing))
                inVain[table] = nothing = IsInVain(l7, routes, at["clusters"], told, sink);
            if (nothing)
                sink.Error(here.AtKey("grpc_web").Node, here["grpc_web"].Path, $"grpc_web on a listener whose route table '{table}' leads to clusters of HTTP/1.1 alone: gRPC needs HTTP/2, so no call is translated", "protocol: h2 on the clusters of gRPC servers; endpoints that speak gRPC-Web themselves need no grpc_web");
        }
    }

    /// <summary>Whether nothing that a table leads to is gRPC; else warns of clusters of it that are taken for servers of gRPC by their checks and not by their protocol.</summary>
    private static bool IsInVain(L7Config l7, ImmutableArray<RouteConfig> routes, Cursor at, HashSet<string> told, DiagnosticSink sink)
    {
        var names = routes
            .Where(route => route is { Connect: false })
            .SelectMany(route => route.To)
            .Select(target => target?.Cluster)
            .OfType<string>()
            .Distinct(StringComparer.Ordinal)
            .ToList();
        var ofHttp1 = names.FindAll(name => l7.Clusters.TryGetValue(name, out var cluster) && IsHttp1(cluster, at[name]));
        if (names.Count > 0 && ofHttp1.Count == names.Count)
            return true;
        foreach (var name in ofHttp1.Where(name => l7.Clusters[name].Health is { Type: HealthCheckType.Grpc } && told.Add(name)))
            sink.Warning(at.AtKey(name).Node, at[name].Path, $"cluster '{name}', whose endpoints are checked as servers of gRPC, without protocol: h2: a listener with grpc_web forwards calls of gRPC-Web to it untranslated", "protocol: h2 beside its health");
        return false;
    }

    // A protocol that could not be read is told of by itself.
    private static bool IsHttp1(ClusterConfig cluster, Cursor at) =>
        cluster.Protocol == UpstreamProtocol.H1 && !at.Incomplete && (!at.Has("protocol") || at["protocol"].Node is ScalarNode { Text: "h1" });
}
