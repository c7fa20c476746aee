// SPDX-License-Identifier: Apache-2.0
using Penstock.Daemon.Admin;
using Penstock.Daemon.Commands;
using Penstock.Daemon.Running;
using Penstock.L4;

namespace Penstock.Daemon.Tests;

/// <summary>Status stays one screen, however many endpoints discovery finds.</summary>
public sealed class StatusTextTests
{
    [Fact]
    public void Cluster_OfManyEndpoints_ShowsThoseThatAreNotReadyAndCountsTheRest()
    {
        var lines = Lines([.. Enumerable.Range(0, 100_000).Select(i => Endpoint(i, i == 99_999 ? "down" : "ready"))]);

        lines.Length.ShouldBe(StatusText.MostEndpoints + 1);
        lines[0].ShouldContain("10.1.134.159:8080");
        lines[0].ShouldContain("down");
        lines[1].ShouldContain("10.0.0.0:8080");
        lines[^1].ShouldContain("and 99960 more");
        lines[^1].ShouldEndWith("99999 of all 100000 are ready; -o json has each");
    }

    [Fact]
    public void Cluster_ThatFits_ShowsEachInItsOrder()
    {
        var lines = Lines([.. Enumerable.Range(0, StatusText.MostEndpoints).Select(i => Endpoint(i, i == 7 ? "down" : "ready"))]);

        lines.Length.ShouldBe(StatusText.MostEndpoints);
        lines[7].ShouldContain("down");
    }

    private static EndpointReport Endpoint(int number, string state) =>
        new($"10.{number >> 16}.{(number >> 8) & 255}.{number & 255}:8080", Weight: 1, state, Reason: "", Active: 0, Connections: 0, Requests: 0, Failures: 0, Zone: "");

    // Those of the cluster.
    private static string[] Lines(IReadOnlyList<EndpointReport> endpoints)
    {
        var node = new NodeReport("lb1", NodeReport.Ready, Since: null, Roles: [], Peers: [], Announced: [], Connections: 0, Relayed: 0, HandingOver: false);
        var report = new StatusReport(
            "lb1", "0.1.0", Pid: 1, "running", UptimeSeconds: 1, Generation: 1, "/etc/penstock/penstock.yaml", "hash", Reactors: 1, LastReload: null, Listeners: [],
            Clusters: [new ClusterReport("mesh", endpoints)], L4Status.Empty, Vrrp: [], BgpNeighbors: [], BgpAddresses: [], Peers: [], node, Overrides: [], KeptStatus.None, Warnings: []);
        using var output = new StringWriter();
        StatusText.Write(report, output);
        return [.. output.ToString().Split('\n').Where(line => line.StartsWith("mesh ", StringComparison.Ordinal))];
    }
}
