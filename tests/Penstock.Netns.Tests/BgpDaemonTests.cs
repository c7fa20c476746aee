// SPDX-License-Identifier: Apache-2.0
using System.Text.Json;
using System.Text.RegularExpressions;
using Penstock.Netns.Tests.Harness;

namespace Penstock.Netns.Tests;

/// <summary>Daemons with real BIRD beside a router that runs FRR: what it hears of their addresses, and when.</summary>
public sealed class BgpDaemonTests
{
    private const string Origin = "import socket\ns=socket.create_server(('127.0.0.1',8080))\nwhile 1: s.accept()[0].close()";

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    [BgpFact]
    public async Task Addresses_AreAnnouncedWithAllTheyCarry_AsLongAsTheyAreWell()
    {
        await using var fabric = await BgpFabric.CreateAsync(1, "s;ecret#1{");
        var password = Path.Combine(fabric.FolderOf(0), "password");
        await File.WriteAllTextAsync(password, "s;ecret#1{\n");
        File.SetUnixFileMode(password, UnixFileMode.UserRead);
        var origin = fabric.Hosts[0].Start("python3", "-c", Origin);
        fabric.Keep(origin);
        Configure(fabric, $"  med: 30\n  communities: [\"65010:100\", \"65010:1:2\"]\n  track: {{clusters: [app]}}", neighbor: ", password_file: " + password);
        var daemon = await fabric.StartAsync(0);

        var sessions = await SettleAsync(fabric);
        var path = (await fabric.AwaitPathsAsync(1)).Single();
        path.GetProperty("community").GetProperty("string").GetString().ShouldBe("65010:100");
        path.GetProperty("largeCommunity").GetProperty("string").GetString().ShouldBe("65010:1:2");
        path.GetProperty("metric").GetInt32().ShouldBe(30);
        path.GetProperty("nexthops")[0].GetProperty("ip").GetString().ShouldBe("10.7.0.11");
        (await fabric.AwaitPathsAsync(1, BgpFabric.Vip6)).Single().GetProperty("nexthops")[0].GetProperty("ip").GetString().ShouldBe("fd07::11");
        (await StatusHasAsync(fabric, @"^203\.0\.113\.10 +yes +-$")).ShouldBeTrue(await fabric.StatusAsync(0));
        await Eventually.TrueAsync( // the router's kernel is told of a path after its BGP
            async () => await fabric.Router.RunAsync("curl", "-sS", "--max-time", "20", $"http://{BgpFabric.Vip}/", $"http://[{BgpFabric.Vip6}]/") == (0, ""), s_patience, () => "the addresses are not on the host: " + daemon.Output);
        var (_, metrics) = await fabric.Hosts[0].RunAsync("curl", "-sS", "http://127.0.0.1:9464/metrics");
        metrics.ShouldContain("penstock_bgp_session_up{neighbor=\"tor4\"} 1");
        metrics.ShouldContain("penstock_bgp_announced{address=\"203.0.113.10\"} 1");
        metrics.ShouldContain("penstock_bgp_bird_up 1");

        // Nobody but BIRD is told of the password.
        File.GetUnixFileMode(Path.Combine(fabric.FolderOf(0), "state/bird.conf")).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        daemon.Output.ShouldNotContain("s;ecret");

        // What it depends on fails: the address is withdrawn, the session stays.
        var bird = fabric.Bird(0);
        origin.Signal(9);
        await origin.WaitAsync(s_patience);
        await fabric.AwaitPathsAsync(0);
        await fabric.AwaitPathsAsync(0, BgpFabric.Vip6);
        (await fabric.StatusAsync(0)).ShouldContain("address 203.0.113.10 is withdrawn: cluster app: 0% is ready, 1% is asked for");
        (await StatusHasAsync(fabric, "^tor4 .* established ")).ShouldBeTrue();
        fabric.Keep(fabric.Hosts[0].Start("python3", "-c", Origin));
        await fabric.AwaitPathsAsync(1);
        (await EstablishedAsync(fabric)).ShouldBe(sessions);
        fabric.Bird(0).ShouldBe(bird);
    }

    [BgpFact]
    public async Task Daemon_ThatDies_IsWithdrawnWhileItsSessionStays_AndTheNextGoesOn()
    {
        await using var fabric = await BgpFabric.CreateAsync(1);
        Configure(fabric, "", deadAfter: "10s");
        var first = await fabric.StartAsync(0);
        var sessions = await SettleAsync(fabric);
        var bird = fabric.Bird(0);

        first.Signal(9);
        await first.WaitAsync(s_patience);
        await fabric.AwaitPathsAsync(0);
        fabric.Bird(0).ShouldBe(bird);
        BgpFabric.IsAlive(bird).ShouldBeTrue("BIRD lives on");

        var second = await fabric.StartAsync(0);
        await fabric.AwaitPathsAsync(1);
        second.Output.ShouldContain("and is watched");
        fabric.Bird(0).ShouldBe(bird);
        (await EstablishedAsync(fabric)).ShouldBe(sessions, "the session has never been down");

        // BIRD itself dies, and is started again.
        await Run.OkAsync("kill", $"-9 {bird}");
        await Eventually.TrueAsync(async () => await EstablishedAsync(fabric) > sessions, s_patience, () => fabric.Said().Result);
        await fabric.AwaitPathsAsync(1);
        fabric.Bird(0).ShouldNotBe(bird);
        var (_, metrics) = await fabric.Hosts[0].RunAsync("curl", "-sS", "http://127.0.0.1:9464/metrics");
        metrics.ShouldContain("penstock_bgp_bird_restarts_total{reason=\"ended\"} 1");
    }

