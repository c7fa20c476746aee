// SPDX-License-Identifier: Apache-2.0
using System.Net;
using System.Text.Json;
using Penstock.Netns.Tests.Harness;

namespace Penstock.Netns.Tests;

/// <summary>Each forwarding mode from a real curl to a real nginx.</summary>
public sealed class XdpForwardingTests
{
    private const string Ipip4 = "10.9.2.11, 10.9.2.12", Ipip6 = "\"fd09:2::11\", \"fd09:2::12\"";
    private const string L2 = "{address: 10.9.2.11, mac: \"02:00:00:00:00:11\"}, {address: 10.9.2.12, mac: \"02:00:00:00:00:12\"}";
    private const string L26 = "{address: \"fd09:2::11\", mac: \"02:00:00:00:00:11\"}, {address: \"fd09:2::12\", mac: \"02:00:00:00:00:12\"}";

    [NetnsTheory]
    [InlineData("dsr-ipip", Ipip4, Ipip6)]
    [InlineData("dsr-ipip", Ipip6, Ipip4)] // IPv4 in IPv6, and the other way round
    [InlineData("dsr-gue", Ipip4, Ipip6)]
    [InlineData("dsr-l2", L2, L26)]
    [InlineData("dsr-l2", Ipip4, Ipip6)] // MAC addresses from the neighbour table
    public async Task Forwarding_OfTcpUdpAndRangesInBothFamilies_ReachesBothServers(string forwarding, string backends, string backends6)
    {
        await using var net = await Topology.CreateAsync();
        using var first = Echo(net.Servers[0], "s1");
        using var second = Echo(net.Servers[1], "s2");
        await net.StartDaemonAsync($$"""
                - {name: web, listen: "tcp://203.0.113.10:80", forwarding: {{forwarding}}, backends: [{{backends}}]}
                - {name: web6, listen: "tcp://[2001:db8::10]:80", forwarding: {{forwarding}}, backends: [{{backends6}}]}
                - {name: quic, listen: "udp://203.0.113.10:4433", forwarding: {{forwarding}}, backends: [{{backends}}]}
                - {name: quic6, listen: "udp://[2001:db8::10]:4433", forwarding: {{forwarding}}, backends: [{{backends6}}]}
                - {name: media, listen: "udp://203.0.113.10:5000-5099", forwarding: {{forwarding}}, backends: [{{backends}}]}
                - {name: all6, listen: "udp://[2001:db8::10]:*", forwarding: {{forwarding}}, backends: [{{backends6}}]}
            """);

        await BothAnswerAsync(net, $"http://{Topology.Vip}/");
        await BothAnswerAsync(net, $"http://[{Topology.Vip6}]/");
        foreach (var (vip, port) in new[] { (Topology.Vip, 4433), (Topology.Vip6, 4433), (Topology.Vip, 5007), (Topology.Vip6, 5007) })
            BothEcho(net.Client, new IPEndPoint(IPAddress.Parse(vip), port));

        (await net.CurlAsync(1, $"http://{Topology.Vip}:81/")).Keys.Single().ShouldBe("curl 7"); // no service: the balancer's own stack refuses
        var status = await net.StatusAsync();
        status.ShouldContain("XDP on b0 (native, program ");
        if (forwarding != "dsr-l2")
        {
            // The packets came out of tunnels: each server has counted them.
            for (var i = 0; i < 2; i++)
            {
                using var shown = JsonDocument.Parse(await net.Servers[i].OkAsync(Topology.Penstock, $"decap --show --pins {net.Folder}/s{i + 1}/pins -o json"));
                shown.RootElement[0].GetProperty("mode").GetString().ShouldBe("native");
                shown.RootElement[0].GetProperty("packets").GetInt64().ShouldBeGreaterThan(100);
            }
        }
    }

    [NetnsFact]
    public async Task L7_ListenerOfThisHost_AnswersInBothFamilies()
    {
        await using var net = await Topology.CreateAsync();
        await net.Balancer.IpAsync($"addr add {Topology.Vip}/32 dev lo");
        await net.Balancer.IpAsync($"addr add {Topology.Vip6}/128 dev lo nodad");
        await net.StartDaemonAsync("""
                - {name: web, listen: "tcp://203.0.113.10:80", forwarding: l7}
                - {name: web6, listen: "tcp://[2001:db8::10]:80", forwarding: l7}
            l7:
              listeners: [{name: http, bind: ":80", routes: main}]
              routes: {main: [{respond: {status: 200, body: "proxy\n"}}]}
            """);

        (await net.CurlAsync(5)).ShouldBe(new Dictionary<string, int> { ["proxy"] = 5 });
        (await net.CurlAsync(5, $"http://[{Topology.Vip6}]/")).ShouldBe(new Dictionary<string, int> { ["proxy"] = 5 });
        (await net.StatusAsync()).ShouldContain("-> local");
    }

