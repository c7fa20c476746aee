// SPDX-License-Identifier: Apache-2.0
using Penstock.Model.L4;

namespace Penstock.Config.Tests;

public sealed class EngineTests
{
    private const string Listen = "name: a, listen: \"tcp://203.0.113.1:80\"";

    [Fact]
    public void Ipvs_WellWritten_IsRead()
    {
        var l4 = Some.Parse("""
            l4:
              engine: ipvs
              ipvs: {tcp_timeout: 20m, sysctls: {expire_nodest_conn: 1}, sync: {interface: eth1, id: 7, role: master}}
              services:
                - name: web
                  listen: "sctp://203.0.113.10:443"
                  forwarding: dsr-l2
                  ipvs: {scheduler: wlc, persistence: 5m, persistence_prefix: 24}
                  backends: [{address: 10.0.0.1, upper_threshold: 100, lower_threshold: 50}]
                - {name: marked, listen: "tcp://203.0.113.10:443", forwarding: nat, ipvs: {mark: 7}, backends: [10.0.0.1]}
                - {name: every, listen: "tcp://203.0.113.11:*", forwarding: dsr-gue, ipvs: {persistence: 30s}, backends: [10.0.0.1]}
            """).Config.ShouldNotBeNull().L4;

        l4.Engine.ShouldBe(L4Engine.Ipvs);
        l4.Ipvs.TcpTimeout.ShouldBe(TimeSpan.FromMinutes(20));
        l4.Ipvs.Sysctls["expire_nodest_conn"].ShouldBe(1);
        l4.Ipvs.Sync.ShouldBe(new IpvsSyncConfig { Interface = "eth1", Id = 7, Role = IpvsSyncRole.Master });
        l4.Services[0].Listen.Protocol.ShouldBe(TransportProtocol.Sctp);
        l4.Services[0].Ipvs.ShouldBe(new IpvsServiceConfig { Scheduler = IpvsScheduler.Wlc, Persistence = TimeSpan.FromMinutes(5), PersistencePrefix = 24 });
        l4.Services[0].Backends[0].UpperThreshold.ShouldBe(100);
        l4.Services[1].Ipvs!.Mark.ShouldBe(7); // written above
    }

    [Theory]
    [InlineData("forwarding: l7", "forwarding: l7 with engine ipvs")]
    [InlineData("forwarding: nat, overrides: [{clients: 10.0.0.0/8, backend: 10.0.0.1}], backends: [10.0.0.1]", "overrides with engine ipvs; expected engine: xdp, or no overrides")]
    [InlineData("forwarding: nat, allow: [10.0.0.0/8], backends: [10.0.0.1]", "allow with engine ipvs; expected engine: xdp")]
    [InlineData("forwarding: nat, packets_per_source: 5, backends: [10.0.0.1]", "packets_per_source with engine ipvs")]
    [InlineData("forwarding: nat, empty: drop, backends: [10.0.0.1]", "empty: drop with engine ipvs")]
    [InlineData("forwarding: dsr-l2, backends: [{address: 10.0.0.1, mac: \"02:00:00:00:00:01\"}]", "mac with engine ipvs; expected engine: xdp")]
    [InlineData("forwarding: nat, hash: client, ipvs: {scheduler: rr}, backends: [10.0.0.1]", "hash with scheduler rr; expected scheduler: mh or sh")]
    [InlineData("forwarding: nat, ipvs: {scheduler: rr, fallback: true}, backends: [10.0.0.1]", "fallback of scheduler rr")]
    [InlineData("forwarding: nat, ipvs: {one_packet: true}, backends: [10.0.0.1]", "one_packet of a service that is not udp")]
    [InlineData("forwarding: nat, ipvs: {persistence_prefix: 24}, backends: [10.0.0.1]", "persistence_prefix without persistence")]
    [InlineData("forwarding: nat, ipvs: {persistence: 1m, persistence_prefix: 64}, backends: [10.0.0.1]", "a prefix of 64 for IPv4; expected 1 to 32")]
    [InlineData("forwarding: nat, ipvs: {scheduler: dh}, backends: [10.0.0.1]", "l4.services[0].ipvs.scheduler")]
    [InlineData("forwarding: nat, backends: [{address: 10.0.0.1, upper_threshold: 5, lower_threshold: 5}]", "lower_threshold 5; expected one below upper_threshold, 5")]
    [InlineData("forwarding: nat, backends: [{address: 10.0.0.1, lower_threshold: 5}]", "lower_threshold 5; expected an upper_threshold above it")]
    [InlineData("forwarding: dsr-gue, backends: [{address: 10.0.0.1, port: 5}, {address: 10.0.0.1, port: 6}]", "backend 10.0.0.1 at two ports with engine ipvs")]
    [InlineData("forwarding: nat, backends: [10.0.0.1, {address: 10.0.0.1, port: 80}]", "backend 10.0.0.1 a second time")]
    public void Ipvs_WhatItCannotDo_IsRefused(string service, string line) =>
        Some.Parse($"l4:\n  engine: ipvs\n  services:\n  - {{{Listen}, {service}}}\n").Lines().ShouldHaveSingleItem().ShouldContain(line);

