// SPDX-License-Identifier: Apache-2.0
using Penstock.L4.Xdp;
using Penstock.Linux.Bpf;
using static Penstock.Bpf.Tests.Wire;

namespace Penstock.Bpf.Tests;

/// <summary>Flows that were remembered before another host had their address.</summary>
public sealed class StaleFlowTests
{
    private const string Client = "198.51.100.7", Vip = "203.0.113.10";

    [BpfFact]
    public void Flow_ThatIsStale_IsOneThatNobodyKnows()
    {
        using var plane = new DataPlane(settings => settings with { FlowSets = 1 });
        plane.AddService(Vip, 80, Tcp6, Layout.ForwardingKind.Ipip, ["10.0.0.11"]);
        plane.Run(In(Tcp(Client, 1234, Vip, 80)));
        var other = plane.AddBackend(1, "10.0.0.12", Layout.ForwardingKind.Ipip);
        plane.WriteRing(1, [other]);
        for (var cpu = 0u; cpu < BpfCpus.Possible; cpu++)
        {
            plane.Map("flows").TryLookup(cpu, out Layout.FlowSet set).ShouldBeTrue();
            plane.Map("flows").Update(cpu, Stale(set));
        }

        plane.Run(In(Tcp(Client, 1234, Vip, 80)), Math.Min(1, BpfCpus.Possible - 1));
        plane.Run(In(Tcp(Client, 1234, Vip, 80)));
        plane.Run(In(Tcp(Client, 1234, Vip, 80)));

        plane.Counters(1).Packets.ShouldBe(1UL);
        plane.Counters(other).Packets.ShouldBe(3UL);
        plane.Counters(other).Misses.ShouldBe(BpfCpus.Possible > 1 ? 2UL : 1UL);
    }

    /// <summary>A set none of whose flows is believed.</summary>
    internal static Layout.FlowSet Stale(Layout.FlowSet set)
    {
        for (var way = 0; way < Layout.FlowWays; way++)
            set.Use[way] |= 3 << 14; // LB_FLOW_STALE
        return set;
    }
}
