// SPDX-License-Identifier: Apache-2.0
using System.Net;
using System.Text;
using Penstock.Model.L4;
using Penstock.Model.Vrrp;

namespace Penstock.Config.Tests;

public sealed class ServiceTests
{
    private const string Web = "{name: web, listen: \"tcp://203.0.113.10:443\", forwarding: dsr-ipip, backends: [10.0.0.11]}";

    [Fact]
    public void Service_WellWritten_IsRead()
    {
        var l4 = Some.Parse("""
            l4:
              interface: [eth0, eth1.100]
              services:
                - {name: dns, listen: "udp://[2001:db8::53]:5000-5999", forwarding: dsr-gue, backends: [{address: "2001:db8::12", mac: "02:00:00:00:AA:11", state: drain}]}
                - {name: all, listen: "tcp://203.0.113.1:*", forwarding: l7}
            """).Config.ShouldNotBeNull().L4;
        l4.Interfaces.ShouldBe(["eth0", "eth1.100"]);
        var dns = l4.Services[0];
        dns.Listen.ShouldBe(new ServiceAddress(TransportProtocol.Udp, IPAddress.Parse("2001:db8::53"), 5000, 5999));
        dns.Listen.ToString().ShouldBe("udp://[2001:db8::53]:5000-5999");
        dns.Forwarding.ShouldBe(Forwarding.DsrGue);
        dns.Backends[0].Mac.ShouldBe("02:00:00:00:aa:11");
        dns.Backends[0].State.ShouldBe(BackendState.Drain);
        l4.Services[1].Listen.ToString().ShouldBe("tcp://203.0.113.1:*");
    }

    [Theory]
    [InlineData("50%", 50, 60)]
    [InlineData("95%", 95, 100)]
    [InlineData("{below: 50%, until: 75%}", 50, 75)]
    public void Panic_WellWritten_HasAnEndAboveItsBeginning(string text, int below, int end)
    {
        var service = Some.Parse($"l4:\n  interface: eth0\n  services:\n  - {{name: a, listen: \"tcp://203.0.113.1:80\", forwarding: dsr-ipip, health: {{}}, slow_start: 30s, panic: {text}, backends: [10.0.0.1]}}\n")
            .Config.ShouldNotBeNull().L4.Services[0];

        service.SlowStart.ShouldBe(TimeSpan.FromSeconds(30));
        var panic = service.Panic.ShouldNotBeNull();
        (panic.Below, panic.End).ShouldBe((below, end));
    }