    [Theory]
    [InlineData("2001:db8::1", ", sync: {interface: eth1}", "backend 2001:db8::1 for a service at 203.0.113.1 with ipvs.sync; expected an address of the same family, or no sync")]
    [InlineData("10.0.0.1", ", sync: {interface: eth1}", null)]
    [InlineData("2001:db8::1", "", null)]
    public void Ipvs_FamiliesThatSyncCannotTell_AreRefused(string backend, string sync, string? line)
    {
        var lines = Some.Parse($"l4:\n  engine: ipvs\n  ipvs: {{tcp_timeout: 20m{sync}}}\n  services:\n  - {{{Listen}, forwarding: dsr-gue, backends: [\"{backend}\"]}}\n").Lines();

        lines.Count().ShouldBe(line is null ? 0 : 1);
        lines.SingleOrDefault("").ShouldContain(line ?? "");
    }

    [Theory]
    [InlineData("tcp://203.0.113.1:80-90", "a range of ports")]
    [InlineData("tcp://203.0.113.1:*", "all ports with engine ipvs and no persistence")]
    public void Ipvs_PortsItCannotTake_AreRefused(string listen, string line) =>
        Some.Parse($"l4:\n  engine: ipvs\n  services:\n  - {{name: a, listen: \"{listen}\", forwarding: nat, backends: [10.0.0.1]}}\n").Lines().ShouldHaveSingleItem().ShouldContain(line);

    [Fact]
    public void Ipvs_OneMarkTwice_IsRefused() =>
        Some.Parse($"l4:\n  engine: ipvs\n  services:\n  - {{{Listen}, forwarding: nat, ipvs: {{mark: 1}}}}\n  - {{name: b, listen: \"udp://203.0.113.1:80\", forwarding: nat, ipvs: {{mark: 1}}}}\n")
            .Lines().ShouldHaveSingleItem().ShouldContain("mark 1 a second time");

    [Theory]
    [InlineData("nat: {flows: 2000}", "nat with engine ipvs")]
    [InlineData("drop_other_ports: true", "drop_other_ports with engine ipvs")]
    [InlineData("ipvs: {sysctls: {../../kernel/panic: 1}}", "l4.ipvs.sysctls")]
    [InlineData("ipvs: {sync: {id: 1}}", "l4.ipvs.sync")]
    public void Ipvs_TierItCannotDo_IsRefused(string text, string line) =>
        Some.Parse($"l4:\n  engine: ipvs\n  {text}\n").Lines().ShouldAllBe(found => found.Contains(line, StringComparison.Ordinal));

    [Theory]
    [InlineData("forwarding: dsr-ipip, ipvs: {scheduler: rr}, backends: [10.0.0.1]", "ipvs with engine xdp; expected engine: ipvs, or no ipvs")]
    [InlineData("forwarding: dsr-ipip, backends: [{address: 10.0.0.1, upper_threshold: 5}]", "upper_threshold with engine xdp; expected engine: ipvs")]
    public void Xdp_WhatItCannotDo_IsRefused(string service, string line) =>
        Some.Parse($"l4:\n  interface: eth0\n  services:\n  - {{{Listen}, {service}}}\n").Lines().ShouldHaveSingleItem().ShouldContain(line);

    [Fact]
    public void Xdp_Sctp_IsRefused() =>
        Some.Parse("l4:\n  interface: eth0\n  services:\n  - {name: a, listen: \"sctp://203.0.113.1:80\", forwarding: dsr-ipip, backends: [10.0.0.1]}\n")
            .Lines().ShouldHaveSingleItem().ShouldContain("sctp with engine xdp; expected engine: ipvs");