    [NetnsFact]
    public async Task ClientAffinity_OfIperf3_KeepsItsConnectionsTogetherInTcpAndUdp()
    {
        await using var net = await Topology.CreateAsync();
        foreach (var server in net.Servers)
            net.Keep(server.Start("iperf3", "--server", "--bind", Topology.Vip));
        await net.StartDaemonAsync("""
                - {name: tcp, listen: "tcp://203.0.113.10:5201", forwarding: dsr-ipip, hash: client, backends: [10.9.2.11, 10.9.2.12]}
                - {name: udp, listen: "udp://203.0.113.10:5201", forwarding: dsr-ipip, hash: client, backends: [10.9.2.11, 10.9.2.12]}
            """);

        // Control and data are connections of their own, to one server: it is chosen by the client's address.
        foreach (var kind in (string[])["--parallel 4", "--udp --bandwidth 20M"])
        {
            var output = "";
            await Eventually.TrueAsync(
                async () =>
                {
                    (var code, output) = await net.Client.RunAsync("iperf3", ["--client", Topology.Vip, "--time", "1", "--json", .. kind.Split(' ')]);
                    return code == 0 || !(output.Contains("busy", StringComparison.Ordinal) || output.Contains("unable to connect", StringComparison.Ordinal));
                },
                TimeSpan.FromSeconds(60), () => output);
            using var report = JsonDocument.Parse(output);
            report.RootElement.TryGetProperty("error", out var error).ShouldBeFalse(error.ToString());
            report.RootElement.GetProperty("end").GetProperty("streams").GetArrayLength().ShouldBeGreaterThan(0);
        }
    }

    [NetnsFact]
    public async Task HealthChecks_ServerThatStops_GetsNoMoreConnections()
    {
        await using var net = await Topology.CreateAsync();
        await net.StartDaemonAsync("""
                - name: web
                  listen: "tcp://203.0.113.10:80"
                  forwarding: dsr-ipip
                  health: {interval: 100ms, timeout: 2s, rise: 1, fall: 2}
                  backends: [10.9.2.11, 10.9.2.12]
            """);
        await Eventually.TrueAsync(async () => (await net.CurlAsync(8)).Count == 2, TimeSpan.FromSeconds(60), () => "both servers answer");

        await net.Servers[1].IpAsync("link set s2 down");
        await Eventually.TrueAsync(
            async () => (await net.StatusAsync()).Contains("down", StringComparison.Ordinal), TimeSpan.FromSeconds(60), () => net.StatusAsync().Result);

        (await net.CurlAsync(12)).ShouldBe(new Dictionary<string, int> { ["s1"] = 12 });
    }

    [NetnsFact]
    public async Task DsrL2WithoutMac_ServerThatGoesAndComesBackWithAnotherMac_IsTakenOutAndFound()
    {
        await using var net = await Topology.CreateAsync();
        await net.StartDaemonAsync("""
                - {name: web, listen: "tcp://203.0.113.10:80", forwarding: dsr-l2, backends: [10.9.2.11, 10.9.2.12, 10.9.1.2]}
            """);
        await FoundAsync(net);
        (await net.CurlAsync(16)).Keys.ShouldBe(["s1", "s2"], ignoreOrder: true);
        (await BackendAsync(net, 2)).GetProperty("reason").GetString().ShouldBe("10.9.1.2 is behind the router 10.9.2.1: dsr-l2 needs it on a link of this host");

        await net.Servers[1].IpAsync("link set s2 down");
        await net.Balancer.IpAsync("neigh change 10.9.2.12 dev b0 nud failed");
        await Eventually.TrueAsync(
            async () => (await BackendAsync(net, 1)).GetProperty("reason").GetString() == "no answer on b0 to who has 10.9.2.12", TimeSpan.FromSeconds(60), () => net.StatusAsync().Result);
        (await BackendAsync(net, 1)).GetProperty("state").GetString().ShouldBe("down");
        (await net.CurlAsync(8)).ShouldBe(new Dictionary<string, int> { ["s1"] = 8 });

        await net.Servers[1].IpAsync("link set s2 address 02:00:00:00:00:99 up");
        await net.Servers[1].IpAsync("route add default via 10.9.2.1"); // went with the link
        await Eventually.TrueAsync(
            async () => (await BackendAsync(net, 1)).GetProperty("state").GetString() == "ready", TimeSpan.FromSeconds(60), () => net.StatusAsync().Result);

        (await net.CurlAsync(16)).Keys.ShouldBe(["s1", "s2"], ignoreOrder: true);
    }

