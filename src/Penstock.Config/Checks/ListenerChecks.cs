// SPDX-License-Identifier: Apache-2.0
using Penstock.Config.Binding;
using Penstock.Model.L7;

namespace Penstock.Config.Checks;

/// <summary>Listeners: names, route tables, limits.</summary>
internal static class ListenerChecks
{
    /// <summary>Checks every listener, and that every route table is used.</summary>
    /// <param name="l7">The proxy tier.</param>
    /// <param name="readsFiles">Whether files that it names are those of this host.</param>
    /// <param name="at">Its place.</param>
    /// <param name="sink">Takes what is wrong.</param>
    public static void Run(L7Config l7, bool readsFiles, Cursor at, DiagnosticSink sink)
    {
        var names = new Dictionary<string, Cursor>(StringComparer.Ordinal);
        var used = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < l7.Listeners.Length; i++)
        {
            if (l7.Listeners[i] is not { } listener)
                continue;

            var here = at["listeners"][i];
            if (listener.Name is not null && !names.TryAdd(listener.Name, here["name"]))
                sink.Error(here["name"].Node, here["name"].Path, $"listener name '{listener.Name}' a second time", $"a name of its own; first at {names[listener.Name].Where}");

            if (listener.Tls is { } tls)
                ListenerTlsChecks.Run(tls, readsFiles, here["tls"], sink);
            if (listener.Routes is not null)
            {
                used.Add(listener.Routes);
                CheckTable(l7, listener.Routes, here["routes"], sink);
            }

            ModeChecks.Run(l7, listener, here, sink);
            if (listener.ProxyProtocol is { } protocol)
                CheckProxyProtocol(listener, protocol, here, sink);
        }

        if (sink.Incomplete)
            return;

        foreach (var table in l7.Routes.Keys.Where(t => !used.Contains(t)))
            sink.Warning(at["routes"].AtKey(table).Node, $"{at.Path}.routes.{table}", $"route table '{table}' that no listener uses");
    }

    private static void CheckProxyProtocol(ListenerConfig listener, ProxyProtocolConfig protocol, Cursor at, DiagnosticSink sink)
    {
        var here = at["proxy_protocol"];
        if (listener.Bind == default || here.Incomplete)
            return;

        if (listener.Bind.UnixPath is not null && here.Has("from"))
            sink.Error(here.AtKey("from").Node, here["from"].Path, "from on a Unix socket, whose peers have no address", "proxy_protocol: {} (every peer sends a header then)");
        else if (listener.Bind.UnixPath is null && protocol.From.IsEmpty)
            sink.Error(here.Node, here["from"].Path, "no peer that sends a PROXY header", "from, with networks of the proxies in front");
    }

    private static void CheckTable(L7Config l7, string table, Cursor at, DiagnosticSink sink)
    {
        if (l7.Routes.ContainsKey(table) || sink.Incomplete || at["routes"].Has(table))
            return;

        sink.Error(at.Node, at.Path, $"unknown route table '{table}'", Known("a route table of l7.routes", l7.Routes.Keys), Nearest.Find(table, l7.Routes.Keys));
    }

    /// <summary>What to expect where a name must be known: with the names themselves, when they are few.</summary>
    internal static string Known(string what, IEnumerable<string> names)
    {
        const int listed = 10;
        var known = names.Take(listed + 1).ToArray();
        return known.Length switch
        {
            0 => $"{what}; there is none",
            > listed => what,
            _ => $"{what}: {Words.OneOf(known)}",
        };
    }
}
