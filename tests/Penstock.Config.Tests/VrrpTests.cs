// SPDX-License-Identifier: Apache-2.0
using System.Net;
using System.Text;
using Penstock.Model.Vrrp;

namespace Penstock.Config.Tests;

public sealed class VrrpTests
{
    private const string Base = "interface: eth0, router_id: 51";

    [Fact]
    public void Instance_WellWritten_IsRead()
    {
        var instance = Some.Parse("""
            vrrp:
              - name: edge
                interface: eth0
                router_id: 51
                priority: 150
                advert_interval: 100ms
                peers: [192.0.2.12]
                source: 192.0.2.11
                addresses: [203.0.113.10/24, "2001:db8::10/64", {address: 198.51.100.1, interface: eth1, routed: true}]
                sync_group: both-sides
                preempt_delay: 5s
                use_vmac: true
                announce: {repeat: 3, delay: 1s, refresh: 60s}
                track: {interfaces: [eth1, {name: eth2, weight: 20}], services: [{name: web, min_ready: 50%}]}
            l4: {interface: eth0, services: [{name: web, listen: "tcp://203.0.113.10:80", forwarding: l7}]}
            """).Config.ShouldNotBeNull().Vrrp.ShouldHaveSingleItem();

        instance.AdvertInterval.ShouldBe(TimeSpan.FromMilliseconds(100));
        instance.Peers.ShouldBe([IPAddress.Parse("192.0.2.12")]);
        instance.Addresses.Select(address => address.Address.ToString()).ShouldBe(["203.0.113.10/24", "2001:db8::10/64", "198.51.100.1/32"]);
        instance.Addresses[2].Interface.ShouldBe("eth1");
        instance.Group.ShouldBe("both-sides");
        instance.Announce.ShouldBe(new VrrpAnnounceConfig { Repeat = 3, Delay = TimeSpan.FromSeconds(1), Refresh = TimeSpan.FromMinutes(1) });
        instance.Track.Interfaces.ShouldBe([new VrrpTrackInterface { Name = "eth1" }, new VrrpTrackInterface { Name = "eth2", Weight = 20 }]);
        instance.Track.Services.ShouldBe([new VrrpTrackHealth { Name = "web", MinReady = 50 }]);
    }

