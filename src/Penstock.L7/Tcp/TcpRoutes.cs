// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using Penstock.Model.L7;

namespace Penstock.L7.Tcp;

/// <summary>The rules of a listener of mode tcp, as a table in which the name of TLS is the host and there is nothing else to match.</summary>
internal static class TcpRoutes
{
    /// <summary>The rules; the last is for what no other takes, where the listener has one.</summary>
    internal static ImmutableArray<RouteConfig> Of(ListenerConfig listener)
    {
        var rules = listener.Sni.Select(rule => new RouteConfig
        {
            Name = rule.Name ?? "without_name",
            Match = new RouteMatch { Host = rule.Name ?? "" },
            To = rule.To,
        });
        return [.. rules, .. listener.To.IsEmpty ? [] : (RouteConfig[])[new RouteConfig { Name = listener.Sni.IsEmpty ? "" : "default", To = listener.To }]];
    }
}