    /// <summary>Two would renew one lease: the addresses of one that dies would stay announced as long as the other lives.</summary>
    [BgpFact]
    public async Task Daemon_BesideAnotherOfTheHost_IsToldThatItAnnounces()
    {
        await using var fabric = await BgpFabric.CreateAsync(1);
        Configure(fabric, "");
        var first = await fabric.StartAsync(0);
        var sessions = await SettleAsync(fabric);
        var version = await fabric.VersionAsync();
        var beside = Directory.CreateDirectory(Path.Combine(fabric.Folder, "beside")).FullName;
        var text = await File.ReadAllTextAsync(Path.Combine(fabric.FolderOf(0), "penstock.yaml"));
        foreach (var (own, other) in ((string, string)[])[(fabric.FolderOf(0), beside), (":9464", ":9465"), ("203.0.113.10:80", "203.0.113.10:81"), ("[2001:db8::10]:80", "[2001:db8::10]:81")])
            text = text.Replace(own, other, StringComparison.Ordinal);
        var file = Path.Combine(beside, "penstock.yaml");
        await File.WriteAllTextAsync(file, text);

        await using var second = fabric.Hosts[0].Start(Topology.Penstock, "run", "--config", file);
        (await second.WaitAsync(s_patience)).ShouldBe(1, second.Output);
        second.Output.ShouldContain($"process {first.Pid} announces addresses by BGP on this host already");
        (await fabric.VersionAsync()).ShouldBe(version, $"what the first one announces was withdrawn, be it for a moment:\n{await fabric.Said()}");
        (await Run.OkAsync("ip", $"-n {fabric.Hosts[0].Name} -o addr show dev lo")).ShouldContain(BgpFabric.Vip);

        // It announces once the other one is gone, however that went: the BIRD that the other one has left would go by its lease, and has its port.
        var left = fabric.Bird(0);
        first.Signal(9);
        await first.WaitAsync(s_patience);
        var third = fabric.Hosts[0].Start(Topology.Penstock, "run", "--config", file);
        fabric.Keep(third);
        await Eventually.TrueAsync(() => Task.FromResult(third.Output.Contains($"process {left}, left by a daemon that does not run any more, has ended", StringComparison.Ordinal)), s_patience, () => third.Output);
        BgpFabric.IsAlive(left).ShouldBeFalse();
        await Eventually.TrueAsync(async () => await EstablishedAsync(fabric) > sessions, s_patience, () => fabric.Said().Result);
        await fabric.AwaitPathsAsync(1);
    }

    [BgpFact]
    public async Task Bfd_ThatAReloadAdds_IsTaken_AndAnAddressThatWasTakenOffLoComesBack()
    {
        await using var fabric = await BgpFabric.CreateAsync(1);
        Configure(fabric, "");
        var file = Path.Combine(fabric.FolderOf(0), "penstock.yaml");
        await File.WriteAllTextAsync(file, (await File.ReadAllTextAsync(file)).Replace(", " + BgpFabric.Bfd, "", StringComparison.Ordinal));
        await fabric.StartAsync(0);
        await fabric.AwaitPathsAsync(1);
        var bird = fabric.Bird(0);

        await fabric.Hosts[0].IpAsync($"addr del {BgpFabric.Vip}/32 dev lo");
        await Eventually.TrueAsync(async () => (await Run.OkAsync("ip", $"-n {fabric.Hosts[0].Name} -o addr show dev lo")).Contains(BgpFabric.Vip, StringComparison.Ordinal), s_patience, () => fabric.StatusAsync(0).Result);

        Configure(fabric, "");
        await fabric.ReloadAsync(0);
        await SettleAsync(fabric);
        fabric.Bird(0).ShouldBe(bird);
    }