    [Theory]
    [InlineData("name: a, interface: eth0, router_id: 0, addresses: [10.8.0.9/24]", "vrrp[0].router_id")]
    [InlineData("name: a, interface: eth0, router_id: 256, addresses: [10.8.0.9/24]", "vrrp[0].router_id")]
    [InlineData("name: a, " + Base + ", priority: 255, addresses: [10.8.0.9/24]", "vrrp[0].priority")]
    [InlineData("name: a, " + Base + ", addresses: []", "no address; expected at least one virtual address")]
    [InlineData("name: a, " + Base + ", addresses: [10.8.0.9/33]", "a prefix length from 1 to 32")]
    [InlineData("name: a, " + Base + ", addresses: [10.8.0.9/0]", "a prefix length from 1 to 32")]
    [InlineData("name: a, " + Base + ", addresses: [224.0.0.1/24]", "the address of one host")]
    [InlineData("name: a, " + Base + ", addresses: [10.8.0.9/24, 10.8.0.9/32]", "address 10.8.0.9 a second time; expected each address in one instance; first at a.yaml:2:")]
    [InlineData("name: a, " + Base + ", addresses: [10.8.0.9/24], peers: [10.8.0.9]", "address 10.8.0.9, which is a host's own")]
    [InlineData("name: a, " + Base + ", addresses: [10.8.0.9/24], peers: [10.8.0.1, \"2001:db8::1\"]", "peer 2001:db8::1 beside 10.8.0.1; expected peers of one family")]
    [InlineData("name: a, " + Base + ", addresses: [10.8.0.9/24], peers: [10.8.0.1, 10.8.0.1]", "peer 10.8.0.1 a second time")]
    [InlineData("name: a, " + Base + ", addresses: [10.8.0.9/24], peers: [10.8.0.1], source: 10.8.0.1", "peer 10.8.0.1, which is this host's source")]
    [InlineData("name: a, " + Base + ", addresses: [10.8.0.9/24], peers: [10.8.0.1], source: \"2001:db8::1\"", "source 2001:db8::1 for peers of the other family")]
    [InlineData("name: a, " + Base + ", addresses: [10.8.0.9/24], advert_interval: 15ms", "an advert_interval of 15 ms; expected whole hundredths of a second")]
    [InlineData("name: a, " + Base + ", addresses: [10.8.0.9/24], advert_interval: 1ms", "vrrp[0].advert_interval")]
    [InlineData("name: a, " + Base + ", addresses: [10.8.0.9/24], announce: {delay: 1500ms}", "1500 ms; expected whole seconds")]
    [InlineData("name: a, " + Base + ", addresses: [10.8.0.9/24], preempt: false, preempt_delay: 5s", "preempt_delay with preempt: false")]
    [InlineData("name: a, " + Base + ", addresses: [10.8.0.9/24], track: {interfaces: [eth0]}", "interface eth0, on which the instance depends anyway")]
    [InlineData("name: a, " + Base + ", addresses: [10.8.0.9/24], track: {services: [web]}", "unknown service 'web'; expected a service; there is none")]
    [InlineData("name: a, " + Base + ", addresses: [10.8.0.9/24], track: {clusters: [web]}", "unknown cluster 'web'")]
    [InlineData("name: a, " + Base + ", addresses: [10.8.0.9/24], authentication: x", "unknown key 'authentication'")]
    [InlineData("name: a, interface: \"eth0#1\", router_id: 1, addresses: [10.8.0.9/24]", "interface 'eth0#1', which keepalived would take apart")]
    [InlineData("name: a, " + Base + ", addresses: [10.8.0.0/24]", "address 10.8.0.0/24, which is that of the network")]
    [InlineData("name: a, " + Base + ", addresses: [10.8.0.255/24]", "address 10.8.0.255/24, which is the network's broadcast address")]
    [InlineData("name: a, " + Base + ", addresses: [\"2001:db8::/64\"]", "address 2001:db8::/64, which is that of the network")]
    [InlineData("name: a, " + Base + ", addresses: [127.0.0.9/8]", "address 127.0.0.9, which no other host can reach")]
    [InlineData("name: a, " + Base + ", addresses: [0.1.2.3/24]", "address 0.1.2.3, which no other host can reach")]
    [InlineData("name: a, " + Base + ", addresses: [169.254.0.7/32]", "address 169.254.0.7, which stands for a virtual router in adverts")]
    [InlineData("name: a, " + Base + ", addresses: [\"fe80::200:5eff:fe00:233/64\"]", "which stands for a virtual router in adverts")]
    [InlineData("name: a, " + Base + ", addresses: [10.8.0.9/24], peers: [127.0.0.1]", "peer 127.0.0.1, which is this host")]
    [InlineData("name: ../a, " + Base + ", addresses: [10.8.0.9/24]", "vrrp[0].name")]
    [InlineData("name: a, interface: \"eth0 {\", router_id: 1, addresses: [10.8.0.9/24]", "vrrp[0].interface")]
    public void Instance_ThatCannotWork_IsRefused(string instance, string line) =>
        Some.Parse($"vrrp:\n- {{{instance}}}\n").Lines().ShouldHaveSingleItem().ShouldContain(line);

    [Theory]
    [InlineData("", "")]
    [InlineData("", ", priority: 90", "vrrp[1].priority: priority 90 of instance 'b', where 'a' of the same sync group has 100")]
    [InlineData(", preempt: false", "", "vrrp[1].preempt: preempt true of instance 'b', where 'a' of the same sync group has false")]
    [InlineData(", advert_interval: 100ms", ", advert_interval: 250ms", "vrrp[1].advert_interval: advert_interval 250ms of instance 'b', where 'a' of the same sync group has 100ms")]
    public void SyncGroup_OfInstancesThatPullApart_IsWarnedOf(string first, string second, params string[] warnings)
    {
        var result = Some.Parse($"vrrp:\n- {{name: a, {Base}, addresses: [10.8.0.9/24], sync_group: both{first}}}\n- {{name: b, interface: eth1, router_id: 52, addresses: [10.9.0.9/24], sync_group: both{second}}}\n- {{name: c, interface: eth1, router_id: 53, priority: 7, addresses: [10.9.0.8/24]}}\n");

        result.Config.ShouldNotBeNull();
        result.Lines().Length.ShouldBe(warnings.Length);
        foreach (var (line, warning) in result.Lines().Zip(warnings))
            line.ShouldContain(warning);
    }

    [Fact]
    public void SyncRole_WithoutAnyInstance_IsRefused() =>
        Some.Parse("l4: {engine: ipvs, ipvs: {sync: {interface: eth0, role: vrrp}}}\n").Lines().ShouldHaveSingleItem().ShouldContain("role: vrrp without vrrp");

