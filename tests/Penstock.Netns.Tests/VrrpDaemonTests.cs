// SPDX-License-Identifier: Apache-2.0
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
        var first = await StartAsync(lan, 0);
        await lan.OwnerAsync(0);
        await StartAsync(lan, 1);
        await RoleAsync(lan, 1, "BACKUP");
        await RoleAsync(lan, 0, "MASTER");

        // Told to stop, it hands the address over while it still serves.
        first.Signal(15);
        await first.WaitAsync(s_patience);
        first.Output.ShouldContain("handing over edge");
        await lan.OwnerAsync(1);
        await RoleAsync(lan, 1, "MASTER");

        // Started again, it takes it back: the keepalived that it has left running is its own.
        var again = await StartAsync(lan, 0);
        again.Output.ShouldContain("and is watched");
        await lan.OwnerAsync(0);

        // Killed, it gives no sign of life, and keepalived alone gives the address up.
        again.Signal(9);
        await again.WaitAsync(s_patience);
        await lan.OwnerAsync(1);

        // A backend that it depends on is down: it does not take the address, and says why.
        await StartAsync(lan, 0, "track: {clusters: [app]}");
        await RoleAsync(lan, 0, "FAULT");
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
        await lan.ReloadAsync(0);
        await Eventually.TrueAsync(async () => Regex.IsMatch(await lan.StatusAsync(0), "^edge +MASTER ", RegexOptions.Multiline | RegexOptions.NonBacktracking), s_patience, () => lan.StatusAsync(0).Result);
        (await lan.HasAsync(0)).ShouldBeTrue();
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
        await RoleAsync(lan, 1, "BACKUP");

        // A lower priority moves the address, if keepalived still reports; a higher one brings it back.
        Configure(lan, 0, "priority: 90");
        await lan.ReloadAsync(0);
        await RoleAsync(lan, 0, "BACKUP");
        await lan.OwnerAsync(1);
        Configure(lan, 0, "priority: 140");
        await lan.ReloadAsync(0);
        await RoleAsync(lan, 0, "MASTER");
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
        await RoleAsync(lan, 0, "MASTER");
        await RoleAsync(lan, 1, "BACKUP");
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

    private static void Configure(VrrpLan lan, int host, string settings = "", string more = "", string deadAfter = "3s")
    {
        var folder = Directory.CreateDirectory(Path.Combine(lan.Folder, $"{host}")).FullName;
        var files = lan.Files(host);
        File.WriteAllText(Path.Combine(folder, "penstock.yaml"), $$"""
            node: lb{{host + 1}}
            shutdown_timeout: 1s
            admin: {socket: {{folder}}/admin.sock}
            vrrp: [{name: edge, interface: eth0, router_id: 50, {{(settings.Contains("priority", StringComparison.Ordinal) ? "" : $"priority: {(host == 0 ? 150 : 100)}, ")}}advert_interval: 500ms, addresses: [{{VrrpLan.Vip}}/24, "{{VrrpLan.Vip6}}/64"]{{(settings.Length > 0 ? ", " + settings : "")}} }{{more}}]
            keepalived: {run: {{Path.GetDirectoryName(files.Run)}}, state: {{files.State}}, dead_after: {{deadAfter}} }
            l7:
              reactors: 1
              listeners: [{name: web, bind: "{{VrrpLan.Vip}}:80", routes: main}]
              routes: {main: [{match: {path_prefix: /app}, to: app}, {respond: {status: 200} }]}
              clusters: {app: {endpoints: ["127.0.0.1:9"], health: {type: tcp, interval: 200ms, timeout: 5s, rise: 1, fall: 1} } }
            """);
    }

    private static Task<ChildProcess> StartAsync(VrrpLan lan, int host, string settings = "", string deadAfter = "3s")
    {
        Configure(lan, host, settings, deadAfter: deadAfter);
        return lan.StartDaemonAsync(host);
    }

    private static Task RoleAsync(VrrpLan lan, int host, string role) => Eventually.TrueAsync(
        async () => Regex.IsMatch(await lan.StatusAsync(host), $"^edge +{role} ", RegexOptions.Multiline | RegexOptions.NonBacktracking), s_patience, () => lan.StatusAsync(host).Result);
}
