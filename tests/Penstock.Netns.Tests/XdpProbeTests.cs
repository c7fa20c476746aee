// SPDX-License-Identifier: Apache-2.0
using Penstock.Netns.Tests.Harness;

namespace Penstock.Netns.Tests;

/// <summary>Health checks that go the way of clients' packets.</summary>
public sealed class XdpProbeTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [NetnsTheory]
    [InlineData("dsr-ipip")]
    [InlineData("dsr-gue")]
    public async Task DataPath_ServerThatTakesNoTunnelsApart_IsDownAlthoughItsOwnAddressAnswers(string forwarding)
    {
        await using var net = await Topology.CreateAsync();
        await StartAsync(net, forwarding);
        await ReadyAsync(net, ready: 4);

        await net.Servers[1].OkAsync(Topology.Penstock, $"decap --interface s2 --pins {net.Folder}/s2/pins --detach");
        await ReadyAsync(net, ready: 2);
        foreach (var address in (string[])["10.9.2.12", "[fd09:2::12]"])
            (await net.Balancer.OkAsync("curl", $"-sS --max-time 15 http://{address}/")).Trim().ShouldBe("s2");
        (await net.CurlAsync(8)).ShouldBe(new Dictionary<string, int> { ["s1"] = 8 });

        await net.Servers[1].OkAsync(Topology.Penstock, $"decap --interface s2 --pins {net.Folder}/s2/pins --program {net.Programs}/decap.bpf.o");
        await ReadyAsync(net, ready: 4);
    }

    [NetnsFact]
    public async Task DataPath_OfFramesToAServerWithoutTheAddress_IsDown()
    {
        await using var net = await Topology.CreateAsync();
        await StartAsync(net, "dsr-l2");
        await ReadyAsync(net, ready: 4);

        await net.Servers[1].IpAsync($"addr del {Topology.Vip}/32 dev lo");
        await net.Servers[1].IpAsync($"addr del {Topology.Vip6}/128 dev lo");
        await ReadyAsync(net, ready: 2);
        (await net.Balancer.OkAsync("curl", "-sS --max-time 15 http://10.9.2.12/")).Trim().ShouldBe("s2");

        await net.Servers[1].IpAsync($"addr add {Topology.Vip}/32 dev lo");
        await net.Servers[1].IpAsync($"addr add {Topology.Vip6}/128 dev lo nodad");
        await ReadyAsync(net, ready: 4);
    }

    [NetnsFact]
    public async Task DataPath_ProgramsOfADaemonThatDied_AreReplacedAndLeaveWithTheKeyOrTheLast()
    {
        await using var net = await Topology.CreateAsync();
        var first = await StartAsync(net, "dsr-ipip");
        await ReadyAsync(net, ready: 4);
        first.Signal(9);
        await first.WaitAsync(Patience);

        var left = await FiltersAsync(net);
        left.Length.ShouldBe(2, string.Join('\n', left));
        var second = await net.StartDaemonAsync();
        await ReadyAsync(net, ready: 4);
        var now = await FiltersAsync(net);
        now.Length.ShouldBe(2, string.Join('\n', now));
        now.ShouldNotBe(left);

        Configure(net, "dsr-ipip", "address");
        await net.ReloadAsync();
        (await FiltersAsync(net)).ShouldBeEmpty();
        (await net.Balancer.OkAsync("tc", "qdisc show dev b0")).ShouldNotContain("clsact");

        // A qdisc of somebody else's stays.
        await net.Balancer.OkAsync("tc", "qdisc add dev b0 clsact");
        Configure(net, "dsr-ipip", "data_path");
        await net.ReloadAsync();
        (await FiltersAsync(net)).Length.ShouldBe(2);
        second.Signal(9);
        await second.WaitAsync(Patience);
        await net.Balancer.OkAsync(Topology.Penstock, $"detach --pins {net.Folder}/pins");
        (await FiltersAsync(net)).ShouldBeEmpty();
        (await net.Balancer.OkAsync("tc", "qdisc show dev b0")).ShouldContain("clsact");
    }

    // The virtual addresses are the balancer's, too: a check of them must not end there.
    private static async Task<ChildProcess> StartAsync(Topology net, string forwarding)
    {
        await net.Balancer.IpAsync($"addr add {Topology.Vip}/32 dev b0");
        await net.Balancer.IpAsync($"addr add {Topology.Vip6}/128 dev b0 nodad");
        Configure(net, forwarding, "data_path");
        return await net.StartDaemonAsync();
    }

    private static void Configure(Topology net, string forwarding, string via) => net.Configure($$"""
            - name: web
              listen: "tcp://203.0.113.10:80"
              forwarding: {{forwarding}}
              health: {type: http, interval: 100ms, timeout: 2s, rise: 1, fall: 2}
              health_via: {{via}}
              backends: [10.9.2.11, 10.9.2.12]
            - name: web6
              listen: "tcp://[2001:db8::10]:80"
              forwarding: {{forwarding}}
              health: {interval: 100ms, timeout: 2s, rise: 1, fall: 2}
              health_via: {{via}}
              backends: ["fd09:2::11", "fd09:2::12"]
        """);

    private static Task ReadyAsync(Topology net, int ready) => Eventually.TrueAsync(
        async () =>
        {
            // A state is believed once both checks of the same host agree, by either address.
            var lines = (await net.StatusAsync()).Split('\n').Where(line => line.Contains("-> ", StringComparison.Ordinal)).ToArray();
            return lines.Length == 4 && lines.Count(line => !line.Contains("down", StringComparison.Ordinal)) == ready;
        },
        Patience, () => net.StatusAsync().Result);

    private static async Task<string[]> FiltersAsync(Topology net)
    {
        var found = new List<string>();
        foreach (var direction in (string[])["ingress", "egress"])
        {
            var (_, output) = await net.Balancer.RunAsync("tc", "filter", "show", "dev", "b0", direction);
            found.AddRange(output.Split('\n').Where(line => line.Contains(" probe_", StringComparison.Ordinal)));
        }

        return [.. found];
    }
}
