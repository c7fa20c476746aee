// SPDX-License-Identifier: Apache-2.0
using Penstock.Daemon.Admin;
using Penstock.Daemon.Commands;
using Penstock.Daemon.Running;
using Penstock.L4;

namespace Penstock.Daemon.Tests;

/// <summary>Status and top stay one screen, however many endpoints and backends discovery finds.</summary>
public sealed class StatusTextTests
{
    [Fact]
    public void Cluster_OfManyEndpoints_ShowsThoseThatAreNotReadyAndCountsTheRest()
    {
        var lines = Lines([.. Enumerable.Range(0, 100_000).Select(i => Endpoint(i, i == 99_999 ? "down" : "ready"))]);

        lines.Length.ShouldBe(Screenful.Most + 1);
        lines[0].ShouldContain("10.1.134.159:8080");
        lines[0].ShouldContain("down");
        lines[1].ShouldContain("10.0.0.0:8080");
        lines[^1].ShouldContain("and 99960 more");
        lines[^1].ShouldEndWith("99999 of all 100000 are ready; -o json has each");
    }

    [Fact]
    public void Cluster_ThatFits_ShowsEachInItsOrder()
    {
        var lines = Lines([.. Enumerable.Range(0, Screenful.Most).Select(i => Endpoint(i, i == 7 ? "down" : "ready"))]);

        lines.Length.ShouldBe(Screenful.Most);
        lines[7].ShouldContain("down");
    }

    [Fact]
    public void Service_OfManyBackends_ShowsThoseThatAreNotReadyAndCountsTheRest()
    {
        static BackendCounters Backend(int number) => new($"10.0.{number >> 8}.{number & 255}", Weight: 1, number == 4095 ? "down" : "ready", Reason: "", Slots: 0, Connections: 0, Packets: 0, Bytes: 0, TableMisses: 0, Share: 1);
        var service = new ServiceCounters(
            "dns", "udp://203.0.113.10:53", "nat", Connections: 0, Packets: 0, Bytes: 0, Unserved: 0, Cookies: 0, L4Status.Empty.Drops, [.. Enumerable.Range(0, 4096).Select(Backend)], IsInPanic: false);

        var lines = Arrows(output => StatusText.Write(Report([], L4Status.Empty with { Services = [service] }), output));

        lines.Length.ShouldBe(Screenful.Most + 1);
        lines[0].ShouldContain("10.0.15.255 ");
        lines[0].ShouldContain("down");
        lines[^1].ShouldContain("and 4056 more");
        lines[^1].ShouldEndWith("4095 of all 4096 are ready; -o json has each");
    }

    [Fact]
    public void Top_OfManyEndpointsAndBackends_ShowsThoseThatAreNotReadyAndCountsTheRest()
    {
        static string State(int number) => number == 99 ? "down" : "ready";
        var numbers = Enumerable.Range(0, 100).ToArray();
        var service = new ServiceRates("dns", "udp://203.0.113.10:53", "nat", 0, 0, 0, 0, 0, 0, [.. numbers.Select(i => new BackendRates($"10.0.0.{i}", State(i), 0, 0, 0, 0, 0, ""))]);
        var endpoints = numbers.Select(i => new EndpointRates("mesh", $"10.1.0.{i}:80", State(i), 0, 0, 0, 0, "")).Append(new EndpointRates("other", "10.2.0.1:80", "ready", 0, 0, 0, 0, ""));
        var rates = new StatusRates(
            "lb1", "running", 1, 1, new BalancerRates(1, [service], new Dictionary<string, double>(StringComparer.Ordinal)), Listeners: [], [.. endpoints], Vrrp: [], BgpNeighbors: [], BgpAddresses: [], Peers: [], Node(), Overrides: [], Warnings: []);
        using var text = new StringWriter();

        TopText.Write(rates, text);

        var lines = text.ToString().Split('\n');
        var mesh = lines.Where(line => line.StartsWith("mesh ", StringComparison.Ordinal)).ToArray();
        mesh.Length.ShouldBe(Screenful.Most + 1);
        mesh[0].ShouldContain("10.1.0.99:80");
        mesh[^1].ShouldEndWith("99 of all 100 are ready; -o json has each");
        lines.ShouldContain(line => line.StartsWith("other ", StringComparison.Ordinal));
        var arrows = Arrows(output => TopText.Write(rates, output));
        arrows.Length.ShouldBe(Screenful.Most + 1);
        arrows[0].ShouldContain("10.0.0.99 ");
        arrows[^1].ShouldContain("and 60 more");
    }

    private static EndpointReport Endpoint(int number, string state) =>
        new($"10.{number >> 16}.{(number >> 8) & 255}.{number & 255}:8080", Weight: 1, state, Reason: "", Active: 0, Connections: 0, Requests: 0, Failures: 0, Zone: "");

    // Those of the cluster.
    private static string[] Lines(IReadOnlyList<EndpointReport> endpoints)
    {
        using var output = new StringWriter();
        StatusText.Write(Report(endpoints, L4Status.Empty), output);
        return [.. output.ToString().Split('\n').Where(line => line.StartsWith("mesh ", StringComparison.Ordinal))];
    }

    // Those of backends.
    private static string[] Arrows(Action<TextWriter> write)
    {
        using var output = new StringWriter();
        write(output);
        return [.. output.ToString().Split('\n').Where(line => line.Contains("  -> ", StringComparison.Ordinal))];
    }

    private static NodeReport Node() => new("lb1", NodeReport.Ready, Since: null, Roles: [], Peers: [], Announced: [], Connections: 0, Relayed: 0, HandingOver: false);

    private static StatusReport Report(IReadOnlyList<EndpointReport> endpoints, L4Status balancer) => new(
        "lb1", "0.1.0", Pid: 1, "running", UptimeSeconds: 1, Generation: 1, "/etc/penstock/penstock.yaml", "hash", Reactors: 1, LastReload: null, Listeners: [],
        Clusters: [new ClusterReport("mesh", endpoints)], balancer, Vrrp: [], BgpNeighbors: [], BgpAddresses: [], Peers: [], Node(), Overrides: [], KeptStatus.None, Warnings: []);
}
