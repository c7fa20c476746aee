// SPDX-License-Identifier: Apache-2.0
namespace Penstock.L7.Metrics;

/// <summary>Counters of one combination of listener, route and cluster, with a cell for each reactor. It outlives reloads.</summary>
internal sealed class RequestSeries
{
    internal RequestSeries(string listener, string route, string cluster, int reactors)
    {
        Listener = listener;
        Route = route;
        Cluster = cluster;
        Cells = new RequestCell[reactors];
        for (var i = 0; i < reactors; i++)
            Cells[i] = new RequestCell();
    }

    /// <summary>Name of the listener.</summary>
    internal string Listener { get; }

    /// <summary>Name of the route; empty when none matched.</summary>
    internal string Route { get; }

    /// <summary>Name of the cluster; empty when the proxy answered itself.</summary>
    internal string Cluster { get; }

    /// <summary>When the last snapshot that uses it was replaced, monotonic milliseconds; null: it is in use. For the control plane's thread.</summary>
    internal long? UnusedSince { get; set; }

    /// <summary>One for each reactor.</summary>
    internal RequestCell[] Cells { get; }
}
