// SPDX-License-Identifier: Apache-2.0
using System.Diagnostics;
using System.Text.RegularExpressions;
using Penstock.Netns.Tests.Harness;

namespace Penstock.Netns.Tests;

/// <summary>Two daemons with their keepaliveds on one link: who has the address, and what they say of it.</summary>
public sealed class VrrpDaemonTests
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    [NetnsFact]
    public async Task Address_GoesToTheHostThatIsWell_AndComesBack()
    {
        await using var lan = await VrrpLan.CreateAsync();
        var first = await StartAsync(lan, 0, deadAfter: "10s");
        await lan.OwnerAsync(0);
        await StartAsync(lan, 1);
        await lan.RoleAsync(1, "BACKUP");
        await lan.RoleAsync(0, "MASTER");
        Regex.Count(first.Output, @"VRRP instance edge: Master, was \w+", RegexOptions.NonBacktracking).ShouldBe(1, "an event is one line of the log:\n" + first.Output);

        // Told to stop, it hands the address over while it still serves.
        first.Signal(15);
        await first.WaitAsync(s_patience);
        first.Output.ShouldContain("handing over edge");
        await lan.OwnerAsync(1);
        await lan.RoleAsync(1, "MASTER");

        // Started again, it takes it back: the keepalived that it has left running is its own.
        var again = await StartAsync(lan, 0, deadAfter: "10s");
        again.Output.ShouldContain("and is watched");
        await lan.OwnerAsync(0);

        // Killed, it gives no sign of life, and keepalived alone gives the address up.
        again.Signal(9);
        await again.WaitAsync(s_patience);
        await lan.OwnerAsync(1);

        // A backend that it depends on is down: it does not take the address, and says why.
        await StartAsync(lan, 0, "track: {clusters: [app]}");
        await lan.RoleAsync(0, "FAULT");
        (await lan.StatusAsync(0)).ShouldContain("gives its addresses up: cluster app: 0% is ready, 1% is asked for");
        await lan.OwnerAsync(1);
    }

    [NetnsFact]
    public async Task Reload_OneInstanceAddedAndRemoved_LeavesTheOtherAlone()
    {
        await using var lan = await VrrpLan.CreateAsync();
        await StartAsync(lan, 0, deadAfter: "60s"); // however long this machine stands still
        await lan.OwnerAsync(0);
        var pids = lan.Pids(0);

        Configure(lan, 0, more: """, {name: second, interface: eth0, router_id: 51, advert_interval: 100ms, addresses: [10.8.0.101]}""", deadAfter: "60s");
        await lan.ReloadAsync(0);
        await Eventually.TrueAsync(() => lan.HasAsync(0, "10.8.0.101"), s_patience, () => lan.StatusAsync(0).Result);
        (await lan.StatusAsync(0)).ShouldMatch(@"second +\w+ ");
        Configure(lan, 0, deadAfter: "60s");
        await lan.ReloadAsync(0);
        await Eventually.TrueAsync(async () => !await lan.HasAsync(0, "10.8.0.101"), s_patience, () => lan.StatusAsync(0).Result);

        (await lan.HasAsync(0)).ShouldBeTrue();
        lan.Pids(0).ShouldBe(pids);
        (await lan.StatusAsync(0)).ShouldMatch("edge +MASTER ");

        // In a group, it runs in another keepalived; that of the one before takes nothing with it.
        Configure(lan, 0, "sync_group: both", deadAfter: "60s");
        (await lan.ReloadAsync(0)).ShouldContain("vrrp: edge comes to the keepalived of both: the addresses of edge are given up, and taken again about a second later");
        await lan.RoleAsync(0, "MASTER");
        await lan.OwnerAsync(0);
        File.Exists(lan.Files(0).PidFile).ShouldBeFalse();
        Configure(lan, 0, deadAfter: "60s");
        await lan.ReloadAsync(0);
        await Eventually.TrueAsync(() => lan.HasAsync(0), s_patience, () => lan.StatusAsync(0).Result);
        pids = lan.Pids(0);

        // What keepalived refuses changes nothing, and says what it was.
        Configure(lan, 0, "track: {interfaces: [eth0.7]}", deadAfter: "60s");
        var (code, said) = await lan.Hosts[0].RunAsync(Topology.Penstock, "reload", "--socket", Path.Combine(lan.Folder, "0/admin.sock"));
        code.ShouldBe(1);
        said.ShouldContain("unknown interface 'eth0.7'");
        lan.Pids(0).ShouldBe(pids);
    }

    /// <summary>What keepalived is told at its start holds for a reload too: it has its checks, and says what role it has.</summary>
    [NetnsFact]
    public async Task Keepalived_AfterAReload_StillGivesUpTheAddressOfADeadDaemon()
    {
        await using var lan = await VrrpLan.CreateAsync();
        var first = await StartAsync(lan, 0);
        await lan.OwnerAsync(0);
        await StartAsync(lan, 1);
        await lan.RoleAsync(1, "BACKUP");

        // A lower priority moves the address, if keepalived still reports; a higher one brings it back.
        Configure(lan, 0, "priority: 90");
        await lan.ReloadAsync(0);
        await lan.RoleAsync(0, "BACKUP");
        await lan.OwnerAsync(1);
        Configure(lan, 0, "priority: 140");
        await lan.ReloadAsync(0);
        await lan.RoleAsync(0, "MASTER");
        await lan.OwnerAsync(0);
        (await lan.StatusAsync(0)).ShouldNotContain("may not run its checks");

        first.Signal(9);
        await first.WaitAsync(s_patience);
        await lan.OwnerAsync(1);
    }

    /// <summary>An instance that comes to an interface whose first address is another virtual router's hears the other host all the same, and they agree on who has it.</summary>
    [NetnsFact]
    public async Task Instance_AddedBesideAnothersAddress_HearsTheOtherHost()
    {
        await using var lan = await VrrpLan.CreateAsync();
        foreach (var host in (int[])[0, 1])
        {
            await lan.Hosts[host].RunAsync("ip", "addr", "del", $"10.8.0.1{host + 1}/24", "dev", "eth0");
            await lan.Hosts[host].RunAsync("ip", "addr", "add", "169.254.0.77/32", "dev", "eth0", "scope", "host");
            await lan.Hosts[host].RunAsync("ip", "addr", "add", $"10.8.0.1{host + 1}/24", "dev", "eth0");
        }

        await StartAsync(lan, 1, "peers: [10.8.0.11]");
        await lan.OwnerAsync(1);
        await StartAsync(lan, 0, "peers: [10.8.0.12]");
        await lan.RoleAsync(0, "MASTER");
        await lan.RoleAsync(1, "BACKUP");
        await lan.OwnerAsync(0);
    }

    /// <summary>A daemon that does not find keepalived's process id in its file finds keepalived itself, and starts no other beside it.</summary>
    [NetnsFact]
    public async Task Keepalived_WhosePidFileIsEmpty_IsWatchedAllTheSame()
    {
        await using var lan = await VrrpLan.CreateAsync();
        var daemon = await StartAsync(lan, 0, deadAfter: "60s");
        await lan.OwnerAsync(0);
        var pids = lan.Pids(0);
        daemon.Signal(9);
        await daemon.WaitAsync(s_patience);
        File.WriteAllText(lan.Files(0).PidFile, "");

        var again = await StartAsync(lan, 0, deadAfter: "60s");
        File.WriteAllText(lan.Files(0).PidFile, $"{pids[0]}\n"); // for the end of the lan

        again.Output.ShouldContain($"process {pids[0]}, and is watched");
        (await lan.HasAsync(0)).ShouldBeTrue();
    }

    /// <summary>An operator's template that goes by all that a template gets: the built-in one, and a label to each address.</summary>
    [NetnsFact]
    public async Task Template_OfTheOperator_IsWhatKeepalivedRunsBy()
    {
        await using var lan = await VrrpLan.CreateAsync();
        var builtIn = await File.ReadAllTextAsync(Path.Combine(Objects.Root, "src/Penstock.Vrrp/Templates/keepalived.conf"));
        const string Line = "    {{address}} dev {{interface}}\n";
        builtIn.ShouldContain(Line);
        var template = Path.Combine(lan.Folder, "keepalived.conf");
        await File.WriteAllTextAsync(template, builtIn.Replace(Line, "    {{address}} dev {{interface}} label {{interface}}:own\n", StringComparison.Ordinal));
        lan.Configure(0, $"{{name: edge, interface: eth0, router_id: 50, advert_interval: 500ms, addresses: [{VrrpLan.Vip}/24]}}", keepalived: ", template: " + template);

        await lan.StartDaemonAsync(0);

        await lan.OwnerAsync(0, VrrpLan.Vip);
        await lan.RoleAsync(0, "MASTER");
        (await Run.OkAsync("ip", $"-n {lan.Hosts[0].Name} addr show dev eth0 label eth0:own")).ShouldContain($" {VrrpLan.Vip}/24 ");
    }

    /// <summary>keepaliveds of one host do not hear one another: two daemons would both be master, and the end of one would take the address off.</summary>
    [NetnsFact]
    public async Task Daemon_BesideAnotherOfTheHost_IsToldThatItsRouterIsTaken()
    {
        await using var lan = await VrrpLan.CreateAsync();
        var first = await StartAsync(lan, 0, deadAfter: "10s");
        await lan.OwnerAsync(0);
        var file = Path.Combine(lan.Folder, "0/penstock.yaml");
        var beside = Directory.CreateDirectory(Path.Combine(lan.Folder, "beside")).FullName;
        await File.WriteAllTextAsync(
            Path.Combine(beside, "penstock.yaml"),
            (await File.ReadAllTextAsync(file)).Replace(Path.Combine(lan.Folder, "0"), beside, StringComparison.Ordinal).Replace($"{VrrpLan.Vip}:80", "127.0.0.1:81", StringComparison.Ordinal)
                .Replace("dead_after: 10s", "dead_after: 60s", StringComparison.Ordinal)); // however long this machine stands still

        await using var second = lan.Hosts[0].Start(Topology.Penstock, "run", "--config", Path.Combine(beside, "penstock.yaml"));
        (await second.WaitAsync(s_patience)).ShouldBe(1, second.Output);
        second.Output.ShouldContain($"process {first.Pid} speaks VRRP for router id 50 of eth0 (edge) on this host already");
        (await lan.HasAsync(0)).ShouldBeTrue();

        // It has it once the other one is gone, however that went: what the other one has left is ended, and so takes nothing off when its lease ends.
        var left = lan.Pids(0);
        first.Signal(9);
        await first.WaitAsync(s_patience);
        lan.Keep(lan.Hosts[0].Start(Topology.Penstock, "run", "--config", Path.Combine(beside, "penstock.yaml")));
        var said = "";
        await Eventually.TrueAsync(
            async () => Regex.IsMatch(said = (await lan.Hosts[0].RunAsync(Topology.Penstock, "status", "--socket", Path.Combine(beside, "admin.sock"))).Output, "^edge +MASTER ", RegexOptions.Multiline | RegexOptions.NonBacktracking), s_patience, () => said);
        left.ShouldAllBe(pid => !BgpFabric.IsAlive(pid));
        var since = Stopwatch.StartNew();
        while (since.Elapsed < TimeSpan.FromSeconds(12)) // dead_after of the one that is gone, and two
            (await lan.HasAsync(0) && await lan.HasAsync(0, VrrpLan.Vip6)).ShouldBeTrue($"after {since.Elapsed}");
    }

    /// <summary>keepalived runs by then, and nobody would serve what it takes.</summary>
    [NetnsFact]
    public async Task Start_ThatBgpRefuses_LeavesNoAddressOnTheHost()
    {
        await using var lan = await VrrpLan.CreateAsync();
        Configure(lan, 0);
        await File.AppendAllTextAsync(
            Path.Combine(lan.Folder, "0/penstock.yaml"),
            $$"""

            bird: {run: {{lan.Folder}}/0/bird, state: {{lan.Folder}}/0/bird-state, binary: /bin/false}
            bgp: {asn: 65010, router_id: 10.8.0.11, addresses: [203.0.113.10], neighbors: [{name: tor, address: 10.8.0.1, asn: 65000}]}
            """);

        var refused = lan.Launch(0);
        (await refused.WaitAsync(s_patience)).ShouldBe(1, refused.Output);

        refused.Output.ShouldContain("keepalived edge runs"); // else this is about another start
        await Eventually.TrueAsync(
            async () => !await lan.HasAsync(0) && File.GetLastWriteTimeUtc(lan.Files(0).LeaseFile) <= DateTime.UtcNow, TimeSpan.FromSeconds(20), () => refused.Output);
    }

    private static void Configure(VrrpLan lan, int host, string settings = "", string more = "", string deadAfter = "3s")
    {
        var priority = settings.Contains("priority", StringComparison.Ordinal) ? "" : $"priority: {(host == 0 ? 150 : 100)}, ";
        lan.Configure(
            host,
            $"{{name: edge, interface: eth0, router_id: 50, {priority}advert_interval: 500ms, addresses: [{VrrpLan.Vip}/24, \"{VrrpLan.Vip6}/64\"]{(settings.Length > 0 ? ", " + settings : "")}}}{more}",
            deadAfter,
            bind: VrrpLan.Vip + ":80",
            app: "127.0.0.1:9");
    }

    private static Task<ChildProcess> StartAsync(VrrpLan lan, int host, string settings = "", string deadAfter = "3s")
    {
        Configure(lan, host, settings, deadAfter: deadAfter);
        return lan.StartDaemonAsync(host);
    }
}
