// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using System.Net;
using Penstock.L4.Xdp;
using Penstock.Model;
using Penstock.Model.L4;
using Penstock.Tests;

namespace Penstock.L4.Tests.Xdp;

public sealed class XdpPlannerTests
{
    private static readonly IPAddress Vip = IPAddress.Parse("203.0.113.10");
    private readonly FakeHost _host = new();

    [Fact]
    public void Plan_DsrIpip_TunnelsFromTheInterfaceToEachBackend()
    {
        var service = Plan(Forwarding.DsrIpip, new BackendConfig { Address = Address(1), Weight = 3 }, new BackendConfig { Address = IPAddress.Parse("2001:db8::1") });

        var value = service.Backends[0].Value;
        value.Forwarding.ShouldBe(Layout.ForwardingKind.Ipip);
        value.Source.ToIPAddress().ShouldBe(IPAddress.Parse("10.0.0.254"));
        value.Mtu.ShouldBe((ushort)0, "the kernel says what its way fits");
        value.Flags.ShouldBe(Layout.BackendFlags.Fib);
        service.Backends[0].Weight.ShouldBe(3);
        service.Backends[1].Value.Source.ToIPAddress().ShouldBe(IPAddress.Parse("2001:db8::fe"));
    }

    [Fact]
    public void Plan_DsrGue_HasThePortOfGueUnlessConfigured()
    {
        var service = Plan(Forwarding.DsrGue, new BackendConfig { Address = Address(1) }, new BackendConfig { Address = Address(2), Port = 5555 });

        service.Backends.Select(backend => backend.Value.Port).ShouldBe([6080, 5555]);
    }

    [Theory]
    [InlineData("eth1", "02:00:00:00:01:01", 3u)]
    [InlineData("eth0", "02:00:00:00:01:00", 2u)] // also of packets that came in by another
    [InlineData(null, "02:00:00:00:01:00", 0u)]
    public void Plan_MacOfAnInterface_LeavesByIt(string? device, string ownMac, uint index)
    {
        var value = Plan(Forwarding.DsrL2, new BackendConfig { Address = Address(1), Mac = "02:00:00:00:00:11", Interface = device }).Backends[0].Value;

        value.Flags.ShouldBe(Layout.BackendFlags.Mac);
        value.Mac.ToString().ShouldBe("02:00:00:00:00:11");
        value.OwnMac.ToString().ShouldBe(ownMac);
        value.InterfaceIndex.ShouldBe(index);
        value.Mtu.ShouldBe((ushort)(device == "eth1" ? 1400 : 1500));
    }

    [Fact]
    public void Plan_DsrL2WithoutMac_GoesWhereTheLinkHasItAndIsDownWhereItDoesNot()
    {
        _host.Hops[Address(1)] = new LinkHop(Layout.Mac.Of("02:00:00:00:00:11"), _host.Find("eth1"));
        _host.Hops[Address(2)] = new LinkHop(default, _host.Find("eth0"), "no answer on eth0 to who has 10.0.0.2");
        BackendConfig[] backends = [new() { Address = Address(1) }, new() { Address = Address(2) }];
        var config = new ServiceConfig { Name = "s", Listen = Tcp(80), Forwarding = Forwarding.DsrL2, Backends = [.. backends] };
        var snapshot = Of(config, [.. backends.Select(backend => new BackendStatus(backend, EndpointState.Ready))]);
        var planner = new XdpPlanner(_host, _host, TimeProvider.System);
        var before = planner.Plan(snapshot)[0];

        (before.Backends[0].Value.Flags, before.Backends[0].Value.Mac.ToString(), before.Backends[0].Value.InterfaceIndex).ShouldBe((Layout.BackendFlags.Mac, "02:00:00:00:00:11", 3u));
        before.Backends.Select(backend => backend.IsInRing).ShouldBe([true, false]);
        before.Backends[1].Fault.ShouldBe("no answer on eth0 to who has 10.0.0.2");

        _host.Hops[Address(2)] = new LinkHop(Layout.Mac.Of("02:00:00:00:00:12"), _host.Find("eth0"));
        planner.Plan(snapshot)[0].ShouldBeSameAs(before);
        planner.ForgetHops();

        planner.Plan(snapshot)[0].Backends[1].Value.ShouldBe(before.Backends[1].Value with { Mac = Layout.Mac.Of("02:00:00:00:00:12"), State = Layout.StateKind.Ready });
    }

