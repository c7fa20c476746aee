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
    /// The drill of <c>make perf-bgp</c>, smaller: three hosts that announce one address share their proxies; of one that is killed those flows end that it has proxied, and no
    /// other, wherever the router sends them from then on. It fails where another breaks.
    /// </summary>
    [BgpFact]
    public async Task Flows_ThatALostHostHasNotProxied_SurviveTheRoutersNewChoice()
    {
        await using var drill = new ChildProcess(
            "python3", Path.Combine(Objects.Root, "perf/bgp/drill.py"), "--binary", Topology.Penstock, "--program", Path.Combine(await Objects.FolderAsync(), "xdp_lb.bpf.o"), "--ways", "tier", "--events", "kill", "--runs", "1", "--flows", "90");
        var code = await drill.WaitAsync(TimeSpan.FromMinutes(5));

        code.ShouldBe(0, drill.Output);
        drill.Output.ShouldMatch(@"\| tier \| penstock and BIRD are killed.* \| \d+, 0 \|");
    }
}
