// SPDX-License-Identifier: Apache-2.0
using System.Text;
using Penstock.Model.L7;

namespace Penstock.L7.Routing;

/// <summary>The rules of one host, of one suffix, or of any host.</summary>
internal sealed class HostRoutes
{
    private readonly PathNode _root = new(parent: null);
    private readonly RouteList _anyPath = new();
    private Route[] _regexes = [];

    /// <summary>Adds a rule later in the file than those already here.</summary>
    public void Add(Route route)
    {
        RouteMatch match = route.Config.Match;
        if (match.Path is not null)
        {
            _root.Add(DecodedPath(match.Path)).Exact.Add(route);
        }
        else if (match.PathPrefix is not null)
        {
            _root.Add(DecodedPath(match.PathPrefix).TrimEnd((byte)'/')).Prefix.Add(route);
        }
        else if (route.Regex is not null)
        {
            // With methods before without, as everywhere between rules of one rank.
            int at = route.AnyMethod ? _regexes.Length : Array.FindLastIndex(_regexes, other => !other.AnyMethod) + 1;
            _regexes = [.. _regexes.AsSpan(0, at), route, .. _regexes.AsSpan(at)];
        }
        else
        {
            _anyPath.Add(route);
        }
    }

    /// <summary>The most specific rule: exact path, regular expression, longest prefix, any path.</summary>
    public Route? Match(ReadOnlySpan<byte> path, ReadOnlySpan<byte> method)
    {
        if (!path.StartsWith((byte)'/'))
        {
            return _anyPath.First(method);
        }

        PathNode node = _root.Find(path, out bool whole);
        return (whole ? node.Exact.First(method) : null)
            ?? FirstRegex(path, method)
            ?? node.LongestPrefix(method)
            ?? _anyPath.First(method);
    }

    private static ReadOnlySpan<byte> DecodedPath(string path)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(path);
        return bytes.AsSpan(0, PathNormalizer.Decode(bytes, bytes));
    }

    private Route? FirstRegex(ReadOnlySpan<byte> path, ReadOnlySpan<byte> method)
    {
        foreach (Route route in _regexes)
        {
            if (route.Allows(method) && route.Regex!.IsMatch(path))
            {
                return route;
            }
        }

        return null;
    }
}