    [Fact]
    public void Plan_L7WithoutBackends_IsThisHost()
    {
        var backend = Plan(Forwarding.L7).Backends.ShouldHaveSingleItem();

        backend.Value.Forwarding.ShouldBe(Layout.ForwardingKind.Local);
        backend.IsInRing.ShouldBeTrue();
    }

    [Fact]
    public void Plan_L7WithPeers_IsLocalForThisHostAndATunnelToOthersWithTheSameIdentities()
    {
        BackendConfig[] pair = [new() { Address = IPAddress.Parse("10.0.0.254") }, new() { Address = Address(1) }];
        var here = Plan(Forwarding.L7, pair);
        _host.Local = Address(1);
        var there = Plan(Forwarding.L7, pair);

        here.Backends.Select(backend => backend.Value.Forwarding).ShouldBe([Layout.ForwardingKind.Local, Layout.ForwardingKind.Ipip]);
        there.Backends.Select(backend => backend.Value.Forwarding).ShouldBe([Layout.ForwardingKind.Ipip, Layout.ForwardingKind.Local]);
        here.Backends.Select(backend => backend.Identity).ShouldBe(there.Backends.Select(backend => backend.Identity));
    }

    [Theory]
    [InlineData(EndpointState.Ready, Layout.StateKind.Ready)]
    [InlineData(EndpointState.Drain, Layout.StateKind.Drain)]
    [InlineData(EndpointState.Maintenance, Layout.StateKind.Down)]
    [InlineData(EndpointState.Down, Layout.StateKind.Down)]
    public void Plan_StateOfABackend_IsThatOfItsEntry(EndpointState state, object expected)
    {
        var config = new ServiceConfig { Name = "s", Listen = Tcp(80), Forwarding = Forwarding.DsrIpip, Backends = [new BackendConfig { Address = Address(1) }] };

        Plan(config, new BackendStatus(config.Backends[0], state)).Backends[0].Value.State.ShouldBe((Layout.StateKind)expected);
    }

    [Fact]
    public void Plan_BackendInASlowStart_HasItsShareOfTheTable()
    {
        var config = new ServiceConfig { Name = "s", Listen = Tcp(80), Forwarding = Forwarding.DsrIpip, Backends = [new BackendConfig { Address = Address(1), Weight = 3 }, new BackendConfig { Address = Address(2), Weight = 3 }] };

        var service = Plan(config, new BackendStatus(config.Backends[0], EndpointState.Ready), new BackendStatus(config.Backends[1], EndpointState.Ready) { Share = 4 });

        service.Members(service.Backends.ToDictionary(backend => backend.Key, backend => (uint)backend.Position)).Select(member => member.Weight).ShouldBe([48u, 12u]);
        service.Backends.Select(backend => backend.Weight).ShouldBe([3, 3]);
    }

    [Fact]
    public void Plan_OptionsOfAService_AreFlagsAndNumbers()
    {
        var service = Plan(new ServiceConfig
        {
            Name = "s",
            Listen = new ServiceAddress(TransportProtocol.Udp, Vip, 53, 53),
            Forwarding = Forwarding.DsrIpip,
            Hash = HashOn.Client,
            FlowTable = false,
            UdpTimeout = TimeSpan.FromSeconds(1.5),
            Empty = EmptyAction.Pass,
        });

        service.Value.Flags.ShouldBe(Layout.ServiceFlags.ClientHash | Layout.ServiceFlags.NoFlows);
        service.Value.FlowTimeout.ShouldBe(2u);
        service.Value.EmptyAction.ShouldBe((byte)Layout.EmptyKind.Pass);
    }

