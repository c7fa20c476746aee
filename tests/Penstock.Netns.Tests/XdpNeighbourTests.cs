// SPDX-License-Identifier: Apache-2.0
using Penstock.Netns.Tests.Harness;

namespace Penstock.Netns.Tests;

/// <summary>Next hops that the kernel is asked for with each packet: only who sends makes the kernel find them out.</summary>
public sealed class XdpNeighbourTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [NetnsFact]
    public async Task NextHops_ThatTheKernelForgets_AreFoundAgainBeforeClientsGiveUp()
    {
        await using var net = await Topology.CreateAsync();
        await net.StartDaemonAsync("""
                - {name: web, listen: "tcp://203.0.113.10:80", forwarding: dsr-ipip, backends: [10.9.2.11, 10.9.2.12]}
            """);
        await Eventually.TrueAsync(async () => (await net.CurlAsync(8)).Count == 2, Patience, () => "both servers answer");

        for (var time = 0; time < 3; time++)
        {
            await net.Balancer.IpAsync("neigh flush dev b0");
            (await net.CurlAsync(4, seconds: 6)).Keys.ShouldBeSubsetOf(["s1", "s2"]);
        }
    }

    [NetnsFact]
    public async Task NextHop_ThatNobodyAnswersFor_IsNamedUntilSomebodyDoes()
    {
        await using var net = await Topology.CreateAsync();
        await net.StartDaemonAsync("""
                - {name: web, listen: "tcp://203.0.113.10:80", forwarding: dsr-ipip, backends: [10.9.2.11, 10.9.2.99]}
            """);
        const string Warning = "no next hop answers, or there is no route, for 10.9.2.99";

        await Eventually.TrueAsync(async () => (await net.StatusAsync()).Contains(Warning, StringComparison.Ordinal), Patience, () => net.StatusAsync().Result);
        await net.Servers[1].IpAsync("addr add 10.9.2.99/24 dev s2");

        await Eventually.TrueAsync(async () => !(await net.StatusAsync()).Contains(Warning, StringComparison.Ordinal), Patience, () => net.StatusAsync().Result);
    }
}
