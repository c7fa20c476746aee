// SPDX-License-Identifier: Apache-2.0
using Penstock.Netns.Tests.Harness;

namespace Penstock.Netns.Tests;

/// <summary>Each forwarding mode from a real curl to a real nginx.</summary>
public sealed class XdpForwardingTests
{
    [NetnsFact]
    public async Task DsrIpip_RealServers_AnswerTheClientThemselves()
    {
        await using var net = await Topology.CreateAsync();
        await net.StartDaemonAsync("""
                - {name: web, listen: "tcp://203.0.113.10:80", forwarding: dsr-ipip, backends: [10.9.2.11, 10.9.2.12]}
            """);

        await BothAnswerAsync(net);
    }

    [NetnsFact]
    public async Task DsrGue_RealServers_AnswerTheClientThemselves()
    {
        await using var net = await Topology.CreateAsync();
        await net.StartDaemonAsync("""
                - {name: web, listen: "tcp://203.0.113.10:80", forwarding: dsr-gue, backends: [10.9.2.11, 10.9.2.12]}
            """);

        await BothAnswerAsync(net);
    }

    [NetnsFact]
    public async Task DsrL2_RealServers_AnswerTheClientThemselves()
    {
        await using var net = await Topology.CreateAsync();
        await net.StartDaemonAsync("""
                - name: web
                  listen: "tcp://203.0.113.10:*"
                  forwarding: dsr-l2
                  backends: [{address: 10.9.2.11, mac: "02:00:00:00:00:11"}, {address: 10.9.2.12, mac: "02:00:00:00:00:12"}]
            """);

        await BothAnswerAsync(net);
    }

    [NetnsFact]
    public async Task L7_ListenerOfThisHost_Answers()
    {
        await using var net = await Topology.CreateAsync();
        await net.Balancer.IpAsync($"addr add {Topology.Vip}/32 dev lo");
        await net.StartDaemonAsync("""
                - {name: web, listen: "tcp://203.0.113.10:80", forwarding: l7}
            l7:
              listeners: [{name: http, bind: ":80", routes: main}]
              routes: {main: [{respond: {status: 200, body: "proxy\n"}}]}
            """);

        (await net.CurlAsync(5)).ShouldBe(new Dictionary<string, int> { ["proxy"] = 5 });
        (await net.StatusAsync()).ShouldContain("-> local");
    }

    [NetnsFact]
    public async Task HealthChecks_ServerThatStops_GetsNoMoreConnections()
    {
        await using var net = await Topology.CreateAsync();
        await net.StartDaemonAsync("""
                - name: web
                  listen: "tcp://203.0.113.10:80"
                  forwarding: dsr-ipip
                  health: {interval: 100ms, timeout: 50ms, rise: 1, fall: 2}
                  backends: [10.9.2.11, 10.9.2.12]
            """);
        await Eventually.TrueAsync(async () => (await net.CurlAsync(8)).Count == 2, TimeSpan.FromSeconds(10), () => "both servers answer");

        await net.Servers[1].IpAsync("link set s2 down");
        await Eventually.TrueAsync(
            async () => (await net.StatusAsync()).Contains("down", StringComparison.Ordinal), TimeSpan.FromSeconds(10), () => net.StatusAsync().Result);

        (await net.CurlAsync(12)).ShouldBe(new Dictionary<string, int> { ["s1"] = 12 });
    }

    [NetnsFact]
    public async Task ExplainPacket_OfAConnectionThereIs_NamesItsServerAndTheFlowTable()
    {
        await using var net = await Topology.CreateAsync();
        await net.StartDaemonAsync("""
                - {name: web, listen: "tcp://203.0.113.10:80", forwarding: dsr-ipip, backends: [10.9.2.11, 10.9.2.12]}
            """);

        // The program has chosen for each; what is explained before must be what came of it.
        for (var port = 40_000; port < 40_016; port++)
        {
            var question = $"explain packet --socket {net.Folder}/admin.sock --src 10.9.1.2:{port} --dst 203.0.113.10:80";
            var before = await Run.OkAsync(Topology.Penstock, question);
            before.ShouldContain("of 65537 of its Maglev table");

            var (_, answer) = await net.Client.RunAsync("curl", "-sS", "--max-time", "3", "--local-port", $"{port}", $"http://{Topology.Vip}/");

            before.ShouldContain($"ipip (10.9.1.2:{port} > 203.0.113.10:80 tcp)");
            before.ShouldContain(answer.Trim() == "s1" ? "backend   10.9.2.11" : "backend   10.9.2.12");
            (await Run.OkAsync(Topology.Penstock, question)).ShouldContain("remembers it");
        }

        (await Run.OkAsync(Topology.Penstock, $"explain packet --socket {net.Folder}/admin.sock --src 10.9.1.2:1 --dst 203.0.113.10:81")).ShouldContain("no service listens at tcp://203.0.113.10:81");
    }

    private static async Task BothAnswerAsync(Topology net)
    {
        var answers = await net.CurlAsync(40);

        answers.Keys.ShouldBe(["s1", "s2"], ignoreOrder: true, customMessage: string.Join(", ", answers) + "\n" + await net.StatusAsync());
        var status = await net.StatusAsync();
        status.ShouldContain("XDP on b0 (native, program ");
        status.ShouldContain("-> 10.9.2.11");
    }
}
