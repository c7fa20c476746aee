// SPDX-License-Identifier: Apache-2.0
using System.Net;
using System.Net.Sockets;
using System.Text;
using Penstock.Netns.Tests.Harness;

namespace Penstock.Netns.Tests;

/// <summary>What happens to connections while the control side comes, goes and changes its mind.</summary>
public sealed class XdpSurvivalTests
{
    private const string TwoServers = """
            - {name: web, listen: "tcp://203.0.113.10:80", forwarding: dsr-ipip, backends: [10.9.2.11, 10.9.2.12]}
        """;

    private const string OneServer = """
            - {name: web, listen: "tcp://203.0.113.10:80", forwarding: dsr-ipip, backends: [10.9.2.11]}
        """;

    [NetnsFact]
    public async Task Daemon_KilledAndStartedAgainUnderLoad_FailsNoConnection()
    {
        await using var net = await Topology.CreateAsync();
        var daemon = await net.StartDaemonAsync(TwoServers);

        var (good, bad) = await net.UnderLoadAsync(8, async () =>
        {
            daemon.Signal(9);
            await daemon.WaitAsync(TimeSpan.FromSeconds(60));
            await Task.Delay(2000);
            var next = await net.StartDaemonAsync();
            next.Output.ShouldContain("with the maps of the one before");
        });

        bad.ShouldBeEmpty();
        good.ShouldBeGreaterThan(500);
    }

    [NetnsFact]
    public async Task Daemon_KilledAndStartedAgainWhileABackendIsDown_SendsItNoConnection()
    {
        await using var net = await Topology.CreateAsync();
        const string Quick = "health: {interval: 200ms, timeout: 2s, rise: 1, fall: 2}", Slow = "health: {interval: 20s, rise: 1, fall: 2}";
        var daemon = await net.StartDaemonAsync(Services(Quick));
        await net.Servers[1].IpAsync("link set s2 down");
        await Eventually.TrueAsync(
            async () => (await net.StatusAsync()).Contains("down", StringComparison.Ordinal), TimeSpan.FromSeconds(60), () => net.StatusAsync().Result);

        daemon.Signal(9);
        await daemon.WaitAsync(TimeSpan.FromSeconds(60));
        await net.StartDaemonAsync(Services(Slow)); // so that nothing is found out while clients ask
        (await net.CurlAsync(16)).ShouldBe(new Dictionary<string, int> { ["s1"] = 16 });
        (await net.StatusAsync()).ShouldContain("was down before the daemon started");

        // Back, it is believed when a check says so.
        await net.Servers[1].IpAsync("link set s2 up");
        await net.Servers[1].IpAsync("route add default via 10.9.2.1"); // went with the link
        net.Configure(Services(Quick));
        await net.ReloadAsync();
        await Eventually.TrueAsync(async () => (await net.CurlAsync(8)).Count == 2, TimeSpan.FromSeconds(30), () => net.StatusAsync().Result);

        static string Services(string health) => $"""
                - {"{"}name: web, listen: "tcp://203.0.113.10:80", forwarding: dsr-ipip, {health}, backends: [10.9.2.11, 10.9.2.12]{"}"}
            """;
    }

    [NetnsFact]
    public async Task Program_ReplacedUnderLoad_FailsNoConnection()
    {
        await using var net = await Topology.CreateAsync();
        await net.StartDaemonAsync(TwoServers);

        var (good, bad) = await net.UnderLoadAsync(8, async () =>
        {
            for (var i = 0; i < 5; i++)
            {
                // A setting that is compiled into the program.
                net.Configure(TwoServers, $"  new_flows_per_cpu: {1_000_000 + i}");
                await net.ReloadAsync();
                await Task.Delay(300);
            }
        });

        bad.ShouldBeEmpty();
        good.ShouldBeGreaterThan(500);
    }

