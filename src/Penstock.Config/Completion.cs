// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using Penstock.Model;
using Penstock.Model.L7;

namespace Penstock.Config;

/// <summary>Fills in what need not be written.</summary>
internal static class Completion
{
    /// <summary>Names the host and the routes that have no name.</summary>
    public static ApplianceConfig FillIn(ApplianceConfig config) => config with
    {
        Node = config.Node ?? Environment.MachineName,
        L7 = config.L7 with { Routes = config.L7.Routes.ToImmutableSortedDictionary(t => t.Key, t => Named(t.Value), StringComparer.Ordinal) },
    };

    private static ImmutableArray<RouteConfig> Named(ImmutableArray<RouteConfig> routes) =>
        [.. routes.Select(route => route.Name is null ? route with { Name = Name(route.Match) } : route)];

    // shop.example.com/api; = before an exact path and ~ before an expression, as nginx writes them; * for any host.
    private static string Name(RouteMatch match)
    {
        var path = match.Path is not null ? "=" + match.Path
            : match.PathRegex is not null ? "~" + match.PathRegex
            : match.PathPrefix ?? "/";
        var methods = match.Methods.IsEmpty ? "" : string.Join(',', match.Methods) + " ";
        return $"{methods}{match.Host ?? "*"}{path}";
    }
}
