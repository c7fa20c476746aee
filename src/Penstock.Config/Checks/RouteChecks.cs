// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using Penstock.Config.Binding;
using Penstock.Model.L7;

namespace Penstock.Config.Checks;

/// <summary>Routes: one action each, clusters that exist, matches that can happen.</summary>
internal static class RouteChecks
{
    private static readonly string[] s_actions = ["to", "redirect", "respond"];
    private static readonly string[] s_paths = ["path", "path_prefix", "path_regex"];
    private static readonly string[] s_notOfConnect = ["redirect", "respond", "rewrite_prefix", "timeout"];
    private static readonly string[] s_matchesNotOfConnect = ["path", "path_prefix", "path_regex", "methods"];

    /// <summary>Checks every table.</summary>
    public static void Run(L7Config l7, Cursor at, DiagnosticSink sink)
    {
        foreach (var (name, routes) in l7.Routes)
        {
            var names = new Dictionary<string, Cursor>(StringComparer.Ordinal);
            var matches = new Dictionary<string, Cursor>(StringComparer.Ordinal);
            for (var i = 0; i < routes.Length; i++)
            {
                if (routes[i] is not { } route)
                    continue;

                var here = at[name][i];
                CheckOne(route, here, sink);
                CheckTargets(l7, route.To, here["to"], sink);
                if (route.Connect)
                    CheckConnect(l7, route, here, sink);
                CheckDuplicate(route, here, names, matches, sink);
            }
        }
    }

    private static void CheckOne(RouteConfig route, Cursor at, DiagnosticSink sink)
    {
        ConfigChecks.OneOf(at, s_actions, required: true, sink);
        ConfigChecks.OneOf(at["match"], s_paths, required: false, sink);
        if (at.Has("rewrite_prefix") && !(at.Has("match") && at["match"].Has("path_prefix")))
            sink.Error(at.AtKey("rewrite_prefix").Node, at["rewrite_prefix"].Path, "rewrite_prefix without match.path_prefix", "a path_prefix for it to replace");

        foreach (var key in new[] { "rewrite_prefix", "timeout" })
        {
            if (at.Has(key) && !at.Has("to") && !at.Incomplete)
                sink.Error(at.AtKey(key).Node, at[key].Path, $"{key} on a route that forwards nothing", "it on a route with to");
        }

        if (at.Has("redirect") && route.Redirect is { Scheme: null, Host: null, Path: null } && !new[] { "scheme", "host", "path" }.Any(at["redirect"].Has))
            sink.Error(at["redirect"].Node, at["redirect"].Path, "a redirect to the request's own address", "at least one of scheme, host and path");

        if (route.Respond is { Status: 204 or 205 or 304, Body.Length: > 0 } respond)
            sink.Error(at["respond"]["body"].Node, at["respond"]["body"].Path, $"a body with status {respond.Status}", "no body: that status never has one (RFC 9110 section 6.4.1)");

        var methods = route.Match.Methods;
        for (var i = 1; i < methods.Length; i++)
        {
            if (methods[i] is not null && methods.IndexOf(methods[i]) < i)
                sink.Error(at["match"]["methods"][i].Node, at["match"]["methods"][i].Path, $"method {methods[i]} a second time", "each method once");
        }
    }

    // A tunnel has neither a path nor a request that could be changed.
    private static void CheckConnect(L7Config l7, RouteConfig route, Cursor at, DiagnosticSink sink)
    {
        foreach (var key in s_notOfConnect.Where(at.Has))
            sink.Error(at.AtKey(key).Node, at[key].Path, $"{key} on a route with connect", "it on another route");
        var match = at["match"];
        foreach (var key in s_matchesNotOfConnect.Where(key => at.Has("match") && match.Has(key)))
            sink.Error(match.AtKey(key).Node, match[key].Path, $"match.{key} on a route with connect", "a match by host alone");
        for (var i = 0; i < route.To.Length; i++)
        {
            if (route.To[i]?.Cluster is { } name && l7.Clusters.TryGetValue(name, out var cluster) && cluster.Protocol != UpstreamProtocol.H1)
                sink.Error(at["to"][i].Node, at["to"][i].Path, $"cluster '{name}', which has protocol: h2, on a route with connect, which hands bytes on as they are", "a cluster without protocol");
        }
    }

    /// <summary>Checks weighted clusters: each there, each once, some weight.</summary>
    internal static void CheckTargets(L7Config l7, ImmutableArray<WeightedCluster> to, Cursor at, DiagnosticSink sink)
    {
        var seen = new Dictionary<string, Cursor>(StringComparer.Ordinal);
        for (var i = 0; i < to.Length; i++)
        {
            if (to[i] is not { Cluster: { } cluster })
                continue;

            var here = at[i]["cluster"];
            if (!seen.TryAdd(cluster, here))
                sink.Error(here.Node, here.Path, $"cluster '{cluster}' a second time", $"each cluster once; first at {seen[cluster].Where}");

            if (!l7.Clusters.ContainsKey(cluster) && !sink.Incomplete)
                sink.Error(here.Node, here.Path, $"unknown cluster '{cluster}'", ListenerChecks.Known("a cluster of l7.clusters", l7.Clusters.Keys), Nearest.Find(cluster, l7.Clusters.Keys));
        }

        if (to.Length > 0 && to.All(t => t is { Weight: 0 }))
            sink.Error(at.Node, at.Path, "every weight 0", "at least one weight above 0");
    }

    private static void CheckDuplicate(RouteConfig route, Cursor at, Dictionary<string, Cursor> names, Dictionary<string, Cursor> matches, DiagnosticSink sink)
    {
        if (route.Name is not null && !names.TryAdd(route.Name, at["name"]))
            sink.Error(at["name"].Node, at["name"].Path, $"route name {Printable.Quote(route.Name)} a second time in its table", $"a name of its own; first at {names[route.Name].Where}");

        var match = route.Match;
        if (match.Methods.Any(m => m is null) || (at.Has("match") && !MatchIsWhole(at["match"], match)))
            return;

        var key = string.Join('\n', match.Host, match.Path, match.PathPrefix, match.PathRegex, string.Join(',', match.Methods.Order(StringComparer.Ordinal)), route.Connect ? "connect" : "");
        if (!matches.TryAdd(key, at))
            sink.Error(at["match"].Node, at["match"].Path, "a route that can never match", $"a match of its own; the same stands at {matches[key].Where}");
    }

    // A condition that failed to bind is missing from the record, which then looks wider than it was written.
    private static bool MatchIsWhole(Cursor at, RouteMatch match) =>
        !at.Incomplete
        && at.Has("host") == match.Host is not null
        && at.Has("path") == match.Path is not null
        && at.Has("path_prefix") == match.PathPrefix is not null
        && at.Has("path_regex") == match.PathRegex is not null;
}