    [NetnsFact]
    public async Task Backend_RemovedUnderThousandConnections_EndsItsOwnOnly()
    {
        await using var net = await Topology.CreateAsync();
        await net.StartDaemonAsync(TwoServers);
        var connections = net.Client.Connect(new IPEndPoint(IPAddress.Parse(Topology.Vip), 80), 1000);
        var owners = connections.Select(Ask).ToArray();
        owners.Distinct().ShouldBe(["s1", "s2"], ignoreOrder: true);

        net.Configure(OneServer);
        await net.ReloadAsync();
        var after = connections.Select(Ask).ToArray();

        owners.Zip(after).Count(pair => pair.First == "s1" && pair.Second != "s1").ShouldBe(0);
        owners.Zip(after).Where(pair => pair.First == "s2").Select(pair => pair.Second).Distinct().ShouldBe(["ended"]);

        foreach (var connection in connections)
            connection.Dispose();
    }

    [NetnsFact]
    public async Task Backend_BackUnderThousandConnections_EndsNoneOfThem()
    {
        await using var net = await Topology.CreateAsync();
        await net.StartDaemonAsync(OneServer);
        var connections = net.Client.Connect(new IPEndPoint(IPAddress.Parse(Topology.Vip), 80), 1000);
        connections.Select(Ask).Distinct().ShouldBe(["s1"]);

        net.Configure(TwoServers);
        await net.ReloadAsync();

        connections.Select(Ask).Where(answer => answer != "s1").ShouldBeEmpty();
        (await net.CurlAsync(24)).Count.ShouldBe(2);
        foreach (var connection in connections)
            connection.Dispose();
    }

    [NetnsTheory]
    [InlineData(1 << 13)]
    [InlineData(1 << 20)]
    public async Task FlowTable_OfAnotherSize_KeepsThousandConnectionsWhereTheyAre(int flows)
    {
        await using var net = await Topology.CreateAsync();
        var daemon = await net.StartDaemonAsync(OneServer);
        var connections = net.Client.Connect(new IPEndPoint(IPAddress.Parse(Topology.Vip), 80), 1000);
        connections.Select(Ask).Distinct().ShouldBe(["s1"]);

        // What is a new flow goes to both from now on.
        net.Configure(TwoServers, $"  flows_per_cpu: {flows}");
        await net.ReloadAsync();

        daemon.Output.ShouldContain("rebuilt: flows has ");
        daemon.Output.ShouldNotContain("no room for");
        connections.Select(Ask).Where(answer => answer != "s1").ShouldBeEmpty();
        (await net.CurlAsync(24)).Count.ShouldBe(2);
        foreach (var connection in connections)
            connection.Dispose();
    }

    [NetnsFact]
    public async Task Ports_OfAServiceThatChangeUnderLoad_EndNoConnectionToThoseThatStay()
    {
        await using var net = await Topology.CreateAsync();
        await net.StartDaemonAsync(TwoServers);
        var connections = net.Client.Connect(new IPEndPoint(IPAddress.Parse(Topology.Vip), 80), 1000);
        var owners = connections.Select(Ask).ToArray();

        var (good, bad) = await net.UnderLoadAsync(8, async () =>
        {
            foreach (var ports in new[] { "80-8080", "1-80", "80" })
            {
                net.Configure(OnPorts(TwoServers, ports));
                await net.ReloadAsync();
                connections.Select(Ask).ShouldBe(owners, ports);
                (await net.CurlAsync(1, $"http://{Topology.Vip}:8080/", seconds: 2)).Keys.Single().StartsWith('s').ShouldBe(ports == "80-8080", ports);
            }
        });

        bad.ShouldBeEmpty();
        good.ShouldBeGreaterThan(500);
        foreach (var connection in connections)
            connection.Dispose();
    }

