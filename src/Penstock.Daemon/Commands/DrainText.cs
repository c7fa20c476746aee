// SPDX-License-Identifier: Apache-2.0
using Penstock.Daemon.Admin;

namespace Penstock.Daemon.Commands;

/// <summary>What is left on a host that drains, as a line.</summary>
internal static class DrainText
{
    /// <summary>The line.</summary>
    public static string Left(NodeReport node)
    {
        var left = new List<string>();
        if (node.Roles.Count > 0) left.Add($"{(node.HandingOver ? "handing over" : "no other host has taken")} {string.Join(", ", node.Roles)}");
        else if (node.HandingOver) left.Add("handing over");
        if (node.Peers.Count > 0) left.Add($"new flows may come from {string.Join(", ", node.Peers)}");
        if (node.Announced.Count > 0) left.Add($"routers may still be told of {string.Join(", ", node.Announced)}");
        if (node.Connections > 0) left.Add($"{node.Connections} HTTP {(node.Connections == 1 ? "connection" : "connections")} left");
        if (node.Relayed > 0) left.Add($"{node.Relayed} relayed {(node.Relayed == 1 ? "connection" : "connections")} left");
        return left.Count == 0 ? "nothing is left" : string.Join("; ", left);
    }
}