    [Theory]
    [InlineData("{name: a, listen: \"203.0.113.1:80\", forwarding: l7}", "did you mean 'tcp://203.0.113.1:80'?")]
    [InlineData("{name: a, listen: \"tcp://203.0.113.1\", forwarding: l7}", "expected a port after the address")]
    [InlineData("{name: a, listen: \"tcp://203.0.113.1:0\", forwarding: l7}", "expected a port from 1 to 65535, a range such as 5000-5999, or *")]
    [InlineData("{name: a, listen: \"tcp://203.0.113.1:90-80\", forwarding: l7}", "expected a port from 1 to 65535, a range such as 5000-5999, or *")]
    [InlineData("{name: a, listen: \"tcp://0.0.0.0:80\", forwarding: l7}", "expected the address of one host")]
    [InlineData("{name: a, listen: \"tcp://224.0.0.1:80\", forwarding: l7}", "expected the address of one host")]
    [InlineData("{name: a, listen: \"tcp://127.0.0.1:80\", forwarding: l7}", "a.yaml:5:23: error: l4.services[1].listen: a service at 127.0.0.1, which each host has for itself; expected an address that clients' packets can be routed to")]
    [InlineData("{name: a, listen: \"tcp://[::1]:80\", forwarding: l7}", "a service at ::1, which each host has for itself")]
    [InlineData("{name: a, listen: \"tcp://[fe80::1]:80\", forwarding: l7}", "a service at fe80::1, which holds on one link alone")]
    [InlineData("{name: a, listen: \"tcp://0.0.0.7:80\", forwarding: l7}", "a service at 0.0.0.7, which is of no host")]
    [InlineData("{name: a, listen: \"tcp://[ff02::1]:80\", forwarding: l7}", "expected the address of one host")]
    [InlineData("{name: a, listen: \"tcp://203.0.113.1:80\", forwarding: nat, source: 127.0.0.1, backends: [10.0.0.1]}", "source 127.0.0.1, which each host has for itself; expected an address that backends can answer to")]
    [InlineData("{name: a, listen: \"tcp://203.0.113.1:80\", forwarding: nat, source: 224.0.0.1, backends: [10.0.0.1]}", "expected the address of one host")]
    [InlineData("{name: a, listen: \"tcp://203.0.113.1:80\", forwarding: dsr-ipip, source: \"fe80::1\", backends: [10.0.0.1]}", "source fe80::1, which holds on one link alone; expected an address of this host's network")]
    [InlineData("{name: a, listen: \"tcp://203.0.113.1:80\", forwarding: nat, source: 203.0.113.10, backends: [10.0.0.1]}", "warning: l4.services[1].source[0]: source 203.0.113.10, which service 'web' listens on")]
    [InlineData("{name: a, listen: \"tcp://203.0.113.1:80\", forwarding: dsr-ipip, backends: [{address: 10.0.0.1, mac: \"01:00:5e:00:00:01\"}]}", "expected the MAC address of one host")]
    [InlineData("{name: a, listen: \"tcp://203.0.113.1:80\", forwarding: dsr-ipip, backends: [{address: 10.0.0.1, mac: \"ff:ff:ff:ff:ff:ff\"}]}", "expected the MAC address of one host")]
    [InlineData("{name: a, listen: \"tcp://203.0.113.1:80\", forwarding: dsr-ipip, backends: [{address: 10.0.0.1, mac: \"00:00:00:00:00:00\"}]}", "expected the MAC address of one host")]
    [InlineData("{name: a, listen: \"tcp://203.0.113.1:80\", forwarding: dsr-ipip, backends: [10.0.0.1], overrides: [{clients: \"2001:db8::/32\", backend: 10.0.0.1}]}", "clients 2001:db8::/32 of a service at 203.0.113.1; expected a network of the same family")]
    [InlineData("{name: a, listen: \"tcp://203.0.113.1:80\", forwarding: dsr_ipip}", "did you mean 'dsr-ipip'?")]
    [InlineData("{name: web, listen: \"tcp://203.0.113.1:80\", forwarding: l7}", "service name 'web' a second time")]
    [InlineData("{name: a, listen: \"tcp://203.0.113.10:443\", forwarding: l7}", "address tcp://203.0.113.10:443, which overlaps l4.services[0].listen")]
    [InlineData("{name: a, listen: \"tcp://203.0.113.1:80\", forwarding: dsr-ipip, table_size: 1000}", "a table of 1000 slots; expected a prime; did you mean '1009'?")]
    [InlineData("{name: a, listen: \"tcp://203.0.113.1:80\", forwarding: dsr-ipip, table_size: 2, backends: [10.0.0.1, 10.0.0.2, 10.0.0.3]}", "a table of 2 slots for 3 backends")]
    [InlineData("{name: a, listen: \"tcp://203.0.113.1:80\", forwarding: dsr-ipip, backends: [10.0.0.1, 10.0.0.1]}", "backend 10.0.0.1 a second time")]
    [InlineData("{name: a, listen: \"tcp://203.0.113.1:80\", forwarding: dsr-ipip, backends: [203.0.113.1]}", "the service's own address 203.0.113.1 as a backend")]
    [InlineData("{name: a, listen: \"tcp://203.0.113.1:80\", forwarding: dsr-ipip, backends: [127.0.0.1]}", "error: l4.services[1].backends[0].address: backend 127.0.0.1, which each host has for itself; expected an address that packets can be routed to, or engine: userspace")]
    [InlineData("{name: a, listen: \"tcp://203.0.113.1:80\", forwarding: nat, backends: [10.0.0.1, {address: 0.0.0.7, port: 8080}]}", "l4.services[1].backends[1].address: backend 0.0.0.7, which is of no host")]
    [InlineData("{name: a, listen: \"tcp://[2001:db8::1]:80\", forwarding: dsr-l2, backends: [\"fe80::7\"]}", "backend fe80::7, which holds on one link alone")]
    [InlineData("{name: a, listen: \"tcp://203.0.113.1:80\", forwarding: dsr-ipip, backends: [{address: 10.0.0.1, weight: 0}]}", "every weight 0")]
    [InlineData("{name: a, listen: \"tcp://203.0.113.1:80\", forwarding: dsr-ipip, backends: [{address: 10.0.0.1, port: 80}]}", "a port where packets arrive with the service's")]
    [InlineData("{name: a, listen: \"tcp://203.0.113.1:80\", forwarding: dsr-ipip, backends: [{address: 10.0.0.1, interface: eth1}]}", "interface without mac")]
    [InlineData("{name: a, listen: \"tcp://203.0.113.1:80\", forwarding: dsr-l2, backends: [{address: \"2001:db8::1\", mac: \"02:00:00:00:00:01\"}]}", "expected an address of the same family, or a tunnel: dsr-ipip or dsr-gue")]
    [InlineData("{name: a, listen: \"tcp://203.0.113.1:80\", forwarding: dsr-ipip, backends: [\"10.0.0.1:80\"]}", "expected an IP address without a port; did you mean '10.0.0.1'?")]
    [InlineData("{name: a, listen: \"tcp://203.0.113.1:80\", forwarding: l7, udp_timeout: 1s}", "udp_timeout of a tcp service")]
    [InlineData("{name: a, listen: \"tcp://203.0.113.1:80\", forwarding: l7, health_port: 80}", "health_port without health")]
    [InlineData("{name: a, listen: \"tcp://203.0.113.1:80\", forwarding: dsr-ipip, health_via: data_path, backends: [10.0.0.1]}", "health_via without health")]
    [InlineData("{name: a, listen: \"tcp://203.0.113.1:80\", forwarding: nat, health: {}, health_via: data_path, backends: [10.0.0.1]}", "health_via: data_path with forwarding: nat, whose checks go the clients' way as it is; expected it with dsr-ipip, dsr-gue or dsr-l2")]
    [InlineData("{name: a, listen: \"tcp://203.0.113.1:80\", forwarding: dsr-ipip, health: {}, health_via: data_path, backends: [\"2001:db8::1\"]}", "health_via: data_path of a service at 203.0.113.1 for backend 2001:db8::1")]
    [InlineData("{name: a, listen: \"tcp://203.0.113.1:80\", forwarding: nat, backends: [\"2001:db8::1\"]}", "backend 2001:db8::1 for a service at 203.0.113.1")]
    [InlineData("{name: a, listen: \"tcp://203.0.113.1:80\", forwarding: nat, source: \"2001:db8::1\", backends: [10.0.0.1]}", "source 2001:db8::1 for a service at 203.0.113.1")]
    [InlineData("{name: a, listen: \"tcp://203.0.113.1:80\", forwarding: nat, source: [10.0.0.7, 10.0.0.7], backends: [10.0.0.1]}", "source 10.0.0.7 a second time")]
    [InlineData("{name: a, listen: \"tcp://203.0.113.1:80\", forwarding: nat, flow_table: false, backends: [10.0.0.1]}", "flow_table of a service with nat; expected l4.nat, for all such services")]
    [InlineData("{name: a, listen: \"tcp://203.0.113.1:80\", forwarding: dsr-ipip, source: [10.0.0.7, 10.0.0.8], backends: [10.0.0.1]}", "a second source of one family")]
    [InlineData("{name: a, listen: \"tcp://203.0.113.1:80\", forwarding: dsr-gue, source: 10.0.0.7, source_entropy: true, backends: [10.0.0.1]}", "source_entropy without an IPv4 source of dsr-ipip")]
    [InlineData("{name: a, listen: \"tcp://203.0.113.1:80\", forwarding: dsr-ipip, backends: [10.0.0.11], overrides: [{clients: 10.0.0.0/8, backend: 10.0.0.1}]}", "backend 10.0.0.1, which the service does not have; expected the address of one of its backends; did you mean '10.0.0.11'?")]
    [InlineData("{name: a, listen: \"tcp://203.0.113.1:80\", forwarding: dsr-ipip, backends: [10.0.0.1], overrides: [{clients: 10.0.0.0/8, backend: 10.0.0.1}, {clients: 10.0.0.0/8, backend: 10.0.0.1}]}", "clients 10.0.0.0/8 a second time")]
    [InlineData("{name: a, listen: \"tcp://203.0.113.1:80\", forwarding: dsr-ipip, quic: {}, backends: [{address: 10.0.0.1, quic_id: 1}]}", "quic of a tcp service")]
    [InlineData("{name: a, listen: \"udp://203.0.113.1:80\", forwarding: nat, quic: {}, backends: [{address: 10.0.0.1, quic_id: 1}]}", "quic with forwarding: nat")]
    [InlineData("{name: a, listen: \"udp://203.0.113.1:80\", forwarding: dsr-ipip, quic: {offset: 18, length: 3}, backends: [{address: 10.0.0.1, quic_id: 1}]}", "a server id that ends at byte 21")]
    [InlineData("{name: a, listen: \"udp://203.0.113.1:80\", forwarding: dsr-ipip, quic: {}, backends: [10.0.0.1]}", "backend 10.0.0.1 of a service with quic without a quic_id")]
    [InlineData("{name: a, listen: \"udp://203.0.113.1:80\", forwarding: dsr-ipip, quic: {}, backends: [{address: 10.0.0.1, quic_id: 65536}]}", "server id 65536; expected one of 2 bytes, at most 65535")]
    [InlineData("{name: a, listen: \"udp://203.0.113.1:80\", forwarding: dsr-ipip, quic: {}, backends: [{address: 10.0.0.1, quic_id: 1}, {address: 10.0.0.2, quic_id: 1}]}", "server id 1 a second time")]
    [InlineData("{name: a, listen: \"udp://203.0.113.1:80\", forwarding: dsr-ipip, backends: [{address: 10.0.0.1, quic_id: 1}]}", "quic_id where the service has no quic")]
    [InlineData("{name: a, listen: \"tcp://203.0.113.1:80\", forwarding: l7, block: [192.0.2.1/24]}", "expected a network without host bits; did you mean '192.0.2.0/24'?")]
    [InlineData("{name: a, listen: \"tcp://203.0.113.1:80\", forwarding: l7, block: [/nonexistent/list.txt]}", "/nonexistent/list.txt: cannot open the file")]
    [InlineData("{name: a, listen: \"tcp://203.0.113.1:80\", forwarding: l7, allow: []}", "no network that is allowed: nobody would be served")]
    [InlineData("{name: a, listen: \"tcp://203.0.113.1:80\", forwarding: dsr-ipip, syn_cookies: {}, backends: [10.0.0.1]}", "syn_cookies with forwarding: dsr-ipip, whose backends cannot check a cookie made here; expected forwarding: l7")]
    [InlineData("{name: a, listen: \"udp://203.0.113.1:80\", forwarding: l7, syn_cookies: {threshold: 5}}", "syn_cookies of a udp service; expected it on a tcp service")]
    [InlineData("{name: a, listen: \"tcp://203.0.113.1:*\", forwarding: dsr-ipip, health: {}, backends: [10.0.0.1]}", "health checks of a service with many ports")]
    [InlineData("{name: a, listen: \"tcp://203.0.113.1:80\", forwarding: dsr-gue, backends: [10.0.0.1, {address: 10.0.0.1, port: 6080}]}", "backend 10.0.0.1 a second time")]
    [InlineData("{name: a, listen: \"tcp://203.0.113.1:80\", forwarding: dsr-ipip, panic: 50%, backends: [10.0.0.1]}", "panic without health")]
    [InlineData("{name: a, listen: \"tcp://203.0.113.1:80\", forwarding: dsr-ipip, health: {}, panic: 0.5, backends: [10.0.0.1]}", "expected a percentage with its sign, from 1% to 100%")]
    [InlineData("{name: a, listen: \"tcp://203.0.113.1:80\", forwarding: dsr-ipip, health: {}, panic: 50, backends: [10.0.0.1]}", "did you mean '50%'?")]
    [InlineData("{name: a, listen: \"tcp://203.0.113.1:80\", forwarding: dsr-ipip, health: {}, panic: 0%, backends: [10.0.0.1]}", "expected a percentage with its sign, from 1% to 100%")]
    [InlineData("{name: a, listen: \"tcp://203.0.113.1:80\", forwarding: dsr-ipip, health: {}, panic: {below: 50%, until: 40%}, backends: [10.0.0.1]}", "a panic that begins below 50% and ends at 40%; expected an end at 50% or above")]
    [InlineData("{name: a, listen: \"tcp://203.0.113.1:80\", forwarding: dsr-ipip, slow_start: 2h, backends: [10.0.0.1]}", "expected a duration with its unit (us, ms, s, m, h, d), from 0s to 1h")]
    public void Service_OneFault_IsReported(string service, string line) =>
        Some.Parse($"l4:\n  interface: eth0\n  services:\n  - {Web}\n  - {service}\n").Lines().ShouldHaveSingleItem().ShouldContain(line);