    [Fact]
    public void Plan_Nat_HasAnEntryForEachSourceWithTheWeightOfItsBackend()
    {
        var config = new ServiceConfig
        {
            Name = "s",
            Listen = Tcp(80),
            Forwarding = Forwarding.Nat,
            Sources = [IPAddress.Parse("10.0.0.7"), IPAddress.Parse("10.0.0.8")],
            Backends = [new BackendConfig { Address = Address(1), Port = 8080, Weight = 2 }, new BackendConfig { Address = Address(1), Port = 8081 }],
        };

        var service = Plan(config, [.. config.Backends.Select(backend => new BackendStatus(backend, EndpointState.Ready))]);

        service.Value.Flags.ShouldBe(Layout.ServiceFlags.Nat);
        service.Backends.Select(backend => $"{backend.Position} {backend.Weight} {backend.Value.Source.ToIPAddress()} {backend.Value.Port} {backend.Value.Forwarding}").ShouldBe([
            "0 2 10.0.0.7 8080 Nat", "0 2 10.0.0.8 8080 Nat", "1 1 10.0.0.7 8081 Nat", "1 1 10.0.0.8 8081 Nat"]);
        service.Backends.Select(backend => backend.Identity).Distinct().Count().ShouldBe(4);
        VipPlan.Of([service], isClosed: true).ToDictionary(vip => vip.Key.ToIPAddress().ToString(), vip => vip.Value.Flags).ShouldBe(new Dictionary<string, Layout.VipFlags>
        {
            ["203.0.113.10"] = Layout.VipFlags.Echo | Layout.VipFlags.Closed,
            ["10.0.0.7"] = Layout.VipFlags.NatSource,
            ["10.0.0.8"] = Layout.VipFlags.NatSource,
        });
    }

    [Fact]
    public void Plan_NatWithoutSource_LeavesFromTheInterface() =>
        Plan(Forwarding.Nat, new BackendConfig { Address = Address(1) }).Backends.ShouldHaveSingleItem().Value.Source.ToIPAddress().ShouldBe(_host.Local);

    [Fact]
    public void Plan_OptionsAboutClients_AreFlagsAndTables()
    {
        var config = new ServiceConfig
        {
            Name = "s",
            Listen = new ServiceAddress(TransportProtocol.Udp, Vip, 443, 443),
            Forwarding = Forwarding.DsrIpip,
            Empty = EmptyAction.Reject,
            PacketsPerSource = 100,
            FlowsPerSource = 5,
            Quic = new QuicRouting(),
            Sources = [IPAddress.Parse("10.1.0.0")],
            SourceEntropy = true,
            Backends = [new BackendConfig { Address = Address(1), QuicId = 1, Vlan = 0 }, new BackendConfig { Address = Address(2), QuicId = 2, Vlan = 100 }],
            Overrides = [new ClientOverride { Clients = IPNetwork.Parse("198.51.100.0/24"), Backend = Address(2) }],
            Allow = [Set("198.51.100.0/24"), Set("10.0.0.0/8")],
            Block = [Set("10.0.0.0/8"), Set("10.1.0.0/16")],
        };

        var service = Plan(config, [.. config.Backends.Select(backend => new BackendStatus(backend, EndpointState.Ready))]);

        service.Value.Flags.ShouldBe(Layout.ServiceFlags.Limit | Layout.ServiceFlags.Quic | Layout.ServiceFlags.Overrides | Layout.ServiceFlags.Allow | Layout.ServiceFlags.Block);
        (service.Value.SourcePackets, service.Value.SourceFlows, service.Value.QuicOffset, service.Value.QuicLength).ShouldBe((100u, 5u, (byte)1, (byte)2));
        service.Value.EmptyAction.ShouldBe((byte)Layout.EmptyKind.Reject);
        service.Overrides.Values.ShouldBe([service.Backends[1].Key]);
        service.QuicServers.ShouldBe(new Dictionary<uint, BackendKey> { [1] = service.Backends[0].Key, [2] = service.Backends[1].Key }, ignoreOrder: true);
        service.Sources.Select(rule => rule.Verdict).ShouldBe([Layout.SourceVerdict.Block, Layout.SourceVerdict.Block, Layout.SourceVerdict.Allow]);
        service.Backends.Select(backend => backend.Value.Flags).ShouldAllBe(flags => flags == (Layout.BackendFlags.Fib | Layout.BackendFlags.Entropy | Layout.BackendFlags.Vlan));
        service.Backends.Select(backend => backend.Value.VlanBigEndian).ShouldBe([(ushort)0, (ushort)0x6400]);
    }