    [BgpFact]
    public async Task Daemon_ThatStops_SaysSoBeforeItWithdraws_AndABadTemplateChangesNothing()
    {
        await using var fabric = await BgpFabric.CreateAsync(1);
        const string Shutdown = "  graceful_shutdown: 8s"; // for the router to be seen with it
        Configure(fabric, Shutdown);
        var first = await fabric.StartAsync(0);
        var sessions = await SettleAsync(fabric);
        var version = await fabric.VersionAsync();

        // A template that BIRD refuses is named, and what ran runs on.
        var template = Path.Combine(fabric.FolderOf(0), "bird.conf");
        await File.WriteAllTextAsync(
            template, "router id {{router_id}};\nnonsense; # {{#each families}}{{lease}}{{#each addresses}} {{lease_hop}}{{/each}}{{/each}}{{#each neighbors}} to_{{name}}{{/each}}\n");
        Configure(fabric, Shutdown, bird: ", template: " + template);
        var (code, said) = await fabric.Hosts[0].RunAsync(Topology.Penstock, "reload", "--socket", Path.Combine(fabric.FolderOf(0), "admin.sock"));
        code.ShouldBe(1);
        said.ShouldContain("bird refuses its configuration: line 2: syntax error");
        (await fabric.VersionAsync()).ShouldBe(version, await fabric.Said());
        Configure(fabric, Shutdown);
        await fabric.ReloadAsync(0);

        first.Signal(15);
        await Eventually.TrueAsync(
            async () => (await fabric.PathsAsync()).Any(path => path.TryGetProperty("community", out var community) && community.GetProperty("string").GetString() == "graceful-shutdown"),
            s_patience, () => fabric.Said().Result);
        await fabric.AwaitPathsAsync(0);
        await first.WaitAsync(s_patience);
        (await EstablishedAsync(fabric)).ShouldBe(sessions, "the session stays for the next daemon");

        // What is configured no more is gone from the router and from the host.
        await fabric.StartAsync(0);
        await fabric.AwaitPathsAsync(1);
        var bird = fabric.Bird(0);
        var file = Path.Combine(fabric.FolderOf(0), "penstock.yaml");
        var text = await File.ReadAllTextAsync(file);
        await File.WriteAllTextAsync(file, text[..text.IndexOf("bgp:", StringComparison.Ordinal)] + text[text.IndexOf("metrics:", StringComparison.Ordinal)..]);
        await fabric.ReloadAsync(0);
        BgpFabric.IsAlive(bird).ShouldBeFalse();
        var addresses = await Run.OkAsync("ip", $"-n {fabric.Hosts[0].Name} -o addr show dev lo");
        addresses.ShouldNotContain(BgpFabric.Vip);
        addresses.ShouldNotContain(BgpFabric.Vip6);
        addresses.ShouldNotContain("169.254.255.0");
    }

    /// <summary>An operator's template: the built-in one, and a community to each address.</summary>
    [BgpFact]
    public async Task Template_OfTheOperator_IsWhatBirdRunsBy()
    {
        await using var fabric = await BgpFabric.CreateAsync(1);
        var builtIn = await File.ReadAllTextAsync(Path.Combine(Objects.Root, "src/Penstock.Vrrp/Templates/bird.conf"));
        const string Line = "  if net = {{prefix}} then {\n";
        builtIn.ShouldContain(Line);
        var template = Path.Combine(fabric.FolderOf(0), "own.conf");
        await File.WriteAllTextAsync(template, builtIn.Replace(Line, Line + "    bgp_large_community.add((65010, 7, 8));\n", StringComparison.Ordinal));
        Configure(fabric, "", bird: ", template: " + template);

        await fabric.StartAsync(0);

        (await fabric.AwaitPathsAsync(1)).Single().GetProperty("largeCommunity").GetProperty("string").GetString().ShouldBe("65010:7:8");
    }

    private static void Configure(BgpFabric fabric, string bgp, string bird = "", string neighbor = "", string deadAfter = "60s") => fabric.Configure(
        0, bgp,
        """
        metrics: {bind: "127.0.0.1:9464"}
        l7:
          reactors: 1
          listeners: [{name: web, bind: "203.0.113.10:80", routes: main}, {name: web6, bind: "[2001:db8::10]:80", routes: main}]
          routes: {main: [{match: {path_prefix: /app}, to: app}, {respond: {status: 200} }]}
          clusters: {app: {endpoints: ["127.0.0.1:8080"], health: {type: tcp, interval: 200ms, timeout: 5s, rise: 1, fall: 1} } }
        """,
        bird, neighbor, deadAfter);

    // FRR begins BFD anew when a session comes up, which ends that session if BFD was up by then. Told of it later it does not, and so the session is there for good.
    private static async Task<int> SettleAsync(BgpFabric fabric)
    {
        await fabric.AwaitPathsAsync(1);
        await fabric.AskAsync("configure terminal", "router bgp 65000", "neighbor lb bfd 20 1000 1000");
        await Eventually.TrueAsync(
            async () => await StatusHasAsync(fabric, @"^tor4 +10\.7\.0\.1 +65000 +established +\d{4}-.* up ") && (await fabric.AskAsync("show bfd peers brief")).Contains(" up", StringComparison.Ordinal),
            s_patience, () => fabric.StatusAsync(0).Result + fabric.Said().Result);
        return await EstablishedAsync(fabric);
    }

    // How often the router has come to a session with the host over IPv4.
    private static async Task<int> EstablishedAsync(BgpFabric fabric)
    {
        using var document = JsonDocument.Parse(await fabric.AskAsync("show bgp neighbors 10.7.0.11 json"));
        return document.RootElement.GetProperty("10.7.0.11").GetProperty("connectionsEstablished").GetInt32();
    }

    private static async Task<bool> StatusHasAsync(BgpFabric fabric, string pattern) =>
        Regex.IsMatch(await fabric.StatusAsync(0), pattern, RegexOptions.Multiline | RegexOptions.NonBacktracking);
}
