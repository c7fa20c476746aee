// SPDX-License-Identifier: Apache-2.0
using Penstock.Daemon.Admin;
using Penstock.Daemon.Running;

namespace Penstock.Daemon.Commands;

/// <summary>That a host is taken out, and what is left on it.</summary>
internal static class DrainText
{
    /// <summary>Of one that is out: since when, by whom and why, and what is left.</summary>
    public static string Line(NodeReport node) => $"{Since(node)}: {Left(node)}";

    /// <summary>Of one that is out: how, since when, by whom and why.</summary>
    public static string Since(NodeReport node) => Since(string.Equals(node.State, NodeReport.Maintenance, StringComparison.Ordinal), node.Since, node.By, node.Why);

    /// <summary>The same of what is recorded.</summary>
    public static string Since(NodeOutage outage) => Since(outage.EndsAt is not null, outage.Since, outage.By, outage.Why);

    /// <summary>By whom and why, behind what was done.</summary>
    /// <param name="by">Who; empty: not known.</param>
    /// <param name="why">Why; empty: not said.</param>
    public static string By(string by, string why) => $" by {(by.Length == 0 ? "an operator" : by)}{(why.Length == 0 ? "" : $" ({why})")}";

    /// <summary>What is left, in a line.</summary>
    public static string Left(NodeReport node)
    {
        var left = new List<string>();
        if (node.Roles.Count > 0) left.Add($"{(node.HandingOver ? "handing over" : "no other host has taken")} {string.Join(", ", node.Roles)}");
        else if (node.HandingOver) left.Add("handing over");
        if (node.Peers.Count > 0) left.Add($"new flows may come from {string.Join(", ", node.Peers)}");
        if (node.Announced.Count > 0) left.Add($"routers may still be told of {string.Join(", ", node.Announced)}");
        if (node.Connections > 0) left.Add($"{node.Connections} HTTP {(node.Connections == 1 ? "connection" : "connections")} left");
        if (node.Relayed > 0) left.Add($"{node.Relayed} relayed {(node.Relayed == 1 ? "connection" : "connections")} left");
        if (left.Count > 0 && node.EndsAt is { } end) left.Add($"connections are ended at {end:yyyy-MM-dd HH:mm:ss}Z");
        return left.Count == 0 ? "nothing is left" : string.Join("; ", left);
    }

    private static string Since(bool isMaintenance, DateTimeOffset? since, string by, string why) => $"{(isMaintenance ? "is in maintenance" : "drains")} since {since:yyyy-MM-dd HH:mm:ss}Z{By(by, why)}";
}