    [NetnsFact]
    public async Task Ports_OfAServiceThatChangeWithItsBackends_EndNoConnection()
    {
        await using var net = await Topology.CreateAsync();
        await net.StartDaemonAsync(OneServer);
        var connections = net.Client.Connect(new IPEndPoint(IPAddress.Parse(Topology.Vip), 80), 1000);
        connections.Select(Ask).Distinct().ShouldBe(["s1"]);

        // What is a new flow goes to both from now on.
        foreach (var ports in new[] { "80-8080", "80" })
        {
            net.Configure(OnPorts(TwoServers, ports));
            await net.ReloadAsync();
            connections.Select(Ask).Where(answer => answer != "s1").ShouldBeEmpty(ports);
        }

        (await net.CurlAsync(24)).Count.ShouldBe(2);
        foreach (var connection in connections)
            connection.Dispose();
    }

    [NetnsFact]
    public async Task HashSeed_ThatChanges_IsWarnedOfByTheReload()
    {
        await using var net = await Topology.CreateAsync();
        var daemon = await net.StartDaemonAsync(TwoServers);

        net.Configure(TwoServers, "  hash_seed: 7");
        await net.ReloadAsync();

        daemon.Output.ShouldContain("l4.hash_seed has changed: hosts choose different backends for new flows until all of them have it");
        (await net.StatusAsync()).ShouldContain("l4.hash_seed has changed");
        await net.ReloadAsync();
        (await net.StatusAsync()).ShouldNotContain("l4.hash_seed");
    }

    [NetnsFact]
    public async Task Daemon_KilledAtAnyMomentOfItsStartUnderLoad_FailsNoConnection()
    {
        await using var net = await Topology.CreateAsync();
        var daemon = await net.StartDaemonAsync(TwoServers);
        var moments = new Random(7);

        var (good, bad) = await net.UnderLoadAsync(10, async () =>
        {
            for (var i = 0; i < 8; i++)
            {
                daemon.Signal(9);
                await daemon.WaitAsync(TimeSpan.FromSeconds(60));
                net.Configure(TwoServers, $"  flows_per_cpu: {1 << (12 + (i % 4))}"); // maps are made anew, too
                daemon = net.Balancer.Start(Topology.Penstock, "run", "--config", $"{net.Folder}/penstock.yaml");
                net.Keep(daemon);
                await Task.Delay(moments.Next(100, 900));
            }

            daemon.Signal(9);
            await daemon.WaitAsync(TimeSpan.FromSeconds(60));
            await net.StartDaemonAsync();
        });

        bad.ShouldBeEmpty();
        good.ShouldBeGreaterThan(500);
    }

    [NetnsFact]
    public async Task Interface_ThatGoesAndComesBack_RunsTheProgramAgain()
    {
        await using var net = await Topology.CreateAsync();
        var daemon = await net.StartDaemonAsync(TwoServers);

        await net.Balancer.IpAsync("link del b0");
        await net.ConnectBalancerAsync();

        await Eventually.TrueAsync(async () => (await net.CurlAsync(4)).Keys.All(key => key is "s1" or "s2"), TimeSpan.FromSeconds(60), () => daemon.Output);
        await Eventually.TrueAsync(() => Task.FromResult(daemon.Output.Contains("services are in place again on b0", StringComparison.Ordinal)), TimeSpan.FromSeconds(60), () => daemon.Output);
        (await net.StatusAsync()).ShouldContain("b0 (native");
    }

