// SPDX-License-Identifier: Apache-2.0
using Penstock.Model;
using Penstock.Model.Vrrp;

namespace Penstock.Vrrp.Tests;

/// <summary>One daemon of a host speaks for a virtual router.</summary>
public sealed partial class VrrpTierTests
{
    private readonly HashSet<string> _turns = new(StringComparer.Ordinal);
    private bool _squatted;
    private Func<IReadOnlyList<KeepalivedFolder>> _left = () => [];

    [Fact]
    public void Router_ThatAnotherDaemonSpeaksFor_IsRefused_WhateverItsFolders_UntilItIsLetGo()
    {
        _tier.Apply(Snapshot(Some.Instance()));
        using var second = Tier();
        var (edge, other) = (Elsewhere(Some.Instance()), Some.Instance() with { Name = "other", RouterId = 52 });
        _started.Clear();

        Should.Throw<AddressApplyException>(() => second.Apply(edge)).Message.ShouldBe("penstock/vrrp/eth0/ipv4/51 speaks VRRP for router id 51 of eth0 (edge)");
        _started.ShouldBeEmpty();
        second.Apply(Elsewhere(other));

        // What is refused, or fails, leaves it with those that it had.
        Should.Throw<AddressApplyException>(() => second.Apply(Elsewhere(other, Some.Instance() with { Name = "third", RouterId = 53 }, Some.Instance())));
        _turns.ShouldBe(["penstock/vrrp/eth0/ipv4/51", "penstock/vrrp/eth0/ipv4/52"], ignoreOrder: true);

        _tier.Apply(Snapshot());
        second.Apply(edge);
        _turns.ShouldBe(["penstock/vrrp/eth0/ipv4/51"]);
        second.Dispose();
        _turns.ShouldBeEmpty();
    }

    [Fact]
    public void Router_WhoseNameSomeUserHas_IsSpokenForAllTheSame_AndTakenOnceItIsToBeHad()
    {
        _squatted = true;
        _tier.Apply(Snapshot(Some.Instance()));
        (_started.Count, _turns.Count).ShouldBe((1, 0));

        _squatted = false;
        _tier.Apply(Snapshot(Some.Instance()));

        _turns.ShouldBe(["penstock/vrrp/eth0/ipv4/51"]);
    }

    [Fact]
    public void Router_OfADaemonThatHasDied_IsTakenFromTheKeepalivedThatItHasLeft_BeforeAnotherStarts()
    {
        _left = () => [new KeepalivedFolder(_folder + "/state2", _folder + "/run2", "left")];
        var ended = false;
        _applying = () => ended = _started["left"].IsStopped;

        _tier.Apply(Snapshot(Some.Instance()));

        ended.ShouldBeTrue();
        _started["edge"].IsStopped.ShouldBeFalse();
        (_isHeard["left"], _isHeard["edge"]).ShouldBe((false, true), "what the one that ends says is not what this host does");
        _tier.Status().Instances.ShouldHaveSingleItem();

        // It is looked for once for each router.
        _left = () => throw new InvalidOperationException("nothing has come");
        _tier.Apply(Snapshot(Some.Instance() with { Priority = 7 }));
    }

    [Fact]
    public void Router_ThatAnotherUsersKeepalivedSpeaksFor_IsRefused()
    {
        _left = () => throw new AddressApplyException("end it");

        Should.Throw<AddressApplyException>(() => _tier.Apply(Snapshot(Some.Instance())));

        (_started.Count, _turns.Count).ShouldBe((0, 0));
    }

    /// <summary>Its name does not tell the interface: the end of the one group would remove that of the other.</summary>
    [Fact]
    public void Macvlan_ThatAGroupOnAnotherInterfaceTakesOver_LeavesTheOneBefore()
    {
        _tier.Apply(Snapshot(Some.Instance() with { UseVmac = true }));
        var old = _started["edge"];
        _applying = () => old.IsStopped.ShouldBeTrue();

        _tier.Apply(Snapshot(Some.Instance("moved", 51, "10.9.0.100/24") with { Interface = "eth1", UseVmac = true }));

        _started["moved"].Instances.ShouldBe(["moved"]);
    }

    private Snapshot Elsewhere(params VrrpInstanceConfig[] instances)
    {
        var snapshot = Some.Snapshot(instances);
        return snapshot with { Config = snapshot.Config with { Keepalived = new KeepalivedConfig { Run = _folder + "/run2", State = _folder + "/state2" } } };
    }

    private sealed class Turn(HashSet<string> turns, string name) : IDisposable
    {
        public void Dispose() => turns.Remove(name);
    }
}