    [NetnsTheory("8021q")]
    [InlineData("forwarding: dsr-l2", "10.9.3.11, 10.9.3.12")]
    [InlineData("forwarding: nat, source: [10.9.3.2]", "{address: 10.9.3.11, port: 8080}, {address: 10.9.3.12, port: 8080}")]
    public async Task Servers_OnAVlanInterface_AreReachedThroughIt(string forwarding, string backends)
    {
        await using var net = await Topology.CreateAsync();
        foreach (var (host, device, number) in new[] { (net.Balancer, "b0", 2), (net.Servers[0], "s1", 11), (net.Servers[1], "s2", 12) })
        {
            await host.IpAsync($"link add link {device} name {device}.100 type vlan id 100");
            await host.IpAsync($"addr add 10.9.3.{number}/24 dev {device}.100");
            await host.IpAsync($"link set {device}.100 up");
            await net.Router.OkAsync("ethtool", $"-K r{device} txvlan off"); // else the tag is beside the frame, where XDP does not see it
        }

        await net.StartDaemonAsync($$"""
                - {name: web, listen: "tcp://203.0.113.10:80", {{forwarding}}, backends: [{{backends}}]}
            """);

        await Eventually.TrueAsync(async () => (await net.CurlAsync(1, seconds: 2)).Keys.Single() is "s1" or "s2", TimeSpan.FromSeconds(60), () => net.StatusAsync().Result);
        await FoundAsync(net);
        (await net.CurlAsync(24)).Keys.ShouldBe(["s1", "s2"], ignoreOrder: true);
    }

    [NetnsFact]
    public async Task SlowStart_OfAServerThatReturns_GivesItASixteenthAtFirst()
    {
        await using var net = await Topology.CreateAsync();
        const string Services = """
                - name: web
                  listen: "tcp://203.0.113.10:80"
                  forwarding: dsr-ipip
                  slow_start: 1h
                  backends: [10.9.2.11, {address: 10.9.2.12, state: maintenance}]
            """;
        await net.StartDaemonAsync(Services);
        (await net.CurlAsync(8)).ShouldBe(new Dictionary<string, int> { ["s1"] = 8 });

        net.Configure(Services.Replace("maintenance", "ready", StringComparison.Ordinal));
        await net.ReloadAsync();

        var backend = await BackendAsync(net, 1);
        backend.GetProperty("state").GetString().ShouldBe("ready");
        backend.GetProperty("reason").GetString().ShouldBe("slow start, 1/16 of its weight");
        backend.GetProperty("share").GetDouble().ShouldBe(1.0 / 16);
        backend.GetProperty("slots").GetInt64().ShouldBeInRange(3_800, 3_910); // 65537 / 17
    }

    [NetnsFact]
    public async Task Panic_WhenTooFewServersAreUp_UsesAllOfThemUntilEnoughAre()
    {
        await using var net = await Topology.CreateAsync();
        await net.StartDaemonAsync("""
                - name: web
                  listen: "tcp://203.0.113.10:80"
                  forwarding: dsr-ipip
                  health: {interval: 100ms, timeout: 2s, rise: 1, fall: 2}
                  panic: 60%
                  backends: [10.9.2.11, 10.9.2.12]
            """);

        await net.Servers[1].IpAsync("link set s2 down");
        await Eventually.TrueAsync(
            async () => (await net.StatusAsync()).Contains("panic, 50% are up: used although its check says", StringComparison.Ordinal), TimeSpan.FromSeconds(60), () => net.StatusAsync().Result);
        var backend = await BackendAsync(net, 1);
        backend.GetProperty("state").GetString().ShouldBe("ready");
        backend.GetProperty("slots").GetInt64().ShouldBeGreaterThan(30_000);

        await net.Servers[1].IpAsync("link set s2 up");
        await Eventually.TrueAsync(
            async () => !(await net.StatusAsync()).Contains("panic", StringComparison.Ordinal), TimeSpan.FromSeconds(60), () => net.StatusAsync().Result);
    }

