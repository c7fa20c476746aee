// SPDX-License-Identifier: Apache-2.0
using Penstock.Netns.Tests.Harness;

namespace Penstock.Netns.Tests;

/// <summary>What clients meet that a service does not want, or has nobody for.</summary>
public sealed class XdpProtectionTests
{
    [NetnsFact]
    public async Task BlockList_InAFile_StopsAClientUntilAReloadTakesItOff()
    {
        await using var net = await Topology.CreateAsync();
        var list = Path.Combine(net.Folder, "drop.txt");
        await File.WriteAllTextAsync(list, "# drop\n10.9.1.0/24\n198.51.100.0/24\n");
        await net.StartDaemonAsync($$"""
                - {name: web, listen: "tcp://203.0.113.10:80", forwarding: dsr-ipip, block: [192.0.2.0/24, {{list}}], backends: [10.9.2.11]}
            """);

        (await net.CurlAsync(1, seconds: 3)).ShouldBe(new Dictionary<string, int> { ["curl 28"] = 1 });
        (await net.StatusAsync()).ShouldContain("dropped of web: source_blocked");
        (await Run.OkAsync(Topology.Penstock, $"explain packet --socket {net.Folder}/admin.sock --src 10.9.1.2:1 --dst 203.0.113.10:80")).ShouldContain("the client is on the service's block list");

        await File.WriteAllTextAsync(list, "198.51.100.0/24\n");
        await net.ReloadAsync();
        (await net.CurlAsync(3)).ShouldBe(new Dictionary<string, int> { ["s1"] = 3 });
    }

    [NetnsFact]
    public async Task AllowList_OfOthers_LeavesTheClientOut()
    {
        await using var net = await Topology.CreateAsync();
        await net.StartDaemonAsync("""
                - {name: web, listen: "tcp://203.0.113.10:80", forwarding: dsr-ipip, allow: 192.0.2.0/24, backends: [10.9.2.11]}
            """);

        (await net.CurlAsync(1, seconds: 3)).ShouldBe(new Dictionary<string, int> { ["curl 28"] = 1 });
        (await net.StatusAsync()).ShouldContain("source_not_allowed");
    }

    [NetnsFact]
    public async Task FlowsPerSource_Exceeded_AreDroppedForThatReason()
    {
        await using var net = await Topology.CreateAsync();
        await net.StartDaemonAsync("""
                - {name: web, listen: "tcp://203.0.113.10:80", forwarding: dsr-ipip, flows_per_source: 2, backends: [10.9.2.11]}
            """);

        // Lost SYNs are sent again a second later: all come through, but not at once.
        await Task.WhenAll(Enumerable.Range(0, 12).Select(_ => net.CurlAsync(1, seconds: 3)));

        (await net.StatusAsync()).ShouldContain("source_flows");
    }

    [NetnsFact]
    public async Task Empty_Reject_RefusesConnectionsAtOnce()
    {
        await using var net = await Topology.CreateAsync();
        await net.StartDaemonAsync("""
                - {name: web, listen: "tcp://203.0.113.10:80", forwarding: dsr-ipip, empty: reject, backends: [{address: 10.9.2.11, state: maintenance}]}
            """);

        (await net.CurlAsync(3)).ShouldBe(new Dictionary<string, int> { ["curl 7"] = 3 });
    }

    [NetnsFact]
    public async Task DropOtherPorts_OfAServicesAddress_KeepsTheHostsOwnFromAnswering()
    {
        await using var net = await Topology.CreateAsync();
        await net.Balancer.IpAsync($"addr add {Topology.Vip}/32 dev lo");
        const string Service = """
                - {name: web, listen: "tcp://203.0.113.10:80", forwarding: dsr-ipip, backends: [10.9.2.11]}
            """;
        await net.StartDaemonAsync(Service);
        (await net.CurlAsync(1, $"http://{Topology.Vip}:81/", seconds: 3)).ShouldBe(new Dictionary<string, int> { ["curl 7"] = 1 });

        net.Configure(Service, "  drop_other_ports: true");
        await net.ReloadAsync();

        (await net.CurlAsync(1, $"http://{Topology.Vip}:81/", seconds: 3)).ShouldBe(new Dictionary<string, int> { ["curl 28"] = 1 });
        (await net.StatusAsync()).ShouldContain("no_service");
    }

    [NetnsFact]
    public async Task Override_OfTheClient_NamesItsServerWhileThatIsReady()
    {
        await using var net = await Topology.CreateAsync();
        const string Service = """
                - {name: web, listen: "tcp://203.0.113.10:80", forwarding: dsr-ipip, overrides: [{clients: 10.9.1.0/24, backend: 10.9.2.12}], backends: [10.9.2.11, 10.9.2.12]}
            """;
        await net.StartDaemonAsync(Service);
        (await net.CurlAsync(8)).ShouldBe(new Dictionary<string, int> { ["s2"] = 8 });

        net.Configure(Service.Replace("10.9.2.12]}", "{address: 10.9.2.12, state: drain}]}", StringComparison.Ordinal));
        await net.ReloadAsync();

        (await net.CurlAsync(8)).ShouldBe(new Dictionary<string, int> { ["s1"] = 8 });
    }
}
