// SPDX-License-Identifier: Apache-2.0
using Penstock.Config.Comparison;

namespace Penstock.Config.Tests;

public sealed class SharedKeysTests
{
    private const string One = """
        node: lb1
        admin: {socket: /run/a.sock}
        metrics: {bind: "127.0.0.1:9464"}
        shutdown_timeout: 5s
        vrrp:
        - {name: edge, interface: eth0, router_id: 51, priority: 150, peers: [192.0.2.12], source: 192.0.2.11, addresses: [203.0.113.10/24, 203.0.113.11]}
        bgp:
          asn: 65010
          router_id: 192.0.2.11
          addresses: [203.0.113.20, {address: 203.0.113.30, communities: ["65010:200"], med: 10, track: {services: [dns]}}]
          communities: ["65010:100", "65010:1:2"]
          med: 30
          graceful_shutdown: 9s
          neighbors: [{name: tor1, address: 192.0.2.1, asn: 65000, source: 192.0.2.11, password_file: /run/a, multihop: 2, hold_time: 30s, bfd: {interval: 50ms}}]
        l4:
          interface: eth0
          hash_seed: 7
          services:
          - {name: web, listen: "tcp://203.0.113.10:443", forwarding: dsr-ipip, source: 10.0.0.1, backends: [10.0.0.11, {address: 10.0.0.12, weight: 2, mac: "02:00:00:00:00:12", interface: eth1}], allow: [10.0.0.0/8, 192.0.2.0/24]}
          - {name: dns, listen: "udp://203.0.113.10:53", forwarding: dsr-ipip, backends: [10.0.0.11]}
        l7:
          reactors: 2
          access_log: {}
          listeners: [{name: http, bind: "192.0.2.11:80", routes: shop}]
          routes: {shop: [{match: {path_prefix: /a}, to: app, timeout: 1s}, {respond: {status: 404}}]}
          clusters: {app: {endpoints: ["10.0.0.1:80"]}}
        """;

    // The same for another host: keys and items in another order, defaults written, its own values where it has them.
    private const string Same = """
        l7:
          clusters: {app: {host: preserve, endpoints: [{weight: 1, address: "10.0.0.1:80"}]}}
          routes: {shop: [{timeout: 1000ms, to: [{cluster: app}], match: {path_prefix: /a}}, {respond: {status: 404}}]}
          listeners: [{bind: "192.0.2.12:80", routes: shop, name: http}]
        l4:
          attach: generic
          services:
          - {name: dns, backends: [10.0.0.11], forwarding: dsr-ipip, listen: "udp://203.0.113.10:53"}
          - {source: 10.0.0.2, name: web, allow: [192.0.2.0/24, 10.0.0.0/8], forwarding: dsr-ipip, backends: [{weight: 2, address: 10.0.0.12}, {address: 10.0.0.11, weight: 1}], listen: "tcp://203.0.113.10:443", table_size: 65537}
          interface: eth7
          hash_seed: 7
        vrrp:
        - {addresses: [203.0.113.11/32, {address: 203.0.113.10/24, interface: eth9}], router_id: 51, interface: eth9, name: edge, priority: 100, preempt: false, peers: [192.0.2.11], advert_interval: 1s}
        bgp:
          neighbors: [{bfd: {multiplier: 3, interval: 50ms}, hold_time: 30s, asn: 65001, address: 198.51.100.1, name: tor1}]
          communities: ["65010:1:2", "65010:100"]
          addresses: [{communities: ["65010:200"], address: 203.0.113.30, track: {services: [{name: dns}]}}, {address: 203.0.113.20, med: 7}]
          router_id: 192.0.2.12
          asn: 65010
        watch: true
        node: lb2
        """;

    [Fact]
    public void Keys_OfTwoHostsOfOneGroup_AreEqual() => Keys(Same).ShouldBe(Keys(One));

    [Fact]
    public void Keys_AreSortedByPath_AndNameItemsByWhatNamesThem()
    {
        var paths = Keys(One).Select(key => key.Path).ToArray();

        paths.ShouldBe(paths.Order(StringComparer.Ordinal));
        paths.ShouldContain("l4.services[web].backends[10.0.0.12].weight");
        paths.ShouldContain("vrrp[edge].addresses[203.0.113.10/24]");
        paths.ShouldContain("l7.clusters.app.endpoints[10.0.0.1:80]");
        paths.ShouldNotContain(path => path.Contains("interface") || path.Contains("priority") || path.StartsWith("node") || path.StartsWith("metrics") || path.Contains("reactors"));
    }

