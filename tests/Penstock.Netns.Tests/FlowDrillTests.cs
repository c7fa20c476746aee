// SPDX-License-Identifier: Apache-2.0
using Penstock.Netns.Tests.Harness;

namespace Penstock.Netns.Tests;

/// <summary>Daemons with XDP, keepalived and the peers' channel that share the flows of one address.</summary>
public sealed class FlowDrillTests
{
    /// <summary>
    /// The drill of <c>make perf-vrrp</c>, smaller: across a drain, the return, the death of the owner and its return, no flow is lost and no request fails whose host lived.
    /// It prints what is lost, and fails on it.
    /// </summary>
    [NetnsFact]
    public async Task Flows_WhoseHostLives_SurviveDrainReturnDeathAndReturn()
    {
        await using var drill = new ChildProcess("python3", Path.Combine(Objects.Root, "perf/vrrp/flows.py"), "--binary", Topology.Penstock, "--flows", "40", "--rate", "50");
        var code = await drill.WaitAsync(TimeSpan.FromMinutes(10));

        code.ShouldBe(0, drill.Output);
        drill.Output.ShouldContain("nothing is left");
    }

    /// <summary>
    /// The other drill of <c>make perf-vrrp</c>, once and with adverts each second: a client has no answer for no longer than 3.7 adverts, or 50 ms where an operator moves the address, and three seconds for a machine that is busy;
    /// no request fails when the owner comes back, nor once a split has healed, though each may take longer there. It prints the gap, and fails on the rest.
    /// </summary>
    [NetnsTheory]
    [InlineData("kill", "--slack", "3000")]
    [InlineData("drain,ready", "--slack", "3000")]
    [InlineData("failback,split", "--patience", "5")]
    public async Task Client_OfAnAddressThatMoves_MissesNoMoreThanItMay(string events, string allowance, string amount)
    {
        await using var drill = new ChildProcess(
            "python3", Path.Combine(Objects.Root, "perf/vrrp/drill.py"), "--binary", Topology.Penstock, "--runs", "1", "--adverts", "1s", "--events", events, allowance, amount);
        var code = await drill.WaitAsync(TimeSpan.FromMinutes(5));

        code.ShouldBe(0, drill.Output);
    }

    /// <summary>
    /// The drill of <c>make perf-bgp</c>, smaller: three hosts announce one address. Of flows to real servers none breaks when one is cut off; where the hosts share their proxies, and one
    /// is killed, those flows end that it has proxied, and no other, wherever the router sends them from then on. It fails where another breaks.
    /// </summary>
    [BgpTheory]
    [InlineData("dsr", "cut", "the host's link is cut .* 0 in all ")]
    [InlineData("tier", "kill", @"penstock and BIRD are killed.* \d+, 0 ")]
    public async Task Flows_ThatALostHostHasNotProxied_SurviveTheRoutersNewChoice(string way, string happens, string says)
    {
        await using var drill = new ChildProcess(
            "python3", Path.Combine(Objects.Root, "perf/bgp/drill.py"), "--binary", Topology.Penstock, "--program", Path.Combine(await Objects.FolderAsync(), "xdp_lb.bpf.o"), "--ways", way, "--events", happens, "--runs", "1", "--flows", "90");
        var code = await drill.WaitAsync(TimeSpan.FromMinutes(5));

        code.ShouldBe(0, drill.Output);
        drill.Output.ShouldMatch($@"\| {way} \| {says}\|");
    }
}