    [NetnsFact]
    public async Task Interface_WithAnotherMtu_HasBackendsKnowOfIt()
    {
        await using var net = await Topology.CreateAsync();
        const int Large = 1465; // with its headers and the answer's name within 1500, but not within another header
        var vip = IPAddress.Parse(Topology.Vip);
        using var echo = new UdpEcho(net.Servers[0], "s1", new IPEndPoint(vip, 4433));
        var daemon = await net.StartDaemonAsync("""
                - {name: echo, listen: "udp://203.0.113.10:4433", forwarding: dsr-ipip, backends: [10.9.2.11]}
            """);
        await Eventually.TrueAsync(
            () => Task.FromResult(UdpEcho.Ask(net.Client, new IPEndPoint(vip, 4433), datagrams: 1, Large).SequenceEqual(["s1"])), TimeSpan.FromSeconds(60), () => daemon.Output);

        await net.Balancer.IpAsync("link set dev b0 mtu 1500");

        // A tunnel's header no longer fits: the client is told the size that does.
        await Eventually.TrueAsync(
            async () =>
            {
                UdpEcho.Ask(net.Client, new IPEndPoint(vip, 4433), datagrams: 1, Large);
                return (await net.Client.OkAsync("ip", $"route get {Topology.Vip}")).Contains("mtu 1480", StringComparison.Ordinal);
            },
            TimeSpan.FromSeconds(60), () => daemon.Output);
    }

    [NetnsFact]
    public async Task SecondDaemon_OnTheSamePins_IsRefusedAndTouchesNothing()
    {
        await using var net = await Topology.CreateAsync();
        await net.StartDaemonAsync(TwoServers);

        var (code, output) = await net.Balancer.RunAsync(Topology.Penstock, "run", "--config", $"{net.Folder}/penstock.yaml", "--socket", $"{net.Folder}/other.sock");

        code.ShouldBe(1);
        output.ShouldContain($"another process runs the services pinned in {net.Folder}/pins");
        (code, output) = await ChildProcess.RunAsync(Topology.Penstock, "detach", "--pins", $"{net.Folder}/pins");
        code.ShouldBe(1);
        output.ShouldContain($"another process runs the services pinned in {net.Folder}/pins");
        (await net.CurlAsync(4)).Keys.ShouldBeSubsetOf(["s1", "s2"]);
    }

    [NetnsFact]
    public async Task Detach_OfARunningTier_LeavesNothingBehind()
    {
        await using var net = await Topology.CreateAsync();
        var daemon = await net.StartDaemonAsync(TwoServers);
        daemon.Signal(15);
        (await daemon.WaitAsync(TimeSpan.FromSeconds(60))).ShouldBe(0);
        (await net.CurlAsync(4)).Keys.ShouldBeSubsetOf(["s1", "s2"]);

        (await Run.OkAsync(Topology.Penstock, $"detach --pins {net.Folder}/pins")).ShouldContain("detached from b0");

        (await net.Balancer.OkAsync("ip", "link show b0")).ShouldNotContain("xdp");
        Directory.Exists($"{net.Folder}/pins").ShouldBeFalse();
    }

    [NetnsFact]
    public async Task Interface_WithAForeignProgram_IsRefusedByNameAndKeepsIt()
    {
        await using var net = await Topology.CreateAsync();
        foreach (var (attached, shown, off) in new[] { ("xdpdrv", "native", "xdp off"), ("xdpgeneric", "generic", "xdpgeneric off") })
        {
            await net.Balancer.IpAsync($"link set dev b0 {attached} obj {net.Programs}/pass.bpf.o sec xdp/pass");
            foreach (var asked in new[] { "native", "generic" })
            {
                net.Configure(TwoServers, $"  attach: {asked}");

                var (code, output) = await net.Balancer.RunAsync(Topology.Penstock, "run", "--config", $"{net.Folder}/penstock.yaml");

                code.ShouldBe(1, $"{asked} beside {attached}: {output}");
                output.ShouldContain("interface b0 runs the XDP program pass (id ");
                output.ShouldContain($", {shown}) of somebody else: take that off first");
                (await net.Balancer.OkAsync("ip", "link show b0")).ShouldContain("prog/xdp", customMessage: $"{asked} beside {attached}");
                await ChildProcess.RunAsync(Topology.Penstock, "detach", "--pins", $"{net.Folder}/pins"); // the next begins with nothing of this one's
            }

            await net.Balancer.IpAsync($"link set dev b0 {off}");
        }
    }

