// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using Penstock.Model.L7;

namespace Penstock.Config.Checks;

/// <summary>Keys of a listener that fit its mode, and the rules of mode tcp.</summary>
internal static class ModeChecks
{
    private static readonly string[] s_ofHttp = ["routes", "tls", "trusted_proxies", "http2", "grpc_web"];
    private static readonly string[] s_ofTcp = ["to", "sni", "not_tls"];
    private static readonly string[] s_limitsOfTcp = ["connections", "connections_per_client"];
    private static readonly string[] s_timesOfTcp = ["header"];
    private static readonly string[] s_names = ["name", "without_name"];

    /// <summary>Checks a listener.</summary>
    public static void Run(L7Config l7, ListenerConfig listener, Cursor at, DiagnosticSink sink)
    {
        if (listener.Mode == ListenerMode.Http)
        {
            foreach (var key in s_ofTcp.Where(at.Has))
                sink.Error(at.AtKey(key).Node, at[key].Path, $"{key} on a listener of mode http", "mode: tcp beside it");
            if (!at.Has("routes") && !(at.Incomplete && at.Has("mode")) && at.Node is Yaml.MappingNode)
                sink.Error(at.Node, at.Path, "no key 'routes'", "the name of a route table");
            return;
        }

        foreach (var key in s_ofHttp.Where(at.Has))
            sink.Error(at.AtKey(key).Node, at[key].Path, $"{key} on a listener of mode tcp", "it on a listener of mode http");
        CheckPart(at, "limits", s_limitsOfTcp, sink);
        CheckPart(at, "timeouts", s_timesOfTcp, sink);
        CheckRules(l7, listener, at, sink);
    }

    private static void CheckPart(Cursor at, string part, string[] keys, DiagnosticSink sink)
    {
        if (!at.Has(part) || at[part].Node is not Yaml.MappingNode written)
            return;
        foreach (var (key, _) in written.Entries.Where(entry => !keys.Contains(entry.Key.Text, StringComparer.Ordinal)))
            sink.Error(key, $"{at[part].Path}.{key.Text}", $"{part}.{key.Text} on a listener of mode tcp", Binding.Words.OneOf(keys));
    }

    private static void CheckRules(L7Config l7, ListenerConfig listener, Cursor at, DiagnosticSink sink)
    {
        CheckTargets(l7, listener.To, at["to"], sink);
        var hasNone = !at.Has("to") || at["to"].Node is Yaml.SequenceNode { Items.Count: 0 };
        if (hasNone && !at.Incomplete && (!at.Has("sni") || listener.NotTls == NotTls.Default))
            sink.Error(at.Node, at.Path, at.Has("sni") ? "not_tls: default without to" : "neither to nor sni", "to, with clusters");
        if (at.Has("not_tls") && !at.Has("sni"))
            sink.Error(at.AtKey("not_tls").Node, at["not_tls"].Path, "not_tls without sni", "sni beside it");

        var seen = new Dictionary<string, Cursor>(StringComparer.OrdinalIgnoreCase);
        for (var i = 0; i < listener.Sni.Length; i++)
        {
            if (listener.Sni[i] is not { } rule)
                continue;
            var here = at["sni"][i];
            if (ConfigChecks.OneOf(here, s_names, required: true, sink) && !seen.TryAdd(rule.Name ?? "", here))
                sink.Error(here.Node, here.Path, "a rule that never holds", $"a name of its own; the same stands at {seen[rule.Name ?? ""].Where}");
            if (rule.Name is null && here.Has("without_name") && !rule.WithoutName)
                sink.Error(here["without_name"].Node, here["without_name"].Path, "without_name: false", "name, or without_name: true");
            if (!here.Has("to") && !here.Incomplete)
                sink.Error(here.Node, here.Path, "no key 'to'", "clusters that the connections go to");
            CheckTargets(l7, rule.To, here["to"], sink);
        }
    }

    private static void CheckTargets(L7Config l7, ImmutableArray<WeightedCluster> to, Cursor at, DiagnosticSink sink)
    {
        RouteChecks.CheckTargets(l7, to, at, sink);
        for (var i = 0; i < to.Length; i++)
        {
            if (to[i]?.Cluster is not { } name || !l7.Clusters.TryGetValue(name, out var cluster))
                continue;
            if (cluster.Tls is not null)
                sink.Error(at[i].Node, at[i].Path, $"cluster '{name}', which has tls, behind a listener of mode tcp, which hands bytes on as they are", "a cluster without tls");
            if (cluster.Protocol != UpstreamProtocol.H1)
                sink.Error(at[i].Node, at[i].Path, $"cluster '{name}', which has protocol: h2, behind a listener of mode tcp, which hands bytes on as they are", "a cluster without protocol");
        }
    }
}
