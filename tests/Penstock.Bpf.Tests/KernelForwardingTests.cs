// SPDX-License-Identifier: Apache-2.0
using System.Net;
using Microsoft.Extensions.Logging;
using Penstock.L4;
using Penstock.L4.Xdp;
using Penstock.Model.L4;
using Penstock.Tests;
using static Penstock.Bpf.Tests.OwnNetwork;

namespace Penstock.Bpf.Tests;

/// <summary>What is said where the kernel does not forward, of either family.</summary>
[Collection(CookieTests.Forking)]
public sealed class KernelForwardingTests
{
    [BpfTheory]
    [InlineData("10.0.0.1", "ipv4", "IPv4")]
    [InlineData("fd00::1", "ipv6", "IPv6")]
    public void Forwarding_TakenAndGivenBack_IsLoggedOnceEach(string backend, string family, string spoken) => InNetwork(family, (setting, devices) =>
    {
        var logger = new RecordingLogger<XdpEngine>();
        var log = new XdpLog(logger);
        var plan = Plan(backend, Layout.BackendFlags.Fib);
        void Look() => log.Forwarding(KernelForwarding.Missing(plan, devices));
        Look();
        logger.Messages.ShouldBeEmpty();

        File.WriteAllText(setting, "0");
        Look();
        Look();
        logger.Messages.ShouldBe([(LogLevel.Warning, $"the kernel does not forward on v0, and tells no next hops for packets that come in there: they are dropped (no_route) until net.{family}.conf.v0.forwarding=1")]);
        KernelForwarding.Unreachable(plan, KernelForwarding.Missing(plan, devices)).ShouldBe([IPAddress.Parse(backend)]);
        Should.Throw<L4ApplyException>(() => KernelForwarding.Require(plan, devices)).Message.ShouldContain($"set net.{family}.conf.v0.forwarding=1");
        KernelForwarding.Require([.. plan.Select(service => service with { IsDiscovered = true })], devices); // told, but nothing else waits for it

        File.WriteAllText(setting, "1");
        Look();
        Look();
        logger.Messages.Skip(1).ShouldBe([(LogLevel.Information, $"the kernel forwards on v0 again ({spoken})")]);
    });

    [BpfTheory]
    [InlineData("fd00::1", "ipv4", Layout.BackendFlags.Fib)]
    [InlineData("10.0.0.1", "ipv6", Layout.BackendFlags.Fib)]
    [InlineData("10.0.0.1", "ipv4", Layout.BackendFlags.Mac)]
    internal void Forwarding_ThatNoBackendAsksFor_MayBeOff(string backend, string family, Layout.BackendFlags flags) => InNetwork(family, (setting, devices) =>
    {
        File.WriteAllText(setting, "0");

        KernelForwarding.Missing(Plan(backend, flags), devices).ShouldBeEmpty();
    });

    private static void InNetwork(string family, Action<string, HostInterface[]> test) => Run(cookies: 1, () =>
    {
        Ip("link add v0 type veth peer name v0p");
        foreach (var each in new[] { "ipv4", "ipv6" })
            File.WriteAllText(Setting(each), "1");
        test(Setting(family), [new HostInterface("v0", 2, default, 1500, [])]);
    });

    private static string Setting(string family) => $"/proc/sys/net/{family}/conf/v0/forwarding";

    private static PlannedService[] Plan(string backend, Layout.BackendFlags flags)
    {
        var address = IPAddress.Parse(backend);
        return [new PlannedService("web", new ServiceAddress(TransportProtocol.Tcp, IPAddress.Parse("203.0.113.10"), 80, 80), default, 251, [new PlannedBackend(0, 1, address, 1, new Layout.Backend { Flags = flags })])];
    }
}