    [Theory]
    [InlineData("ipvs: {tcp_timeout: 5m}", "a.yaml:2:3: error: l4.ipvs: ipvs with engine xdp; expected engine: ipvs, or no ipvs")]
    [InlineData("nat: {ports: 2000-1000}", "did you mean '1000-2000'?")]
    [InlineData("nat: {ports: 0-1000}", "expected a port or a range of ports from 1 to 65535, such as 1024-32767")]
    [InlineData("nat: {flow: 1024}", "unknown key 'flow'")]
    [InlineData("interface: a/b", "expected the name of a network interface")]
    [InlineData("pins: pins", "expected an absolute path")]
    public void Tier_OneFault_IsReported(string text, string line) =>
        Some.Parse($"l4:\n  {text}\n").Lines().ShouldHaveSingleItem().ShouldContain(line);

    [Theory]
    [InlineData("10.0.0.7", null)]
    [InlineData("203.0.113.99", null)] // VRRP has it, here or on the other host
    [InlineData("10.0.0.8", "a.yaml:8:15: warning: l4.services[0].source[0]: source 10.0.0.8, which no interface of this host has; expected one of its addresses, or routes by which answers to it come here")]
    public void NatSource_OfAKnownHost_IsOneThatItHas(string source, string? line) => Parse($"""
        vrrp:
          - {"{"}name: edge, interface: eth0, router_id: 1, priority: 100, peers: [10.0.0.9], addresses: [203.0.113.99/32]{"}"}
        l4:
          interface: eth0
          services:
            - name: a
              listen: "tcp://203.0.113.1:80"
              source: {source}
              forwarding: nat
              backends: [10.0.0.1]
        """, memory: 1L << 40).Where(found => found.Contains("source", StringComparison.Ordinal)).ShouldBe(line is null ? [] : [line]);

