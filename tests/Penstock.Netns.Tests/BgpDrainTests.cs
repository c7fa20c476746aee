// SPDX-License-Identifier: Apache-2.0
using System.Text.Json;
using System.Text.RegularExpressions;
using Penstock.Netns.Tests.Harness;
using Penstock.Tests;

namespace Penstock.Netns.Tests;

/// <summary>A host that announces its addresses is taken out and back in by its operator, with real BIRD beside a router that runs FRR.</summary>
public sealed class BgpDrainTests
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    [BgpFact]
    public async Task Drain_IsNotDone_BeforeTheAddressesAreWithdrawn_AndReadyBringsThemBack()
    {
        await using var fabric = await BgpFabric.CreateAsync(1);
        fabric.Configure(0, "  graceful_shutdown: 8s", """
            l7:
              reactors: 1
              listeners: [{name: web, bind: "203.0.113.10:80", routes: main}]
              routes: {main: [{respond: {status: 200} }]}
            """);
        var daemon = await fabric.StartAsync(0);
        await fabric.AwaitPathsAsync(1);
        await fabric.AwaitPathsAsync(1, BgpFabric.Vip6);
        await Eventually.TrueAsync( // it asks BIRD each second
            async () => Regex.Count(await fabric.StatusAsync(0), "^(203|2001)[^ ]+ +yes +-$", RegexOptions.Multiline | RegexOptions.NonBacktracking) == 2, s_patience, () => fabric.StatusAsync(0).Result);
        string[] socket = ["--socket", Path.Combine(fabric.FolderOf(0), "admin.sock")];

        var (_, begun) = await fabric.Hosts[0].RunAsync(Topology.Penstock, ["drain", "--node", "--no-wait", "-o", "json", .. socket]);
        using var report = JsonDocument.Parse(begun);
        report.RootElement.GetProperty("announced").EnumerateArray().Select(one => one.GetString()).ShouldBe([BgpFabric.Vip, BgpFabric.Vip6]);
        var waiting = fabric.Hosts[0].RunAsync(Topology.Penstock, ["drain", "--node", "--timeout", "60s", .. socket]);
        await Eventually.TrueAsync(
            async () => (await fabric.PathsAsync()).Any(path => path.TryGetProperty("community", out var community) && community.GetProperty("string").GetString() == "graceful-shutdown"),
            s_patience, () => fabric.Said().Result);
        var (code, said) = await waiting;
        code.ShouldBe(0, said);
        said.ShouldContain($"routers may still be told of {BgpFabric.Vip}, {BgpFabric.Vip6}\n");
        said.ShouldEndWith("nothing is left\n");
        (await fabric.StatusAsync(0)).ShouldContain("this host is drained: its addresses are withdrawn from BGP");
        await fabric.AwaitPathsAsync(0);
        await fabric.AwaitPathsAsync(0, BgpFabric.Vip6);
        daemon.HasExited.ShouldBeFalse();

        await Run.OkAsync(Topology.Penstock, $"ready --node --socket {socket[1]}");
        (await fabric.AwaitPathsAsync(1)).Single().TryGetProperty("community", out _).ShouldBeFalse("it leaves no more");
        await fabric.AwaitPathsAsync(1, BgpFabric.Vip6);
    }

    // A flow that a router still brings here is to be treated as every other host treats it, or it breaks once the router sends it elsewhere.
    [BgpTheory]
    [InlineData("drain --node")]
    [InlineData("stop")]
    public async Task Peers_SendNewFlowsHere_UntilTheAddressesAreWithdrawn(string how)
    {
        await using var fabric = await BgpFabric.CreateAsync(2);
        using var authority = new TestAuthority(fabric.Folder);
        for (var host = 0; host < 2; host++)
        {
            authority.Sign([$"lb{host + 1}"]);
            fabric.Configure(host, "  graceful_shutdown: 10s", $$"""
                peers:
                  listen: 10.7.0.1{{host + 1}}
                  certificate: {{fabric.Folder}}/lb{{host + 1}}.crt
                  key: {{fabric.Folder}}/lb{{host + 1}}.key
                  ca: {{fabric.Folder}}/ca.crt
                  hosts: [{name: lb{{2 - host}}, address: 10.7.0.1{{2 - host}}}]
                  interval: 100ms
                l7:
                  reactors: 1
                  listeners: [{name: web, bind: "203.0.113.10:80", routes: main}]
                  routes: {main: [{respond: {status: 200} }]}
                """);
        }

        var daemon = await fabric.StartAsync(0);
        await fabric.StartAsync(1);
        await fabric.AwaitPathsAsync(2);
        await Eventually.TrueAsync(async () => await PeerAsync(fabric) == "running", s_patience, () => fabric.StatusAsync(1).Result);
        await Eventually.TrueAsync(
            async () => Regex.IsMatch(await fabric.StatusAsync(1), @"^203\.0\.113\.10 +yes +yes +-$", RegexOptions.Multiline | RegexOptions.NonBacktracking), s_patience, () => "one host shows what both announce:\n" + fabric.StatusAsync(1).Result);

        if (how == "stop")
            daemon.Signal(15);
        else
            await Run.OkAsync(Topology.Penstock, $"drain --node --no-wait --socket {fabric.FolderOf(0)}/admin.sock");
        await Eventually.TrueAsync(
            async () => (await fabric.PathsAsync()).Any(path => path.TryGetProperty("community", out var community) && community.GetProperty("string").GetString() == "graceful-shutdown"),
            s_patience, () => fabric.Said().Result);
        (await PeerAsync(fabric)).ShouldBe("running", "it is announced");
        var paths = 2;
        await Eventually.TrueAsync(
            async () =>
            {
                var state = await PeerAsync(fabric); // first: what is announced after this was so before
                paths = (await fabric.PathsAsync()).Length;
                return state != "running";
            },
            s_patience, () => fabric.StatusAsync(1).Result);

        paths.ShouldBe(1, "a peer was told while routers still had the address");
    }

    // What the first host says of itself, as the second has heard it.
    private static async Task<string?> PeerAsync(BgpFabric fabric)
    {
        using var status = JsonDocument.Parse(await Run.OkAsync(Topology.Penstock, $"status -o json --socket {fabric.FolderOf(1)}/admin.sock"));
        return status.RootElement.GetProperty("peers")[0].GetProperty("runs").GetString();
    }
}