    [Theory]
    [InlineData("hash_seed: 7", "hash_seed: 8", "l4.hash_seed")]
    [InlineData("weight: 2", "weight: 3", "l4.services[web].backends[10.0.0.12].weight")]
    [InlineData("router_id: 51", "router_id: 52", "vrrp[edge].router_id")]
    [InlineData("203.0.113.11]", "203.0.113.12]", "vrrp[edge].addresses[203.0.113.11/32]", "vrrp[edge].addresses[203.0.113.12/32]")]
    [InlineData("priority: 150", "priority: 150, advert_interval: 100ms", "vrrp[edge].advert_interval")]
    [InlineData("peers: [192.0.2.12], ", "", "vrrp[edge].peers")]
    [InlineData("asn: 65010", "asn: 65011", "bgp.asn")]
    [InlineData("203.0.113.20,", "203.0.113.21,", "bgp.addresses[203.0.113.20]", "bgp.addresses[203.0.113.21]")]
    [InlineData("65010:200", "65010:201", "bgp.addresses[203.0.113.30].communities")]
    [InlineData("track: {services: [dns]}", "track: {services: [{name: dns, min_ready: 50%}]}", "bgp.addresses[203.0.113.30].track.services[dns].min_ready")]
    [InlineData("65010:100", "65010:101", "bgp.communities")]
    [InlineData("name: tor1", "name: tor2", "bgp.neighbors[tor1]", "bgp.neighbors[tor1].bfd", "bgp.neighbors[tor1].bfd.interval", "bgp.neighbors[tor1].hold_time", "bgp.neighbors[tor2]", "bgp.neighbors[tor2].bfd", "bgp.neighbors[tor2].bfd.interval", "bgp.neighbors[tor2].hold_time")]
    [InlineData("hold_time: 30s", "hold_time: 31s", "bgp.neighbors[tor1].hold_time")]
    [InlineData("{interval: 50ms}", "{interval: 60ms}", "bgp.neighbors[tor1].bfd.interval")]
    [InlineData(", bfd: {interval: 50ms}", "", "bgp.neighbors[tor1].bfd", "bgp.neighbors[tor1].bfd.interval")]
    [InlineData("backends: [10.0.0.11]}", "backends: [10.0.0.11], hash: client}", "l4.services[dns].hash")]
    [InlineData("10.0.0.0/8, 192", "10.0.0.0/9, 192", "l4.services[web].allow")]
    [InlineData("192.0.2.11:80", "192.0.2.11:81", "l7.listeners[http].bind")]
    [InlineData("timeout: 1s", "timeout: 2s", "l7.routes.shop[*/a].timeout")]
    [InlineData("10.0.0.1:80", "10.0.0.1:80\", \"10.0.0.2:80", "l7.clusters.app.endpoints[10.0.0.2:80]")]
    public void Key_ThatDiffers_IsNamed(string written, string other, params string[] paths)
    {
        One.ShouldContain(written);

        var changed = Keys(One.Replace(written, other, StringComparison.Ordinal)).ToHashSet();
        changed.SymmetricExceptWith(Keys(One));

        changed.Select(key => key.Path).Distinct().Order(StringComparer.Ordinal).ShouldBe(paths);
    }

    [Fact]
    public void Routes_InAnotherOrder_AreNotTheSame()
    {
        const string config = "l7: {routes: {main: [{name: a, match: {path_regex: /a.*}, respond: {status: 200}}, {name: b, match: {path_regex: /.*b}, respond: {status: 404}}]}}\n";
        var turned = "l7: {routes: {main: [{name: b, match: {path_regex: /.*b}, respond: {status: 404}}, {name: a, match: {path_regex: /a.*}, respond: {status: 200}}]}}\n";

        Keys(turned).Except(Keys(config)).ShouldHaveSingleItem().Path.ShouldBe("l7.routes.main[]");
    }

    [Fact]
    public void FileOfNetworks_CountsByWhatIsInIt()
    {
        var folder = Directory.CreateTempSubdirectory("penstock-keys-").FullName;
        File.WriteAllText(folder + "/a", "10.0.0.0/8 # one\n192.0.2.0/24\n");
        File.WriteAllText(folder + "/b", "192.0.2.0/24\n10.0.0.0/8\n");
        File.WriteAllText(folder + "/c", "192.0.2.0/24\n");
        string Config(string file) => "l4: {interface: eth0, services: [{name: web, listen: \"tcp://203.0.113.10:443\", forwarding: dsr-ipip, backends: [10.0.0.1], block: [" + folder + "/" + file + "]}]}\n";

        Keys(Config("b")).ShouldBe(Keys(Config("a")));
        Keys(Config("c")).ShouldNotBe(Keys(Config("a")));
        Directory.Delete(folder, recursive: true);
    }

    private static IReadOnlyList<SharedKey> Keys(string yaml)
    {
        var result = Some.Parse(yaml);
        return SharedKeys.Of(result.Config.ShouldNotBeNull(string.Join('\n', result.Lines())));
    }
}