    [NetnsTheory]
    [InlineData("xdpdrv", "xdp off")]
    [InlineData("xdpgeneric", "xdpgeneric off")]
    public async Task Interface_GivenToAForeignProgram_IsToldByStatusUntilItIsTakenOff(string attached, string off)
    {
        await using var net = await Topology.CreateAsync();
        var daemon = await net.StartDaemonAsync(TwoServers);
        daemon.Signal(19); // It looks each second, and would have its own program back.
        File.Delete($"{net.Folder}/pins/links/b0"); // the last there was of the link, which the kernel lets go of in its time
        await Eventually.TrueAsync(async () => !(await net.Balancer.OkAsync("ip", "link show b0")).Contains("prog/xdp", StringComparison.Ordinal), TimeSpan.FromSeconds(60), () => "b0 is free");
        await net.Balancer.IpAsync($"link set dev b0 {attached} obj {net.Programs}/pass.bpf.o sec xdp/pass");
        daemon.Signal(18);

        var foreign = (await net.Balancer.OkAsync("ip", "link show b0")).Split("prog/xdp id ")[1].Split(' ')[0];
        var status = await net.StatusAsync();
        status.ShouldContain($"interface b0 runs the XDP program {foreign} of somebody else, and no service works there: take that off (ip link set dev b0 {off})");
        status.ShouldContain("b0 (gone");

        await net.Balancer.IpAsync($"link set dev b0 {off}"); // as it says
        await Eventually.TrueAsync(async () => (await net.StatusAsync()).Contains("b0 (native", StringComparison.Ordinal), TimeSpan.FromSeconds(60), () => daemon.Output);
        (await net.StatusAsync()).ShouldNotContain("somebody else");
        (await net.CurlAsync(4)).Keys.ShouldBeSubsetOf(["s1", "s2"]);
    }

    [NetnsFact]
    public async Task Flows_RememberedBeforeTheHostWasTakenOut_AreNotBelievedOnceItIsReady()
    {
        await using var net = await Topology.CreateAsync();
        var daemon = await net.StartDaemonAsync("""
                - {name: web, listen: "tcp://203.0.113.10:80", forwarding: dsr-ipip, backends: [10.9.2.11]}
            """);
        var question = $"explain packet --socket {net.Folder}/admin.sock --src 10.9.1.2:20000 --dst 203.0.113.10:80";
        await Eventually.TrueAsync(async () => (await net.CurlAsync(1, seconds: 2)).ContainsKey("s1"), TimeSpan.FromSeconds(60), () => daemon.Output);
        await net.Client.OkAsync("curl", $"-sS --max-time 15 --local-port 20000 http://{Topology.Vip}/");
        (await Run.OkAsync(Topology.Penstock, question)).ShouldContain("remembers it");

        await Run.OkAsync(Topology.Penstock, $"drain --node --no-wait --socket {net.Folder}/admin.sock");
        (await Run.OkAsync(Topology.Penstock, question)).ShouldContain("remembers it", customMessage: "until others have had its flows");
        await Run.OkAsync(Topology.Penstock, $"ready --node --socket {net.Folder}/admin.sock");

        (await Run.OkAsync(Topology.Penstock, question)).ShouldContain("no flow is remembered");
        daemon.Output.ShouldContain("flows remembered from before another host had their addresses are not believed any more");
    }

    private static string OnPorts(string services, string ports) => services.Replace(":80\"", $":{ports}\"", StringComparison.Ordinal);

    private static string Ask(Socket connection)
    {
        try
        {
            connection.Send(Encoding.ASCII.GetBytes($"GET / HTTP/1.1\r\nHost: {Topology.Vip}\r\n\r\n"));
            var buffer = new byte[1024];
            var read = connection.Receive(buffer);
            return read == 0 ? "ended" : Encoding.ASCII.GetString(buffer, 0, read).Split("\r\n\r\n")[1].Trim();
        }
        catch (SocketException)
        {
            return "ended";
        }
    }
}
