// SPDX-License-Identifier: Apache-2.0
using System.Net;
using Penstock.L7.Runtime;
using Penstock.Model.L7;

namespace Penstock.L7.Explaining;

/// <summary>Which listener a request comes to.</summary>
internal static class ListenerChooser
{
    /// <summary>Goes through all of them; at most one is chosen, with nothing against it.</summary>
    public static IReadOnlyList<(CompiledListener Listener, string WhyNot)> Choose(CompiledSnapshot snapshot, in AskedUrl url, string? name)
    {
        var choices = new List<(CompiledListener Listener, string WhyNot)>();
        CompiledListener? chosen = null;
        foreach (var listener in snapshot.Listeners.OfType<CompiledListener>())
        {
            var whyNot = WhyNot(listener, url, name);
            if (whyNot.Length == 0 && chosen is not null)
                whyNot = $"{chosen.Config.Name} would take it as well: --listener tells which";
            else if (whyNot.Length == 0)
                chosen = listener;
            choices.Add((listener, whyNot));
        }

        return choices;
    }

    private static string WhyNot(CompiledListener listener, in AskedUrl url, string? name)
    {
        if (name is not null)
            return string.Equals(listener.Config.Name, name, StringComparison.Ordinal) ? "" : "another was asked for";
        if (url.Scheme is null)
            return ""; // a path says nothing of where it goes
        var at = listener.Slot.BoundTo;
        if (at.UnixPath is not null)
            return "it is a Unix socket";
        if (at.Port != url.Port)
            return $"the URL has port {url.Port}";
        if (IPAddress.TryParse(url.Host, out var host) && at.Address is { } bound && !bound.Equals(IPAddress.Any) && !bound.Equals(IPAddress.IPv6Any) && !bound.Equals(host))
            return $"the URL has the address {host}";
        if (listener.Config.Mode == ListenerMode.Tcp)
            return "";
        return (url.Scheme is "https", listener.Tls is not null) switch
        {
            (true, false) => "it takes no TLS",
            (false, true) => "it takes nothing but TLS",
            _ => "",
        };
    }
}