    [Fact]
    public void Plan_SynCookies_HasTheThresholdAndRoomForAWindowOfEachService()
    {
        var service = Plan(new ServiceConfig { Name = "s", Listen = Tcp(80), Forwarding = Forwarding.L7, SynCookies = new SynCookies { Threshold = 7 } });
        var sizes = XdpSizes.For(new L4Config { LimitedSources = 5000 }, [service], cpus: 2);

        service.Value.Flags.ShouldBe(Layout.ServiceFlags.SynCookies);
        service.Value.SynThreshold.ShouldBe(7u);
        sizes["syn_windows"].ShouldBe(sizes["service_stats"]);
        sizes["service_drops"].ShouldBe(sizes["service_stats"] * (uint)Layout.DropReasons);
        sizes["source_rates"].ShouldBe(5000u);
    }

    [Fact]
    public void Plan_L7WithPeers_EndsTheirTunnelsHereAndNowhereElse()
    {
        var config = new ServiceConfig { Name = "s", Listen = Tcp(80), Forwarding = Forwarding.L7, Backends = [new BackendConfig { Address = _host.Local }, new BackendConfig { Address = Address(1) }] };

        var tunnels = PlanAll(config, [.. config.Backends.Select(backend => new BackendStatus(backend, EndpointState.Ready))])[1..];

        tunnels.Select(tunnel => tunnel.Listen.ToString()).ShouldBe(["ipinip://10.0.0.254:0", "ipv6inip://10.0.0.254:0"]);
        tunnels.ShouldAllBe(tunnel => tunnel.IsTunnel);
        VipPlan.Of(tunnels, isClosed: true).ShouldHaveSingleItem().Value.ShouldBe(default);
    }

    [Fact]
    public void Plan_InterfaceWithAnotherMtu_IsSeenByAPlanAnew()
    {
        var config = new ServiceConfig { Name = "s", Listen = Tcp(80), Forwarding = Forwarding.DsrIpip, NextHop = NextHop.Sender, Backends = [new BackendConfig { Address = Address(1) }] };
        var snapshot = Of(config, new BackendStatus(config.Backends[0], EndpointState.Ready));
        var planner = new XdpPlanner(_host, _host, TimeProvider.System);
        var before = planner.Plan(snapshot)[0];

        _host.Mtu = 9000;
        planner.Plan(snapshot)[0].ShouldBeSameAs(before);
        planner.PlanAnew(snapshot)[0].Backends[0].Value.Mtu.ShouldBe((ushort)9000);
    }

    [Fact]
    public void Plan_InterfacesThatAreGone_StatesOfBackendsStillChange()
    {
        var backend = new BackendConfig { Address = Address(1), Mac = "02:00:00:00:00:01", Interface = "eth1" };
        var config = new ServiceConfig { Name = "s", Listen = Tcp(80), Forwarding = Forwarding.DsrIpip, Backends = [backend] };
        var snapshot = Of(config, new BackendStatus(backend, EndpointState.Ready));
        var planner = new XdpPlanner(_host, _host, TimeProvider.System);
        var before = planner.Plan(snapshot)[0].Backends[0];

        _host.IsGone = true;
        Should.Throw<L4ApplyException>(() => planner.PlanAnew(snapshot)).Message.ShouldBe("there is no interface eth0");
        var states = snapshot.Services.SetItem("s", [new BackendStatus(backend, EndpointState.Down)]);
        var after = planner.Plan(snapshot with { Services = states })[0].Backends[0];

        after.Value.ShouldBe(before.Value with { State = Layout.StateKind.Down });
    }

    [Fact]
    public void Plan_InterfacesOfUnlikeMtu_AsksTheInterfaceFromTheLeastOn()
    {
        var config = new ServiceConfig { Name = "s", Listen = Tcp(80), Forwarding = Forwarding.DsrIpip, NextHop = NextHop.Sender, Backends = [new BackendConfig { Address = Address(1) }] };
        var snapshot = Of(config, new BackendStatus(config.Backends[0], EndpointState.Ready));
        snapshot = snapshot with { Config = snapshot.Config with { L4 = snapshot.Config.L4 with { Interfaces = ["eth0", "eth1"] } } };

        var value = new XdpPlanner(_host, _host, TimeProvider.System).Plan(snapshot)[0].Backends[0].Value;

        (value.InterfaceIndex, value.Mtu).ShouldBe((0u, (ushort)1400));
    }