    [Fact]
    public void Vmacs_OfOneRouterId_AreRefused() =>
        Some.Parse("vrrp:\n- {name: a, interface: eth0, router_id: 5, use_vmac: true, addresses: [10.8.0.9]}\n- {name: b, interface: eth1, router_id: 5, use_vmac: true, addresses: [10.9.0.9]}\n").Lines()
            .ShouldHaveSingleItem().ShouldContain("use_vmac of router_id 5 a second time; expected a router_id of its own, of which an interface is named (vrrp.5); first at a.yaml:2:");

    [Fact]
    public void Folder_ThatKeepalivedWouldTakeApart_IsRefused() =>
        Some.Parse($"vrrp:\n- {{name: a, {Base}, addresses: [10.8.0.9/24]}}\nkeepalived: {{run: \"/run/my folder\"}}\n").Lines()
            .ShouldHaveSingleItem().ShouldContain("path '/run/my folder', which keepalived would take apart");

    [Theory]
    [InlineData("name: a, interface: eth0, router_id: 2, addresses: [10.8.0.8/24]", "instance name 'a' a second time; expected a name of its own; first at a.yaml:2:10")]
    [InlineData("name: b, interface: eth0, router_id: 51, addresses: [10.8.0.8/24]", "router_id 51 a second time on eth0; expected one of its own")]
    [InlineData("name: b, interface: eth0, router_id: 2, addresses: [10.8.0.9/24]", "address 10.8.0.9 a second time")]
    [InlineData("name: b, interface: eth0, router_id: 2, addresses: [10.8.0.8/24], sync_group: a", "instance 'a' with the name of a sync group that it is not in")]
    [InlineData("name: b, interface: eth1, router_id: 51, addresses: [10.8.0.8/24]", null)]
    [InlineData("name: b, interface: eth0, router_id: 51, addresses: [\"2001:db8::8/64\"]", null)]
    public void Instances_ThatClash_AreRefused(string second, string? line)
    {
        var lines = Some.Parse($"vrrp:\n- {{name: a, {Base}, addresses: [10.8.0.9/24]}}\n- {{{second}}}\n").Lines();

        if (line is null)
            lines.ShouldBeEmpty();
        else
            lines.ShouldHaveSingleItem().ShouldContain(line);
    }

    [Theory]
    [InlineData("interface: eth1, addresses: [10.8.0.9/24]", "unknown interface 'eth1'; expected an interface of this host: lo, eth0; did you mean 'eth0'?")]
    [InlineData("interface: eth0, addresses: [{address: 10.8.0.9/24, interface: eth9}]", "unknown interface 'eth9'")]
    [InlineData("interface: eth0, addresses: [10.8.0.9/24], track: {interfaces: [bond0]}", "unknown interface 'bond0'")]
    [InlineData("interface: eth0, addresses: [10.9.0.9/24]", "address 10.9.0.9 outside the networks of eth0; expected an address within one (eth0 has 10.8.0.0/24, 172.16.0.0/24), or routed: true")]
    [InlineData("interface: eth0, addresses: [\"2001:db8::1/64\"]", "address 2001:db8::1 outside the networks of eth0; expected an address within one (eth0 has no address of its family)")]
    [InlineData("interface: eth0, addresses: [172.16.0.1/24]", "address 172.16.0.1, the only one that eth0 has of its network; expected an address that no host has by itself")]
    [InlineData("interface: eth0, addresses: [10.8.0.9/24], source: 10.8.0.12", "source 10.8.0.12, which this host has not; expected one of its addresses")]
    [InlineData("interface: eth0, addresses: [10.8.0.9/24], peers: [10.8.0.12, 10.8.0.11]", "vrrp[0].peers[1]: peer 10.8.0.11, which is this host; expected the other hosts alone")]
    [InlineData("interface: eth0, addresses: [10.8.0.9/24], source: 10.8.0.11, peers: [10.8.0.12]", null)]
    [InlineData("interface: eth0, addresses: [10.8.0.10/31, 10.8.0.255/32]", null)]
    [InlineData("interface: eth0, addresses: [{address: 10.9.0.9, routed: true}]", null)]
    [InlineData("interface: eth0, addresses: [10.8.0.9]", null)]
    public void Instance_OnAHostThatLacksWhatItNeeds_IsRefused(string instance, string? line)
    {
        // eth0 may have 172.16.0.1 because it is a virtual address now: that proves no network.
        var text = $"vrrp:\n- {{name: a, router_id: 51, {instance}}}\n";
        var host = new Host(new(StringComparer.Ordinal)
        {
            ["lo"] = [new InterfaceAddress(IPAddress.Loopback, 8)],
            ["eth0"] = [new InterfaceAddress(IPAddress.Parse("10.8.0.11"), 24), new InterfaceAddress(IPAddress.Parse("172.16.0.1"), 24)],
        });

        var lines = ConfigLoader.Parse([new ConfigFile("a.yaml", Encoding.UTF8.GetBytes(text))], host).Lines();

        if (line is null)
            lines.ShouldBeEmpty();
        else
            lines.ShouldHaveSingleItem().ShouldContain(line);
    }