    [NetnsFact]
    public async Task ExplainPacket_OfAConnectionThereIs_NamesItsServerAndTheFlowTable()
    {
        await using var net = await Topology.CreateAsync();
        await net.StartDaemonAsync("""
                - {name: web, listen: "tcp://203.0.113.10:80", forwarding: dsr-ipip, backends: [10.9.2.11, 10.9.2.12]}
            """);

        // The program has chosen for each; what is explained before must be what came of it.
        for (var port = 20_000; port < 20_016; port++)
        {
            var question = $"explain packet --socket {net.Folder}/admin.sock --src 10.9.1.2:{port} --dst 203.0.113.10:80";
            var before = await Run.OkAsync(Topology.Penstock, question);
            before.ShouldContain("of 65537 of its Maglev table");

            var answer = await net.Client.OkAsync("curl", $"-sS --max-time 15 --local-port {port} http://{Topology.Vip}/");

            before.ShouldContain($"ipip (10.9.1.2:{port} > 203.0.113.10:80 tcp)");
            before.ShouldContain(answer.Trim() == "s1" ? "backend   10.9.2.11" : "backend   10.9.2.12");
            (await Run.OkAsync(Topology.Penstock, question)).ShouldContain("remembers it");
        }

        (await Run.OkAsync(Topology.Penstock, $"explain packet --socket {net.Folder}/admin.sock --src 10.9.1.2:1 --dst 203.0.113.10:81")).ShouldContain("no service listens at tcp://203.0.113.10:81");
    }

    [NetnsFact]
    public async Task StatusRate_UnderTraffic_ShowsWhatEachBackendGetsASecond()
    {
        await using var net = await Topology.CreateAsync();
        await net.StartDaemonAsync("""
                - {name: web, listen: "tcp://203.0.113.10:80", forwarding: dsr-ipip, backends: [10.9.2.11, 10.9.2.12]}
            """);
        await net.UnderLoadAsync(5, async () =>
        {
            using var rates = JsonDocument.Parse(await Run.OkAsync(Topology.Penstock, $"status --socket {net.Folder}/admin.sock --rate 0.5 -o json"));
            var service = rates.RootElement.GetProperty("services")[0];
            service.GetProperty("connections").GetDouble().ShouldBeGreaterThan(20);
            service.GetProperty("backends").EnumerateArray().Sum(backend => backend.GetProperty("packets").GetDouble()).ShouldBe(service.GetProperty("packets").GetDouble(), tolerance: 1);
            service.GetProperty("packets").GetDouble().ShouldBeGreaterThan(service.GetProperty("connections").GetDouble());
        });

        var text = await Run.OkAsync(Topology.Penstock, $"status --socket {net.Folder}/admin.sock --rate 0.1");
        text.ShouldContain("CPS  INPPS  OUTPPS  INBPS  OUTBPS  UNSERVED");
        text.ShouldContain("-> 10.9.2.12");
    }

    private static async Task<JsonElement> BackendAsync(Topology net, int position)
    {
        using var status = JsonDocument.Parse(await Run.OkAsync(Topology.Penstock, $"status --socket {net.Folder}/admin.sock -o json"));
        return status.RootElement.GetProperty("l4").GetProperty("services")[0].GetProperty("backends")[position].Clone();
    }

    private static UdpEcho Echo(Host server, string name) => new(
        server, name, [.. from vip in (string[])[Topology.Vip, Topology.Vip6] from port in (int[])[4433, 5007] select new IPEndPoint(IPAddress.Parse(vip), port)]);

    private static async Task BothAnswerAsync(Topology net, string url)
    {
        await FoundAsync(net);
        var answers = await net.CurlAsync(24, url);

        answers.Keys.ShouldBe(["s1", "s2"], ignoreOrder: true, customMessage: $"{url}: {string.Join(", ", answers)}\n{await net.StatusAsync()}");
    }

    // The daemon waits for a server's first answer for a moment only, and then looks each second.
    private static Task FoundAsync(Topology net) => Eventually.TrueAsync(
        async () => !(await net.StatusAsync()).Contains("no answer on", StringComparison.Ordinal), TimeSpan.FromSeconds(60), () => net.StatusAsync().Result);

    private static void BothEcho(Host client, IPEndPoint to)
    {
        // 1200 bytes: the least a QUIC client's first datagram has (RFC 9000, 14.1).
        var flows = Enumerable.Range(0, 24).Select(_ => UdpEcho.Ask(client, to, datagrams: 3, bytes: 1200).Distinct().ToArray()).ToArray();

        flows.ShouldAllBe(servers => servers.Length == 1, $"a flow to {to} stays with its server");
        flows.Select(servers => servers[0]).Distinct().ShouldBe(["s1", "s2"], ignoreOrder: true, customMessage: to.ToString());
    }
}