    [Fact]
    public void Userspace_WellWritten_IsRead()
    {
        var l4 = Some.Parse("""
            l4:
              engine: userspace
              userspace: {connect_timeout: 2s}
              nat: {flows: 5000, tcp_timeout: 1h, udp_timeout: 30s}
              services:
                - {name: web, listen: "tcp://127.0.0.1:8080", forwarding: nat, hash: client, empty: reject, backends: [{address: 127.0.0.1, port: 8081}]}
                - {name: six, listen: "tcp://[2001:db8::1]:8080-8090", forwarding: nat, backends: [10.0.0.1]}
                - {name: dns, listen: "udp://127.0.0.1:5353", forwarding: nat, empty: drop, backends: [10.0.0.1]}
            """).Config.ShouldNotBeNull().L4;

        (l4.Engine, l4.Userspace.ConnectTimeout, l4.Nat.Flows).ShouldBe((L4Engine.Userspace, TimeSpan.FromSeconds(2), 5000));
    }

    [Theory]
    [InlineData("forwarding: l7", "forwarding: l7 with engine userspace")]
    [InlineData("forwarding: dsr-ipip, backends: [10.0.0.1]", "forwarding: dsr-ipip with engine userspace, which opens connections of its own to the backends; expected nat, or engine: xdp or ipvs")]
    [InlineData("forwarding: nat, allow: [10.0.0.0/8], backends: [10.0.0.1]", "allow with engine userspace; expected engine: xdp")]
    [InlineData("forwarding: nat, overrides: [{clients: 10.0.0.0/8, backend: 10.0.0.1}], backends: [10.0.0.1]", "overrides with engine userspace")]
    [InlineData("forwarding: nat, flows_per_source: 5, backends: [10.0.0.1]", "flows_per_source with engine userspace")]
    [InlineData("forwarding: nat, empty: drop, backends: [10.0.0.1]", "empty: drop of a tcp service with engine userspace, which resets connections; expected empty: reject")]
    [InlineData("forwarding: nat, ipvs: {scheduler: rr}, backends: [10.0.0.1]", "ipvs with engine userspace; expected engine: ipvs, or no ipvs")]
    [InlineData("forwarding: nat, backends: [{address: 10.0.0.1, mac: \"02:00:00:00:00:01\"}]", "mac with engine userspace; expected engine: xdp")]
    [InlineData("forwarding: nat, backends: [{address: 10.0.0.1, upper_threshold: 5}]", "upper_threshold with engine userspace; expected engine: ipvs")]
    [InlineData("forwarding: nat, backends: [{address: 203.0.113.1, port: 80}]", "the service's own address 203.0.113.1 as a backend")]
    public void Userspace_WhatItCannotDo_IsRefused(string service, string line) =>
        Some.Parse($"l4:\n  engine: userspace\n  services:\n  - {{{Listen}, {service}}}\n").Lines().ShouldHaveSingleItem().ShouldContain(line);

    [Theory]
    [InlineData("tcp://203.0.113.1:1000-1064", "65 ports of one service with engine userspace, which takes a socket for each; expected at most 64 ports, or engine: xdp")]
    [InlineData("udp://203.0.113.1:*", "65536 ports of one service")]
    [InlineData("sctp://203.0.113.1:80", "sctp with engine userspace; expected engine: ipvs")]
    public void Userspace_AddressesItCannotTake_AreRefused(string listen, string line) =>
        Some.Parse($"l4:\n  engine: userspace\n  services:\n  - {{name: a, listen: \"{listen}\", forwarding: nat, backends: [10.0.0.1]}}\n").Lines().ShouldHaveSingleItem().ShouldContain(line);

    [Theory]
    [InlineData("userspace", "nat: {ports: 1024-2000}", "ports with engine userspace; expected engine: xdp")]
    [InlineData("userspace", "drop_other_ports: true", "drop_other_ports with engine userspace")]
    [InlineData("userspace", "ipvs: {tcp_timeout: 1m}", "ipvs with engine userspace")]
    [InlineData("xdp", "userspace: {connect_timeout: 1s}", "userspace with engine xdp; expected engine: userspace")]
    public void Userspace_TierItCannotDo_IsRefused(string engine, string text, string line) =>
        Some.Parse($"l4:\n  engine: {engine}\n  {text}\n").Lines().ShouldHaveSingleItem().ShouldContain(line);
}
