// SPDX-License-Identifier: Apache-2.0
namespace Penstock.L7.Routing;

/// <summary>Rules with the same host and path: those that name methods before the one that does not, otherwise in file order.</summary>
internal sealed class RouteList
{
    private Route[] _routes = [];

    /// <summary>Adds a rule later in the file than those already here. A second rule for every method could never match and is left out.</summary>
    public void Add(Route route)
    {
        int end = _routes.Length > 0 && _routes[^1].AnyMethod ? _routes.Length - 1 : _routes.Length;
        if (end < _routes.Length && route.AnyMethod)
        {
            return;
        }

        _routes = [.. _routes.AsSpan(0, end), route, .. _routes.AsSpan(end)];
    }

    /// <summary>The first rule that allows a method.</summary>
    public Route? First(ReadOnlySpan<byte> method)
    {
        foreach (Route route in _routes)
        {
            if (route.Allows(method))
            {
                return route;
            }
        }

        return null;
    }
}
