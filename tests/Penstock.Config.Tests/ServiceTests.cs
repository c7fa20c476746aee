// SPDX-License-Identifier: Apache-2.0
using System.Net;
using Penstock.Model.L4;

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
    [InlineData("{name: a, listen: \"203.0.113.1:80\", forwarding: l7}", "did you mean 'tcp://203.0.113.1:80'?")]
    [InlineData("{name: a, listen: \"tcp://203.0.113.1\", forwarding: l7}", "expected a port after the address")]
    [InlineData("{name: a, listen: \"tcp://203.0.113.1:0\", forwarding: l7}", "expected a port from 1 to 65535, a range such as 5000-5999, or *")]
    [InlineData("{name: a, listen: \"tcp://203.0.113.1:90-80\", forwarding: l7}", "expected a port from 1 to 65535, a range such as 5000-5999, or *")]
    [InlineData("{name: a, listen: \"tcp://0.0.0.0:80\", forwarding: l7}", "expected the address of one host")]
    [InlineData("{name: a, listen: \"tcp://224.0.0.1:80\", forwarding: l7}", "expected the address of one host")]
    [InlineData("{name: a, listen: \"tcp://203.0.113.1:80\", forwarding: dsr_ipip}", "did you mean 'dsr-ipip'?")]
    [InlineData("{name: web, listen: \"tcp://203.0.113.1:80\", forwarding: l7}", "service name 'web' a second time")]
    [InlineData("{name: a, listen: \"tcp://203.0.113.10:443\", forwarding: l7}", "address tcp://203.0.113.10:443, which overlaps l4.services[0].listen")]
    [InlineData("{name: a, listen: \"tcp://203.0.113.1:80\", forwarding: dsr-ipip, table_size: 1000}", "a table of 1000 slots; expected a prime; did you mean '1009'?")]
    [InlineData("{name: a, listen: \"tcp://203.0.113.1:80\", forwarding: dsr-ipip, table_size: 2, backends: [10.0.0.1, 10.0.0.2, 10.0.0.3]}", "a table of 2 slots for 3 backends")]
    [InlineData("{name: a, listen: \"tcp://203.0.113.1:80\", forwarding: dsr-ipip, backends: [10.0.0.1, 10.0.0.1]}", "backend 10.0.0.1 a second time")]
    [InlineData("{name: a, listen: \"tcp://203.0.113.1:80\", forwarding: dsr-ipip, backends: [203.0.113.1]}", "the service's own address 203.0.113.1 as a backend")]
    [InlineData("{name: a, listen: \"tcp://203.0.113.1:80\", forwarding: dsr-ipip, backends: [{address: 10.0.0.1, weight: 0}]}", "every weight 0")]
    [InlineData("{name: a, listen: \"tcp://203.0.113.1:80\", forwarding: dsr-ipip, backends: [{address: 10.0.0.1, port: 80}]}", "a port where packets arrive with the service's")]
    [InlineData("{name: a, listen: \"tcp://203.0.113.1:80\", forwarding: dsr-ipip, backends: [{address: 10.0.0.1, interface: eth1}]}", "interface without mac")]
    [InlineData("{name: a, listen: \"tcp://203.0.113.1:80\", forwarding: dsr-l2, backends: [{address: 10.0.0.1}]}", "backend 10.0.0.1 of dsr-l2 without a mac")]
    [InlineData("{name: a, listen: \"tcp://203.0.113.1:80\", forwarding: dsr-l2, backends: [{address: \"2001:db8::1\", mac: \"02:00:00:00:00:01\"}]}", "expected an address of the same family, or a tunnel: dsr-ipip or dsr-gue")]
    [InlineData("{name: a, listen: \"tcp://203.0.113.1:80\", forwarding: dsr-ipip, backends: [\"10.0.0.1:80\"]}", "expected an IP address without a port; did you mean '10.0.0.1'?")]
    [InlineData("{name: a, listen: \"tcp://203.0.113.1:80\", forwarding: l7, udp_timeout: 1s}", "udp_timeout of a tcp service")]
    [InlineData("{name: a, listen: \"tcp://203.0.113.1:80\", forwarding: l7, health_port: 80}", "health_port without health")]
    [InlineData("{name: a, listen: \"tcp://203.0.113.1:*\", forwarding: dsr-ipip, health: {}, backends: [10.0.0.1]}", "health checks of a service with many ports")]
    public void Service_OneFault_IsReported(string service, string line) =>
        Some.Parse($"l4:\n  interface: eth0\n  services:\n  - {Web}\n  - {service}\n").Lines().ShouldHaveSingleItem().ShouldContain(line);

    [Theory]
    [InlineData("engine: ipvs", "a.yaml:2:11: error: l4.engine: engine ipvs, which is not available yet; expected xdp")]
    [InlineData("engine: userspace", "which is not available yet")]
    [InlineData("interface: a/b", "expected the name of a network interface")]
    [InlineData("pins: pins", "expected an absolute path")]
    public void Tier_OneFault_IsReported(string text, string line) =>
        Some.Parse($"l4:\n  {text}\n").Lines().ShouldHaveSingleItem().ShouldContain(line);

    [Fact]
    public void Services_WithoutInterface_AreRefused() =>
        Some.Parse($"l4:\n  services:\n  - {Web}\n").Lines().ShouldHaveSingleItem().ShouldContain("l4.interface: services without an interface");

    [Fact]
    public void Ports_OneWithinARange_IsAllowed() => Some.Parse(
        $"l4:\n  interface: eth0\n  services:\n  - {Web}\n  - {{name: rest, listen: \"tcp://203.0.113.10:*\", forwarding: l7}}\n").Lines().ShouldBeEmpty();
}
