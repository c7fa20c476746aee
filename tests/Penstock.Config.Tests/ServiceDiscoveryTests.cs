// SPDX-License-Identifier: Apache-2.0
using Penstock.Model.L4;
using Penstock.Model.L7;

namespace Penstock.Config.Tests;

/// <summary>Services of the L4 tier whose backends are discovered.</summary>
public sealed class ServiceDiscoveryTests
{
    [Theory]
    [InlineData("xdp", "forwarding: dsr-ipip")]
    [InlineData("xdp", "forwarding: nat, health: {type: tcp}")]
    [InlineData("ipvs", "forwarding: nat")]
    [InlineData("userspace", "forwarding: nat")]
    public void Service_WithDiscovery_IsReadForEveryEngine(string engine, string keys)
    {
        var result = Some.Parse($"l4:\n  engine: {engine}\n  interface: eth0\n  services:\n  - {{name: dns, listen: \"udp://203.0.113.1:53\", {keys}, discovery: {{kubernetes: {{service: dns/coredns, port: dns, kubeconfig: /a}}}}}}\n");

        result.Lines().ShouldBeEmpty();
        var service = result.Config.ShouldNotBeNull().L4.Services.ShouldHaveSingleItem();
        service.Backends.ShouldBeEmpty();
        service.Discovery.ShouldNotBeNull().Kubernetes.ShouldHaveSingleItem().ShouldBe(new KubernetesDiscoveryConfig { Service = "dns/coredns", Port = "dns", Kubeconfig = "/a" });
        service.Listen.Protocol.ShouldBe(TransportProtocol.Udp);
    }

    [Theory]
    [InlineData("forwarding: dsr-ipip, discovery: {dns: {name: a.example.com, port: 80}}", "l4.services[0].discovery.dns: dns, whose names of hosts are for clusters of l7")]
    [InlineData("forwarding: dsr-ipip, discovery: {}", "l4.services[0].discovery: no key 'kubernetes'")]
    [InlineData("forwarding: dsr-ipip, backends: [10.0.0.1], discovery: {kubernetes: {service: a/b}}", "both backends and discovery; expected at most one of ")]
    [InlineData("forwarding: l7, discovery: {kubernetes: {service: a/b}}", "discovery with forwarding: l7, whose backends are the hosts of the proxy tier")]
    [InlineData("forwarding: dsr-ipip, health: {}, health_via: data_path, discovery: {kubernetes: {service: a/b}}", "health_via: data_path beside discovery")]
    [InlineData("forwarding: dsr-ipip, overrides: [{clients: 10.0.0.0/8, backend: 10.0.0.1}], discovery: {kubernetes: {service: a/b}}", "backend 10.0.0.1, which the service does not have")]
    [InlineData("forwarding: dsr-gue, discovery: {kubernetes: {service: a/b, via: external_nodes}}", "node ports with forwarding: dsr-gue, which leaves the service's port as it is; expected via: pods, or forwarding: nat")]
    [InlineData("forwarding: nat, discovery: {kubernetes: {service: a/b, family: ipv6}}", "l4.services[0].discovery.kubernetes[0].family: family in the discovery of a service, whose backends are of the family of listen; expected no family")]
    [InlineData("forwarding: nat, discovery: {kubernetes: {service: b}}", "expected a namespace and a name")]
    [InlineData("forwarding: nat, discovery: {kubernetes: []}", "an empty list; expected at least one source")]
    public void Service_ThatCantWork_IsRefused(string keys, string line) => Parse(keys).ShouldHaveSingleItem().ShouldContain(line);

    [Fact]
    public void NodePorts_WithDsr_AreRefusedAtTheirPlace() =>
        Parse("forwarding: dsr-ipip, discovery: {kubernetes: {service: a/b, via: nodes}}").ShouldHaveSingleItem().ShouldStartWith("a.yaml:4:108: error: l4.services[0].discovery.kubernetes[0].via: node ports with forwarding: dsr-ipip");

    [Fact]
    public void NodePorts_WithNat_AreTaken() => Parse("forwarding: nat, discovery: {kubernetes: {service: a/b, via: nodes}}").ShouldBeEmpty();

    [Fact]
    public void Quic_BesideDiscovery_IsRefused() =>
        Some.Parse("l4:\n  interface: eth0\n  services:\n  - {name: a, listen: \"udp://203.0.113.1:443\", forwarding: dsr-ipip, quic: {}, discovery: {kubernetes: {service: a/b}}}\n")
            .Lines().ShouldHaveSingleItem().ShouldContain("quic beside discovery, which finds no server ids");

    [Fact]
    public void HealthChecks_OfARangeWithoutPort_AreRefusedWhereTheyHaveNone() =>
        Some.Parse("l4:\n  interface: eth0\n  services:\n  - {name: a, listen: \"tcp://203.0.113.1:80-90\", forwarding: dsr-ipip, health: {}, discovery: {kubernetes: {service: a/b}}}\n")
            .Lines().ShouldHaveSingleItem().ShouldContain("health checks of a service with many ports");

    private static string[] Parse(string keys) =>
        Some.Parse($"l4:\n  interface: eth0\n  services:\n  - {{name: a, listen: \"tcp://203.0.113.1:80\", {keys}}}\n").Lines();
}
