// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using System.Net;
using Penstock.Vrrp.Supervision;

namespace Penstock.Vrrp.Tests.Supervision;

public sealed class HoldingsTests
{
    private static readonly KeepalivedInstance s_edge =
        new("edge", [new("eth0", IPAddress.Parse("203.0.113.10")), new("eth1", IPAddress.Parse("2001:db8::10"))], ["vrrp.51"]);

    [Fact]
    public void Lines_OfInstances_ReadBackAsTheyWere()
    {
        ImmutableArray<KeepalivedInstance> instances = [s_edge, new("bare", [], [])];

        Holdings.Format(Holdings.Parse(Holdings.Format(instances))).ShouldBe(Holdings.Format(instances));
    }

    [Fact]
    public void Lines_ThatAreNoneOfOurs_ArePassedOver() =>
        Holdings.Format(Holdings.Parse(["", "edge", "edge address eth0", "edge address eth0 10.0.0.300", "edge route eth0 10.0.0.1", "edge macvlan vrrp.51"]))
            .ShouldBe(["edge instance", "edge macvlan vrrp.51"]);

    [Fact]
    public void Union_OfTwoTimes_HasTheAddressesOfBothOnce() =>
        Holdings.Format(Holdings.Union([s_edge], [s_edge with { Addresses = [s_edge.Addresses[0], new("eth0", IPAddress.Parse("203.0.113.11"))] }])).ShouldBe(
        [
            "edge instance",
            "edge address eth0 203.0.113.10",
            "edge address eth1 2001:db8::10",
            "edge address eth0 203.0.113.11",
            "edge macvlan vrrp.51",
        ]);
}