    [Theory]
    [InlineData("dsr-ipip", "10.0.0.1", null)]
    [InlineData("dsr-ipip", "10.0.0.7", "a.yaml:7:28: warning: l4.services[0].backends[1].address: backend 10.0.0.7, which is this host's own: no packet gets there, though its check may pass; expected another host's address, or forwarding: l7 for a listener of this host")]
    [InlineData("nat", "{address: 10.0.0.7, port: 8080}", "a.yaml:7:38: warning: l4.services[0].backends[1].address: backend 10.0.0.7, which is this host's own")]
    [InlineData("dsr-ipip", "{address: 10.0.0.7, mac: \"02:00:5e:00:53:07\"}", null)]
    [InlineData("l7", "10.0.0.7", null)]
    public void Backend_OfAKnownHost_IsNotThatHost(string forwarding, string backend, string? line)
    {
        var found = Parse($"""
            l4:
              interface: eth0
              services:
                - name: a
                  listen: "tcp://203.0.113.1:80"
                  forwarding: {forwarding}
                  backends: [10.0.0.2, {backend}]
            """, memory: 1L << 40);

        if (line is null)
            found.ShouldBeEmpty();
        else
            found.ShouldHaveSingleItem().ShouldStartWith(line);
    }

    [Theory]
    [InlineData("eth0", "10.0.0.1", null)]
    [InlineData("eth1", "10.0.0.1", "a.yaml:2:14: error: l4.interface[0]: unknown interface 'eth1'; expected an interface of this host: eth0; did you mean 'eth0'?")]
    [InlineData("[eth0, eth1]", "10.0.0.1", "a.yaml:2:21: error: l4.interface[1]: unknown interface 'eth1'")]
    [InlineData("eth0", "{address: 10.0.0.1, mac: \"02:00:5e:00:53:01\", interface: eth1}", "error: l4.services[0].backends[0].interface: unknown interface 'eth1'")]
    public void Interface_OfAKnownHost_IsOneThatItHas(string interfaces, string backend, string? line)
    {
        var text = $"l4:\n  interface: {interfaces}\n  services:\n  - {{name: a, listen: \"tcp://203.0.113.1:80\", forwarding: dsr-ipip, backends: [{backend}]}}\n";

        Some.Parse(text).Lines().ShouldBeEmpty();
        if (line is null)
            Parse(text, memory: 1L << 40).ShouldBeEmpty();
        else
            Parse(text, memory: 1L << 40).ShouldHaveSingleItem().ShouldContain(line);
    }

