// SPDX-License-Identifier: Apache-2.0
using System.Net;
using Penstock.Netns.Tests.Harness;

namespace Penstock.Netns.Tests;

/// <summary>Translation between a real client and real servers that know nothing of it.</summary>
public sealed class XdpNatTests
{
    [NetnsTheory]
    [InlineData("203.0.113.10", "10.9.2.11", "10.9.2.12", "10.9.2.2")]
    [InlineData("[2001:db8::10]", "fd09:2::11", "fd09:2::12", "fd09:2::2")]
    public async Task Nat_ServersWithoutAnyChange_AnswerAtAPortOfTheirOwn(string vip, string first, string second, string source)
    {
        await using var net = await Topology.CreateAsync();
        foreach (var (server, device) in net.Servers.Zip((string[])["s1", "s2"]))
        {
            await server.IpAsync($"addr del {Topology.Vip}/32 dev lo");
            await server.IpAsync($"addr del {Topology.Vip6}/128 dev lo");
            await server.OkAsync(Topology.Penstock, $"decap --interface {device} --pins {net.Folder}/{device}/pins --detach");
        }

        await net.StartDaemonAsync($$"""
                - name: web
                  listen: "tcp://{{vip}}:80"
                  forwarding: nat
                  health: {interval: 200ms, timeout: 5s}
                  backends: [{address: "{{first}}", port: 8080}, {address: "{{second}}", port: 8080}]
            """);

        var answers = await net.CurlAsync(40, $"http://{vip}/");
        answers.Keys.ShouldBe(["s1", "s2"], ignoreOrder: true, customMessage: string.Join(", ", answers) + "\n" + await net.StatusAsync());
        var upload = Path.Combine(net.Folder, "upload");
        await File.WriteAllBytesAsync(upload, new byte[900_000]);
        (await net.Client.OkAsync("curl", $"-sS --max-time 60 --data-binary @{upload} http://{vip}/")).Trim().ShouldBeOneOf("s1", "s2");

        // A port that the kernel gives to no connection by itself: none of those above can have had it.
        var answer = (await net.Client.OkAsync("curl", $"-sS --max-time 15 --local-port 20000 http://{vip}/")).Trim();
        var client = vip[0] == '[' ? "[fd09:1::2]" : "10.9.1.2";
        var explained = await Run.OkAsync(Topology.Penstock, $"explain packet --socket {net.Folder}/admin.sock --src {client}:20000 --dst {vip}:80");
        explained.ShouldContain("the table of nat flows remembers it");
        explained.ShouldContain(answer == "s1" ? first : second);
        explained.ShouldContain(source);
    }

    [NetnsFact]
    public async Task Nat_OneFlowMoreThanPorts_IsDroppedForThatReasonUntilThereAreMoreSources()
    {
        const string Service = """
                - {name: web, listen: "tcp://203.0.113.10:80", forwarding: nat, source: [10.9.2.2], backends: [{address: 10.9.2.11, port: 8080}]}
            """;
        await using var net = await Topology.CreateAsync();
        net.Configure(Service, "  nat: {flows: 1024, ports: 5000}");
        await net.Balancer.IpAsync("addr add 10.9.2.3/24 dev b0");
        await net.StartDaemonAsync();

        using var connection = net.Client.Connect(new IPEndPoint(IPAddress.Parse(Topology.Vip), 80), 1)[0];
        (await net.CurlAsync(1, seconds: 3)).ShouldBe(new Dictionary<string, int> { ["curl 28"] = 1 });
        (await net.StatusAsync()).ShouldContain("nat_ports");

        net.Configure(Service.Replace("[10.9.2.2]", "[10.9.2.2, 10.9.2.3]", StringComparison.Ordinal), "  nat: {flows: 4096, ports: 5000-5999}");
        await net.ReloadAsync();
        (await net.CurlAsync(20)).ShouldBe(new Dictionary<string, int> { ["s1"] = 20 });
        (await net.StatusAsync()).ShouldContain("nat_flows has 8192 entries in place of 2048");
    }

    [NetnsFact]
    public async Task NatPorts_ThatTheKernelUses_AreRefused()
    {
        await using var net = await Topology.CreateAsync();
        net.Configure("""
                - {name: web, listen: "tcp://203.0.113.10:80", forwarding: nat, backends: [10.9.2.11]}
            """, "  nat: {ports: 30000-40000}");

        var (code, output) = await net.Balancer.RunAsync(Topology.Penstock, "run", "--config", $"{net.Folder}/penstock.yaml");

        code.ShouldBe(1);
        output.ShouldContain("nat would take ports 32768-40000 of 10.9.2.2, which the kernel gives to this host's own connections");
        await net.Balancer.OkAsync("sysctl", "-qw net.ipv4.ip_local_reserved_ports=30000-40000");
        await net.StartDaemonAsync();
        (await net.CurlAsync(3)).ShouldBe(new Dictionary<string, int> { ["s1"] = 3 });
    }
}
