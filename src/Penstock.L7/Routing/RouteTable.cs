// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using System.Text;
using Penstock.Model.L7;

namespace Penstock.L7.Routing;

/// <summary>A compiled route table. Immutable, shared by all reactors; a match allocates nothing and takes no lock.</summary>
/// <remarks>
/// Of all rules whose conditions hold, the most specific wins. Compared in this order: host (exact, longest suffix, any), path
/// (exact, regular expression, longest prefix, any), methods (named, any), place in the file. So a rule for any host catches what
/// the rules for this host leave over: a rule means what it says, whatever other rules are there. (Envoy and nginx choose the host
/// first, and answer 404 when its rules leave the path over.) A regular expression comes before prefixes,
/// as in nginx, Contour and Envoy Gateway: behind them, it would be dead wherever a host has a rule for <c>/</c>.
/// </remarks>
internal sealed class RouteTable
{
    private readonly ByteKeyTable<HostRoutes> _hosts = new();
    private readonly ByteKeyTable<HostRoutes> _suffixes = new();
    private readonly HostRoutes _anyHost = new();
    private readonly byte[][] _methods;
    private int _longestSuffix;

    private RouteTable(ImmutableArray<RouteConfig> routes)
    {
        Routes = [.. routes.Select((config, index) => new Route(config, index))];
        _methods = [.. routes.SelectMany(route => route.Match.Methods).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).Select(Encoding.ASCII.GetBytes)];
        foreach (Route route in Routes)
        {
            RoutesOf(route.Config.Match.Host).Add(route);
        }
    }

    /// <summary>All rules, in file order.</summary>
    public ImmutableArray<Route> Routes { get; }

    /// <summary>Compiles rules that have been validated.</summary>
    /// <param name="routes">The rules.</param>
    /// <exception cref="L7ApplyException">A regular expression cannot be evaluated in linear time.</exception>
    public static RouteTable Compile(ImmutableArray<RouteConfig> routes) => new(routes);

    /// <summary>The most specific rule that holds for a request.</summary>
    /// <param name="host">Lower case, without a port; empty if the request has none. A dot at its end is passed over.</param>
    /// <param name="path">As <see cref="NormalPath.Match"/>.</param>
    /// <param name="method">The method.</param>
    /// <returns>Null: none; <see cref="WriteAllowed"/> tells whether another method would do.</returns>
    public Route? Match(ReadOnlySpan<byte> host, ReadOnlySpan<byte> path, ReadOnlySpan<byte> method)
    {
        host = host.EndsWith((byte)'.') ? host[..^1] : host;
        if (_hosts.TryGet(host, out HostRoutes? routes) && routes.Match(path, method) is { } exact)
        {
            return exact;
        }

        return MatchSuffix(host, path, method) ?? _anyHost.Match(path, method);
    }

    /// <summary>Writes the methods that would match where a request did not, as the value of Allow.</summary>
    /// <param name="host">As for <see cref="Match"/>.</param>
    /// <param name="path">As for <see cref="Match"/>.</param>
    /// <param name="destination">Methods that do not fit are left out.</param>
    /// <returns>Bytes written; 0: no method matches, the answer is 404 and not 405.</returns>
    public int WriteAllowed(ReadOnlySpan<byte> host, ReadOnlySpan<byte> path, Span<byte> destination)
    {
        int length = 0;
        foreach (byte[] method in _methods)
        {
            ReadOnlySpan<byte> separator = length == 0 ? [] : ", "u8;
            if (destination.Length - length >= separator.Length + method.Length && Match(host, path, method) is not null)
            {
                separator.CopyTo(destination[length..]);
                method.CopyTo(destination[(length + separator.Length)..]);
                length += separator.Length + method.Length;
            }
        }

        return length;
    }

    private Route? MatchSuffix(ReadOnlySpan<byte> host, ReadOnlySpan<byte> path, ReadOnlySpan<byte> method)
    {
        if (_longestSuffix == 0)
        {
            return null;
        }

        // From the first dot that leaves a name before it and no more behind it than the longest suffix has.
        int at = Math.Max(1, host.Length - _longestSuffix);
        while (at < host.Length)
        {
            int dot = host[at..].IndexOf((byte)'.');
            if (dot < 0)
            {
                return null;
            }

            at += dot;
            if (_suffixes.TryGet(host[at..], out HostRoutes? routes) && routes.Match(path, method) is { } route)
            {
                return route;
            }

            at++;
        }

        return null;
    }

    private HostRoutes RoutesOf(string? host)
    {
        if (host is null)
        {
            return _anyHost;
        }

        bool suffix = host.StartsWith("*.", StringComparison.Ordinal);
        byte[] key = Encoding.ASCII.GetBytes(suffix ? host[1..] : host);
        _longestSuffix = suffix ? Math.Max(_longestSuffix, key.Length) : _longestSuffix;
        ByteKeyTable<HostRoutes> table = suffix ? _suffixes : _hosts;
        if (!table.TryGet(key, out HostRoutes? routes))
        {
            routes = new HostRoutes();
            table.Add(key, routes);
        }

        return routes;
    }
}
