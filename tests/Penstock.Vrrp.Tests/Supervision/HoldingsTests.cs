// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Penstock.Linux;
using Penstock.Linux.Netlink;
using Penstock.Vrrp.Supervision;
using static Penstock.Bpf.Tests.OwnNetwork;

namespace Penstock.Vrrp.Tests.Supervision;

public sealed class HoldingsTests : IDisposable
{
    private static readonly KeepalivedInstance s_edge =
        new("edge", [new("eth0", IPAddress.Parse("203.0.113.10")), new("eth1", IPAddress.Parse("2001:db8::10"))], ["vrrp.51"]);

    private readonly string _folder = Directory.CreateTempSubdirectory("penstock-holdings-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

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

    /// <summary>A daemon has died with its keepalived, another one speaks for its router, and the first comes back with another configuration: it must not take off what the other has.</summary>
    [Fact]
    public void Own_OfARouterThatAnotherDaemonSpeaksForSince_IsNone()
    {
        var (left, moved) = (Instance("left", "eth0", 51), Instance("moved", "eth0", 52));
        var both = moved with { Addresses = [.. moved.Addresses, new("eth1", IPAddress.Parse("169.254.0.52"))] }; // it has been on two interfaces
        var holdings = Kept(name => name is "penstock/vrrp/eth0/ipv4/51" or "penstock/vrrp/eth0/ipv4/52", left, both, Instance("own", "eth1", 51));

        Holdings.Format(holdings.Own()).ShouldBe(
        [
            "moved instance",
            "moved address eth1 169.254.0.52",
            "moved macvlan vrrp.52",
            "own instance",
            "own address eth1 169.254.0.51",
            "own address eth1 203.0.113.10",
            "own macvlan vrrp.51",
        ]);
    }

    /// <summary>Another keepalived, of whomever, speaks for a router of the same id on another interface.</summary>
    [RootFact]
    public void Release_OfAMacvlanOfThatNameOnAnotherInterface_LeavesItAndItsAddresses() => Run(0, () =>
    {
        Ip("link add va type veth peer name vb");
        Ip("link add link va name vrrp.51 type macvlan");
        Ip("addr add 203.0.113.10/32 dev vrrp.51");
        Ip("addr add 203.0.113.10/32 dev vb");
        using var netlink = new InterfaceNetlink();
        var (own, theirs) = (Instance("edge", "vb", 51), Instance("edge", "va", 51));

        Holdings.Macvlans(netlink, own).ShouldBeEmpty();
        Kept(null, own).Release(netlink).ShouldBe(["203.0.113.10/32 of vb"]);
        NetworkDevice.Index("vrrp.51").ShouldNotBe(0);
        Holdings.Has(netlink, own).ShouldBe(false);

        Holdings.Macvlans(netlink, theirs).ShouldBe(["vrrp.51"]);
        Kept(null, theirs).Release(netlink).ShouldBe(["vrrp.51"]);
        NetworkDevice.Index("vrrp.51").ShouldBe(0);
    });

    [RootFact]
    public void Release_WhereTheKernelDoesNotSayWhatMacvlansThereAre_TakesTheRestOff() => Run(0, () =>
    {
        Ip("link add va type veth peer name vb");
        Ip("link add link va name vrrp.52 type macvlan");
        Ip("addr add 203.0.113.10/32 dev vb");
        using var netlink = new InterfaceNetlink();

        Kept(null, Instance("silent", "vb", 51), Instance("edge", "va", 52))
            .Release(netlink, instance => instance.Name is "silent" ? throw new NetlinkException("the kernel did not answer", Errno.ETIMEDOUT) : Holdings.Macvlans(netlink, instance))
            .ShouldBe(["vrrp.52", "203.0.113.10/32 of vb"]);
    });

    /// <summary>The kernel puts a macvlan that is made on another one beside it.</summary>
    [RootFact]
    public void Macvlans_OfAnInterfaceThatIsOneItself_AreBesideIt() => Run(0, () =>
    {
        Ip("link add va type veth peer name vb");
        Ip("link add link va name edge0 type macvlan");
        Ip("link add link edge0 name vrrp.51 type macvlan");
        using var netlink = new InterfaceNetlink();

        netlink.MacvlanLower("vrrp.51").ShouldBe(NetworkDevice.Index("va"));
        netlink.MacvlanLower("va").ShouldBeNull();
        Holdings.Macvlans(netlink, Instance("edge", "edge0", 51)).ShouldBe(["vrrp.51"]);
    });

    private static KeepalivedInstance Instance(string name, string device, int routerId) =>
        new(name, [new(device, IPAddress.Parse($"169.254.0.{routerId}")), new(device, IPAddress.Parse("203.0.113.10"))], [$"vrrp.{routerId}"]);

    private Holdings Kept(Func<string, bool>? isAnothers, params KeepalivedInstance[] instances)
    {
        var holdings = new Holdings(Path.Combine(_folder, "holdings"), NullLogger.Instance, isAnothers);
        holdings.Save([.. instances]);
        return holdings;
    }
}