    [Fact]
    public void Plan_BackendLongInDrain_IsLeftOutOfTheSecondRing()
    {
        var time = new ManualTimeProvider();
        BackendConfig[] backends = [new() { Address = Address(1) }, new() { Address = Address(2) }];
        var config = new ServiceConfig { Name = "s", Listen = Tcp(80), Forwarding = Forwarding.DsrIpip, Backends = [.. backends] };
        var snapshot = Of(config, new BackendStatus(backends[0], EndpointState.Ready), new BackendStatus(backends[1], EndpointState.Drain));
        var planner = new XdpPlanner(_host, _host, time);
        var before = planner.Plan(snapshot)[0];
        before.HasSecond.ShouldBeTrue();

        time.Advance(XdpPlanner.DrainWindow - TimeSpan.FromSeconds(1));
        planner.ForgetDrains().ShouldBeFalse();
        planner.Plan(snapshot)[0].ShouldBeSameAs(before);
        time.Advance(TimeSpan.FromSeconds(1));
        planner.ForgetDrains().ShouldBeTrue();

        planner.Plan(snapshot)[0].HasSecond.ShouldBeFalse();
        planner.ForgetDrains().ShouldBeFalse();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Plan_ServiceThatWasGone_BeginsItsDrainsAnew(bool othersStay)
    {
        var time = new ManualTimeProvider();
        BackendConfig[] backends = [new() { Address = Address(1) }, new() { Address = Address(2) }];
        var config = new ServiceConfig { Name = "s", Listen = Tcp(80), Forwarding = Forwarding.DsrIpip, Backends = [.. backends] };
        Snapshot Drained(string name) => Of(config with { Name = name }, new BackendStatus(backends[0], EndpointState.Ready), new BackendStatus(backends[1], EndpointState.Drain));
        var without = Drained("other");
        if (!othersStay)
            without = without with { Config = without.Config with { L4 = without.Config.L4 with { Services = [] } } };
        var planner = new XdpPlanner(_host, _host, time);
        planner.Plan(Drained("s"))[0].HasSecond.ShouldBeTrue();
        time.Advance(XdpPlanner.DrainWindow);

        planner.Plan(without);

        planner.Plan(Drained("s"))[0].HasSecond.ShouldBeTrue();
    }

    [Fact]
    public void Plan_BackendThatStandsBy_IsInTheSecondRingOnlyOnceItHasTakenFlows()
    {
        var time = new ManualTimeProvider();
        BackendConfig[] backends = [new() { Address = Address(1) }, new() { Address = Address(2) }];
        var config = new ServiceConfig { Name = "s", Listen = Tcp(80), Forwarding = Forwarding.DsrIpip, Backends = [.. backends] };
        var standsBy = new BackendStatus(backends[1], EndpointState.Drain) { IsStandingBy = true };
        var first = Of(config, new BackendStatus(backends[0], EndpointState.Ready), standsBy);
        Snapshot With(params BackendStatus[] states) => first with { Services = first.Services.SetItem("s", [.. states]) };
        var planner = new XdpPlanner(_host, _host, time);

        planner.Plan(first)[0].HasSecond.ShouldBeFalse();
        planner.ForgetDrains().ShouldBeFalse();
        planner.Plan(With(new BackendStatus(backends[0], EndpointState.Drain), new BackendStatus(backends[1], EndpointState.Ready)))[0].HasSecond.ShouldBeTrue();
        planner.Plan(With(new BackendStatus(backends[0], EndpointState.Ready), standsBy))[0].HasSecond.ShouldBeTrue();
        planner.Plan(With(new BackendStatus(backends[0], EndpointState.Ready, "again"), standsBy))[0].HasSecond.ShouldBeTrue();
        time.Advance(XdpPlanner.DrainWindow);
        planner.ForgetDrains().ShouldBeTrue();
        planner.Plan(With(new BackendStatus(backends[0], EndpointState.Ready), standsBy))[0].HasSecond.ShouldBeFalse();

        // A reload gives it a later priority.
        planner.Plan(With([.. backends.Select(backend => new BackendStatus(backend, EndpointState.Ready))]));
        planner.Plan(Of(config, new BackendStatus(backends[0], EndpointState.Ready), standsBy))[0].HasSecond.ShouldBeTrue();
    }

    [Fact]
    public void Probes_OfChecksByTheDataPath_AreWhatThePlanHasForPackets()
    {
        _host.Hops[Address(1)] = new LinkHop(Layout.Mac.Of("02:00:00:00:00:11"), _host.Find("eth1"));
        BackendConfig[] backends = [new() { Address = Address(1) }, new() { Address = Address(2), Mac = "02:00:00:00:00:12", Interface = "eth1" }];
        var config = new ServiceConfig
        {
            Name = "s",
            Listen = Tcp(80),
            Forwarding = Forwarding.DsrL2,
            Backends = [.. backends],
            Health = new Model.L7.HealthCheckConfig(),
            HealthVia = HealthVia.DataPath,
        };
        var snapshot = Of(config, new BackendStatus(backends[0], EndpointState.Ready), new BackendStatus(backends[1], EndpointState.Down));

        var probes = ProbePaths.Wanted(snapshot.Config.L4, new XdpPlanner(_host, _host, TimeProvider.System).Plan(snapshot));

        probes.Keys.ShouldBe([0x50530000u, 0x50530001u]);
        probes.Values.ShouldAllBe(probe => probe.Service.ToIPAddress().Equals(Vip) && probe.Backend.State == default);
        probes[0x50530000].Backend.Flags.ShouldBe(Layout.BackendFlags.None, "the kernel finds its MAC address");
        (probes[0x50530001].Backend.Flags, probes[0x50530001].Backend.InterfaceIndex).ShouldBe((Layout.BackendFlags.Mac, 3u));
    }

    [Fact]
    public void Plan_InterfaceThatIsNotThere_IsRefused()
    {
        _host.IsGone = true;

        Should.Throw<L4ApplyException>(() => Plan(Forwarding.L7)).Message.ShouldBe("there is no interface eth0");
    }

    [Fact]
    public void Plan_NoAddressOfTheBackendsFamily_IsRefused()
    {
        _host.HasIpv6 = false;

        Should.Throw<L4ApplyException>(() => Plan(Forwarding.DsrIpip, new BackendConfig { Address = IPAddress.Parse("2001:db8::1") })).Message
            .ShouldBe("service s: eth0 has no address to reach 2001:db8::1 from; set source");
    }

    private static IPAddress Address(int host) => new([10, 0, 0, (byte)host]);

    private static ServiceAddress Tcp(int port) => new(TransportProtocol.Tcp, Vip, port, port);

    private PlannedService Plan(Forwarding forwarding, params BackendConfig[] backends) => Plan(
        new ServiceConfig { Name = "s", Listen = Tcp(80), Forwarding = forwarding, Backends = [.. backends] },
        [.. backends.Select(backend => new BackendStatus(backend, EndpointState.Ready))]);

    private static SourceSet Set(string network) => new(network, [SourcePrefix.Of(IPNetwork.Parse(network))]);

    private PlannedService Plan(ServiceConfig service, params BackendStatus[] states) => PlanAll(service, states)[0];

    private PlannedService[] PlanAll(ServiceConfig service, BackendStatus[] states) => new XdpPlanner(_host, _host, TimeProvider.System).Plan(Of(service, states));

    private static Snapshot Of(ServiceConfig service, params BackendStatus[] states)
    {
        var config = new ApplianceConfig { Node = "lb", L4 = new L4Config { Interfaces = ["eth0"], Services = [service] } };
        return new Snapshot(1, config, ImmutableDictionary<string, ClusterEndpoints>.Empty)
        {
            Services = ImmutableDictionary<string, ImmutableArray<BackendStatus>>.Empty.Add(service.Name, [.. states]),
        };
    }
}