    [Theory]
    [InlineData("eth0", null)]
    [InlineData("eth1", "a.yaml:3:28: error: l4.ipvs.sync.interface: unknown interface 'eth1'; expected an interface of this host: eth0; did you mean 'eth0'?")]
    public void SyncInterface_OfAKnownHost_IsOneThatItHas(string name, string? line)
    {
        var text = $"l4:\n  engine: ipvs\n  ipvs: {{sync: {{interface: {name}}}}}\n  services:\n  - {{name: a, listen: \"tcp://203.0.113.1:80\", forwarding: nat, backends: [10.0.0.1]}}\n";

        Some.Parse(text).Lines().ShouldBeEmpty();
        Parse(text, memory: 1L << 40).ShouldBe(line is null ? [] : [line]);
    }

    [Theory]
    [InlineData("flows_per_cpu: 16777216", "a.yaml:3:18: warning: l4.flows_per_cpu: tables of 4.1 GiB, 4 GiB of them by flows_per_cpu on 16 processors, where the host has 8 GiB; expected at most half of its memory")]
    [InlineData("nat: {flows: 16777216}", "by nat.flows, where the host has 8 GiB")]
    [InlineData("nat: {flows: 1000000}", null)]
    public void Tables_BeyondHalfOfTheHostsMemory_AreWarnedOf(string key, string? line)
    {
        var found = Parse($"l4:\n  interface: eth0\n  {key}\n  services:\n  - {{name: a, listen: \"tcp://203.0.113.1:80\", forwarding: nat, backends: [10.0.0.1]}}\n", memory: 8L << 30);

        if (line is null)
            found.ShouldBeEmpty();
        else
            found.ShouldHaveSingleItem().ShouldContain(line);
    }

