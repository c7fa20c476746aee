// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using Penstock.L7.Routing;
using Penstock.Model.L7;

namespace Penstock.L7.Explaining;

/// <summary>Why a route takes a request, and the others do not. Each condition is asked of the table that requests are matched by.</summary>
/// <param name="host">As <see cref="RouteTable.Match"/> takes it.</param>
/// <param name="path">As <see cref="RouteTable.Match"/> takes it.</param>
/// <param name="method">The method.</param>
internal sealed class RouteReasons(byte[] host, byte[] path, byte[] method)
{
    /// <summary>Most routes that are told of besides the one that takes the request.</summary>
    private const int Most = 20;

    private bool IsConnect => method.AsSpan().SequenceEqual(Route.ConnectMethod);

    /// <summary>Tells of the one that takes it, then of those that come nearest, in file order where they come alike near.</summary>
    /// <param name="routes">All of a table.</param>
    /// <param name="taken">The one that takes it; null: none.</param>
    public ImmutableArray<RouteChoice> Of(ImmutableArray<Route> routes, Route? taken)
    {
        var others = routes.Where(route => !ReferenceEquals(route, taken))
            .Select(route => (Route: route, Wrong: Wrong(route)))
            .OrderBy(one => one.Wrong.Count)
            .Take(Most)
            .Select(one => new RouteChoice(one.Route.Name, Text(one.Route.Config.Match), one.Wrong.Count > 0 ? string.Join("; ", one.Wrong) : Behind(one.Route, taken)));
        return taken is null ? [.. others] : [new RouteChoice(taken.Name, Text(taken.Config.Match), WhyNot: ""), .. others];
    }

    /// <summary>A match in a line, as routes are named that have no name.</summary>
    private static string Text(RouteMatch match)
    {
        var path = match.Path is not null ? "=" + match.Path
            : match.PathRegex is not null ? "~" + match.PathRegex
            : match.PathPrefix ?? "/";
        return $"{(match.Methods.IsEmpty ? "" : string.Join(',', match.Methods) + " ")}{match.Host ?? "*"}{path}";
    }

    // Its conditions hold, too: what of them counts less.
    private static string Behind(Route route, Route? taken)
    {
        if (taken is null)
            return "";
        var (mine, first) = (route.Config.Match, taken.Config.Match);
        var why = Host(mine) != Host(first) ? "its host is more specific"
            : Path(mine) != Path(first) ? "its path is more specific"
            : mine.Methods.IsEmpty != first.Methods.IsEmpty ? "it names methods"
            : "it stands first in the file";
        return $"it would take it, but {taken.Name} goes first: {why}";
    }

    private static (int Kind, int Length) Host(RouteMatch match) =>
        match.Host is null ? (0, 0) : match.Host.StartsWith("*.", StringComparison.Ordinal) ? (1, match.Host.Length) : (2, 0);

    private static (int Kind, int Length) Path(RouteMatch match) =>
        match.Path is not null ? (3, 0) : match.PathRegex is not null ? (2, 0) : match.PathPrefix is not null ? (1, match.PathPrefix.TrimEnd('/').Length) : (0, 0);

    private List<string> Wrong(Route route)
    {
        var match = route.Config.Match;
        var wrong = new List<string>();
        if (match.Host is not null && !Holds(new RouteMatch { Host = match.Host }))
            wrong.Add($"its host is {(match.Host.Length == 0 ? "none" : match.Host)}");
        var ofPath = new RouteMatch { Path = match.Path, PathPrefix = match.PathPrefix, PathRegex = match.PathRegex };
        if ((match.Path ?? match.PathPrefix ?? match.PathRegex) is not null && !Holds(ofPath))
            wrong.Add(match.Path is not null ? $"its path is {match.Path}" : match.PathRegex is not null ? $"its path_regex is {match.PathRegex}" : $"its path_prefix is {match.PathPrefix}");
        if (!route.Allows(method))
            wrong.Add(route.Config.Connect ? "it takes CONNECT alone" : IsConnect ? "it takes no CONNECT" : $"its methods are {string.Join(", ", match.Methods)}");
        return wrong;
    }

    private bool Holds(RouteMatch match) => RouteTable.Compile([new RouteConfig { Name = "", Match = match, Connect = IsConnect }]).Match(host, path, method) is not null;
}
