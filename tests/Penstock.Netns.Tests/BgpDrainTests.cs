// SPDX-License-Identifier: Apache-2.0
using System.Text.Json;
using Penstock.Netns.Tests.Harness;

namespace Penstock.Netns.Tests;

/// <summary>A host that announces its addresses is taken out and back in by its operator, with real BIRD beside a router that runs FRR.</summary>
public sealed class BgpDrainTests
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    [BgpFact]
    public async Task Drain_IsNotDone_BeforeTheAddressesAreWithdrawn_AndReadyBringsThemBack()
    {
        await using var fabric = await BgpFabric.CreateAsync(1);
        fabric.Configure(0, $"  graceful_shutdown: 15s\nstate: {fabric.FolderOf(0)}/lib", """
            l7:
              reactors: 1
              listeners: [{name: web, bind: "203.0.113.10:80", routes: main}]
              routes: {main: [{respond: {status: 200}}]}
            """);
        var daemon = await fabric.StartAsync(0);
        await fabric.AwaitPathsAsync(1);
        await fabric.AwaitPathsAsync(1, BgpFabric.Vip6);
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
        await fabric.AwaitPathsAsync(1);
        await fabric.AwaitPathsAsync(1, BgpFabric.Vip6);
        (await fabric.PathsAsync()).Single().TryGetProperty("community", out _).ShouldBeFalse("it leaves no more");
    }
}
