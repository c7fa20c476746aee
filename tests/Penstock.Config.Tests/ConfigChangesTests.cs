// SPDX-License-Identifier: Apache-2.0
using Penstock.Config.Comparison;
using Penstock.Model;

namespace Penstock.Config.Tests;

public sealed class ConfigChangesTests
{
    private const string Config = """
        node: lb1
        metrics: {bind: "127.0.0.1:9464"}
        l4:
          interface: eth0
          services:
          - {name: web, listen: "tcp://203.0.113.10:443", forwarding: dsr-ipip, backends: [10.0.0.11, {address: 10.0.0.12, weight: 2}]}
        l7:
          listeners: [{name: http, bind: "192.0.2.11:80", routes: shop}]
          routes: {shop: [{name: a, match: {path_regex: /a.*}, to: app}, {name: b, match: {path_regex: /.*b}, respond: {status: 404}}]}
          clusters: {app: {endpoints: ["10.0.0.1:80"]}}
        """;

    [Fact]
    public void Between_SpelledOtherwise_IsNothing() => Between("""
        l7:
          clusters: {app: {endpoints: [{weight: 1, address: "10.0.0.1:80"}]}}
          routes: {shop: [{to: [{cluster: app}], name: a, match: {path_regex: /a.*}}, {name: b, match: {path_regex: /.*b}, respond: {status: 404}}]}
          listeners: [{bind: "192.0.2.11:80", routes: shop, name: http}]
        l4:
          services:
          - {backends: [{weight: 2, address: 10.0.0.12}, {address: 10.0.0.11, weight: 1}], name: web, table_size: 65537, forwarding: dsr-ipip, listen: "tcp://203.0.113.10:443"}
          interface: eth0
        metrics: {bind: "127.0.0.1:9464"}
        node: lb1
        """).ShouldBeEmpty();

    [Theory]
    [InlineData("node: lb1", "node: lb2", "Changed node lb1 lb2")]
    [InlineData("weight: 2", "weight: 3", "Changed l4.services[web].backends[10.0.0.12].weight 2 3")]
    [InlineData("[10.0.0.11, ", "[{address: 10.0.0.11, state: drain}, ", "Changed l4.services[web].backends[10.0.0.11].state ready drain")]
    [InlineData("192.0.2.11:80", "192.0.2.12:80", "Changed l7.listeners[http].bind 192.0.2.11:80 192.0.2.12:80")]
    [InlineData("10.0.0.11, {address: 10.0.0.12, weight: 2}", "10.0.0.11", "Removed l4.services[web].backends[10.0.0.12]  ", "Removed l4.services[web].backends[10.0.0.12].weight 2 ")]
    [InlineData("[\"10.0.0.1:80\"]", "[\"10.0.0.1:80\", \"10.0.0.2:80\"]", "Added l7.clusters.app.endpoints[10.0.0.2:80]  ")]
    [InlineData("metrics: {bind: \"127.0.0.1:9464\"}\n", "", "Removed metrics  ", "Removed metrics.bind 127.0.0.1:9464 ")]
    [InlineData("backends: [", "table_size: 131071, backends: [", "Changed l4.services[web].table_size 65537 131071")]
    public void Between_WithAChange_NamesItWithBothValues(string written, string other, params string[] changes)
    {
        Config.ShouldContain(written);
        Between(Config.Replace(written, other, StringComparison.Ordinal)).Select(change => $"{change.Kind} {change.Path} {change.Before} {change.After}").ShouldBe(changes);
    }

    [Fact]
    public void Between_RoutesInAnotherOrder_SaysSo()
    {
        const string First = "{name: a, match: {path_regex: /a.*}, to: app}";
        const string Second = "{name: b, match: {path_regex: /.*b}, respond: {status: 404}}";

        var change = Between(Config.Replace($"{First}, {Second}", $"{Second}, {First}", StringComparison.Ordinal)).ShouldHaveSingleItem();

        (change.Path, change.Before, change.After).ShouldBe(("l7.routes.shop[]", "a\nb", "b\na"));
    }

    [Fact]
    public void Between_ARouteThatComes_IsNoOtherOrder() =>
        Between(Config.Replace("shop: [", "shop: [{name: c, match: {path: /c}, to: app}, ", StringComparison.Ordinal)).ShouldAllBe(change => change.Path.StartsWith("l7.routes.shop[c]", StringComparison.Ordinal));

    [Fact]
    public void Between_AFileOfNetworksThatHasChanged_SaysSo()
    {
        var folder = Directory.CreateTempSubdirectory("penstock-changes-").FullName;
        var file = folder + "/drop.txt";
        var config = Config.Replace("forwarding: dsr-ipip", $"forwarding: dsr-ipip, block: {file}", StringComparison.Ordinal);
        File.WriteAllText(file, "198.51.100.0/24\n");
        var before = Parse(config);
        File.WriteAllText(file, "198.51.100.0/25\n");

        var change = ConfigChanges.Between(before, Parse(config)).ShouldHaveSingleItem();

        change.Path.ShouldBe("l4.services[web].block");
        change.After.ShouldNotBeNull().ShouldStartWith(file + " (SHA-256 ");
        Directory.Delete(folder, recursive: true);
    }

    private static IReadOnlyList<ConfigChange> Between(string after) => ConfigChanges.Between(Parse(Config), Parse(after));

    private static ApplianceConfig Parse(string yaml)
    {
        var result = Some.Parse(yaml);
        return result.Config.ShouldNotBeNull(string.Join('\n', result.Lines()));
    }
}