    [Theory]
    [InlineData("10.8.0.9/24, 10.8.0.8/24", false)]
    [InlineData("10.8.0.9/24, {address: 10.8.0.8, interface: eth0}", false)]
    [InlineData("10.8.0.9/24, \"2001:db8::9/64\"", true)]
    [InlineData("10.8.0.9/24, {address: 198.51.100.1, interface: eth1}", true)]
    public void Address_ThatGetsNoVirtualMac_IsWarnedOf(string addresses, bool warned)
    {
        var lines = Some.Parse($"vrrp:\n- {{name: a, {Base}, use_vmac: true, addresses: [{addresses}]}}\n").Lines();

        if (warned)
            lines.ShouldHaveSingleItem().ShouldContain("warning: vrrp[0].addresses[1]: address ");
        else
            lines.ShouldBeEmpty();
    }

    [Fact]
    public void Template_ThatIsNamedAndNotThere_IsRefused()
    {
        const string Text = "vrrp:\n- {name: a, interface: eth0, router_id: 51, addresses: [10.8.0.9/24]}\n";
        var host = new Host(new(StringComparer.Ordinal) { ["eth0"] = [new InterfaceAddress(IPAddress.Parse("10.8.0.11"), 24)] });

        IEnumerable<string> Lines(string more) => ConfigLoader.Parse([new ConfigFile("a.yaml", Encoding.UTF8.GetBytes(Text + more))], host).Lines();

        Lines("keepalived: {template: /nowhere/keepalived.conf}\n").ShouldHaveSingleItem().ShouldContain("a.yaml:3:24: error: keepalived.template: /nowhere/keepalived.conf: no such file; expected a template, or no key for the built-in one");
        Lines("").ShouldBeEmpty(); // the default may be missing
    }

    [Theory]
    [InlineData("10.8.0.9/24", 0, true)]
    [InlineData("10.8.0.9/24", 1, true)]
    [InlineData("10.8.0.9/24", 2, false)]
    [InlineData("10.8.0.9/24", null, false)]
    [InlineData("fd08::9/64", 0, false)] // neighbour discovery asks in the name of the interface's own
    public void UseVmac_WhereTheHostAsksInTheNameOfTheAddress_IsWarnedOf(string address, int? announce, bool warns)
    {
        var host = new Host(new(StringComparer.Ordinal) { ["eth0"] = [new InterfaceAddress(IPAddress.Parse("10.8.0.11"), 24), new InterfaceAddress(IPAddress.Parse("fd08::11"), 64)] }) { Announce = announce };

        var lines = ConfigLoader.Parse([new ConfigFile("a.yaml", Encoding.UTF8.GetBytes($"vrrp:\n- {{name: a, interface: eth0, router_id: 51, use_vmac: true, addresses: [\"{address}\"]}}\n"))], host).Lines().ToArray();

        lines.Length.ShouldBe(warns ? 1 : 0);
        if (warns)
            lines[0].ShouldContain($"warning: vrrp[0].use_vmac: use_vmac where net.ipv4.conf.eth0.arp_announce is {announce}: neighbours that this host asks for learn the virtual address with the MAC address of eth0; expected sysctl -w net.ipv4.conf.all.arp_announce=2");
    }

    private sealed class Host(Dictionary<string, InterfaceAddress[]> interfaces) : IHostInterfaces
    {
        public int? Announce { get; init; }

        public IReadOnlyCollection<string> Names() => interfaces.Keys;

        public IReadOnlyList<InterfaceAddress> Addresses(string name) => interfaces.GetValueOrDefault(name) ?? [];

        public int? ArpAnnounce(string name) => Announce;
    }
}