    [Theory]
    [InlineData("")]
    [InlineData("  interface: []\n")]
    public void Services_WithoutInterface_AreRefused(string tier) =>
        Some.Parse($"l4:\n{tier}  services:\n  - {Web}\n").Lines().ShouldHaveSingleItem().ShouldContain("l4.interface: services without an interface");

    [Fact]
    public void Service_WithOptions_IsRead()
    {
        var l4 = Some.Parse("""
            l4:
              interface: eth0
              nat: {flows: 2000, ports: 5000-5999, udp_timeout: 30s}
              services:
                - name: web
                  listen: "tcp://203.0.113.10:80-90"
                  forwarding: nat
                  source: [10.0.0.7, 10.0.0.8]
                  empty: reject
                  packets_per_source: 1000
                  flows_per_source: 10
                  health: {}
                  backends: [{address: 10.0.0.1, port: 8080, vlan: 100}, {address: 10.0.0.1, port: 8081, vlan: 0}]
                - name: quic
                  listen: "udp://203.0.113.10:443"
                  forwarding: dsr-ipip
                  quic: {length: 1}
                  overrides: [{clients: 198.51.100.0/24, backend: 10.0.0.1}]
                  backends: [{address: 10.0.0.1, quic_id: 255}]
            """).Config.ShouldNotBeNull().L4;
        l4.Nat.ShouldBe(new NatConfig { Flows = 2000, Ports = new PortRange(5000, 5999), UdpTimeout = TimeSpan.FromSeconds(30) });
        l4.Services[0].Sources.Length.ShouldBe(2);
        l4.Services[0].Empty.ShouldBe(EmptyAction.Reject);
        l4.Services[0].Backends.Select(backend => (backend.Port, backend.Vlan)).ShouldBe([(8080, 100), (8081, 0)]);
        l4.Services[1].Quic.ShouldBe(new QuicRouting { Length = 1 });
        l4.Services[1].Overrides[0].Clients.ShouldBe(IPNetwork.Parse("198.51.100.0/24"));
    }

    private static string[] Parse(string text, long memory) =>
        ConfigLoader.Parse([new ConfigFile("a.yaml", Encoding.UTF8.GetBytes(text))], new OneInterface(memory)).Lines();

    [Fact]
    public void Ports_OneWithinARange_IsAllowed() => Some.Parse(
        $"l4:\n  interface: eth0\n  services:\n  - {Web}\n  - {{name: rest, listen: \"tcp://203.0.113.10:*\", forwarding: l7}}\n").Lines().ShouldBeEmpty();

    // eth0 with 10.0.0.7, on a host of 16 processors.
    private sealed class OneInterface(long memory) : IHostInterfaces
    {
        public long Memory => memory;

        public int Processors => 16;

        public IReadOnlyCollection<string> Names() => ["eth0"];

        public IReadOnlyList<InterfaceAddress> Addresses(string name) => name is "eth0" ? [new InterfaceAddress(IPAddress.Parse("10.0.0.7"), 24)] : [];
    }
}
