// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using Penstock.L4.Ipvs;
using Penstock.Model;
using Penstock.Model.L4;

namespace Penstock.L4.Tests.Ipvs;

public sealed class IpvsPlannerTests
{
    private static readonly BackendConfig s_first = new() { Address = IPAddress.Parse("10.0.0.1"), Weight = 3 };
    private static readonly BackendConfig s_second = new() { Address = IPAddress.Parse("10.0.0.2") };

    [Fact]
    public void Plan_NothingHeld_AddsServicesBeforeTheirDestinations() =>
        Plan(Want(Web(s_first, s_second) with { Ipvs = new IpvsServiceConfig { Scheduler = IpvsScheduler.Wlc } }), new IpvsTable()).ShouldBe([
            "add service tcp://203.0.113.10:80 (wlc)",
            "add destination 10.0.0.1:80 of tcp://203.0.113.10:80",
            "add destination 10.0.0.2:80 of tcp://203.0.113.10:80",
        ]);

    [Fact]
    public void Plan_NewServiceWithMaglev_MakesItsTableOnce() =>
        Plan(Want(Web(s_first, s_second)), new IpvsTable()).ShouldBe([
            "add service tcp://203.0.113.10:80 (none)",
            "add destination 10.0.0.1:80 of tcp://203.0.113.10:80",
            "add destination 10.0.0.2:80 of tcp://203.0.113.10:80",
            "change service tcp://203.0.113.10:80 (mh)",
        ]);

    [Fact]
    public void Plan_EverythingHeld_IsNothing() =>
        Plan(Want(Web(s_first, s_second)), Want(Web(s_second, s_first))).ShouldBeEmpty();

    [Fact]
    public void Plan_WhatDiffers_IsChangedAndNothingElse() =>
        Plan(
            Want(Web(s_first with { Weight = 9 }, s_second) with { Ipvs = new IpvsServiceConfig { Scheduler = IpvsScheduler.Wlc } }),
            Want(Web(s_first, s_second))).ShouldBe([
                "change service tcp://203.0.113.10:80 (wlc)",
                "change destination 10.0.0.1:80 of tcp://203.0.113.10:80",
            ]);

    [Fact]
    public void Plan_BackendsReplaced_TheNewComeFirst()
    {
        var third = new BackendConfig { Address = IPAddress.Parse("10.0.0.3") };
        Plan(Want(Web(third)), Want(Web(s_first))).ShouldBe([
            "add destination 10.0.0.3:80 of tcp://203.0.113.10:80",
            "remove destination 10.0.0.1:80 of tcp://203.0.113.10:80",
        ]);
    }

    [Fact]
    public void Plan_ServiceNotWanted_GoesOnlyIfOurs()
    {
        var held = Want(Web(s_first), Web(s_first) with { Name = "b", Listen = Listen(81) }, Web(s_first) with { Name = "c", Listen = Listen(82) });

        Plan(Want(Web(s_first)), held, key => key.Port == 82).ShouldBe(["remove service tcp://203.0.113.10:82 (mh)"]);
    }

    [Theory]
    [InlineData(EndpointState.Ready, 3u)]
    [InlineData(EndpointState.Drain, 0u)]
    public void Want_State_IsTheWeight(EndpointState state, uint weight) =>
        Destination(Web(s_first), state).ShouldNotBeNull().Weight.ShouldBe(weight);

    [Fact]
    public void Want_SlowStart_IsSixteenthsOfTheWeight() =>
        Destination(Web(s_first) with { SlowStart = TimeSpan.FromMinutes(1) }, EndpointState.Ready).ShouldNotBeNull().Weight.ShouldBe(48u);

    [Theory]
    [InlineData(new[] { 1, 1, 1 }, new[] { 1u, 1u, 1u })]
    [InlineData(new[] { 300, 300 }, new[] { 1u, 1u })]
    [InlineData(new[] { 600, 300, 0 }, new[] { 2u, 1u, 0u })]
    [InlineData(new[] { 99, 100 }, new[] { 127u, 128u })]
    [InlineData(new[] { 65535, 1 }, new[] { 255u, 1u })]
    public void Want_WeightsOfSh_FitItsBuckets(int[] weights, uint[] expected)
    {
        var service = Web([.. weights.Select((weight, i) => new BackendConfig { Address = IPAddress.Parse($"10.0.0.{i + 1}"), Weight = weight })]);

        foreach (var slowStart in (TimeSpan[])[TimeSpan.Zero, TimeSpan.FromMinutes(1)])
        {
            var table = Want(service with { SlowStart = slowStart, Ipvs = new IpvsServiceConfig { Scheduler = IpvsScheduler.Sh } });
            table.Services.Single().Destinations.Values.Select(held => held.Destination.Weight).ShouldBe(expected);
        }
    }

    [Theory]
    [InlineData(EndpointState.Down)]
    [InlineData(EndpointState.Maintenance)]
    public void Want_BackendThatIsOut_IsNoDestination(EndpointState state) => Destination(Web(s_first), state).ShouldBeNull();

    [Theory]
    [InlineData(Forwarding.Nat, 8080, IpvsMethod.Masquerade, IpvsTunnel.Ipip, 8080, 0)]
    [InlineData(Forwarding.Nat, null, IpvsMethod.Masquerade, IpvsTunnel.Ipip, 80, 0)]
    [InlineData(Forwarding.DsrL2, null, IpvsMethod.Route, IpvsTunnel.Ipip, 80, 0)]
    [InlineData(Forwarding.DsrIpip, null, IpvsMethod.Tunnel, IpvsTunnel.Ipip, 80, 0)]
    [InlineData(Forwarding.DsrGue, null, IpvsMethod.Tunnel, IpvsTunnel.Gue, 80, 6080)]
    [InlineData(Forwarding.DsrGue, 5555, IpvsMethod.Tunnel, IpvsTunnel.Gue, 80, 5555)]
    public void Want_Forwarding_IsMethodAndPorts(Forwarding forwarding, int? port, object method, object tunnel, int destinationPort, int tunnelPort)
    {
        var destination = Destination(Web(s_first with { Port = port }) with { Forwarding = forwarding }, EndpointState.Ready).ShouldNotBeNull();

        destination.Method.ShouldBe((IpvsMethod)method);
        destination.Tunnel.ShouldBe((IpvsTunnel)tunnel);
        destination.Key.Port.ShouldBe((ushort)destinationPort);
        destination.TunnelPort.ShouldBe((ushort)tunnelPort);
    }

    [Fact]
    public void Want_Options_AreFlagsTimeoutAndMask()
    {
        var service = Service(Web(s_first) with
        {
            Ipvs = new IpvsServiceConfig { Persistence = TimeSpan.FromMinutes(5), PersistencePrefix = 24, Fallback = true, OnePacket = true },
        });

        service.Flags.ShouldBe(IpvsServiceFlags.Persistent | IpvsServiceFlags.OnePacket | IpvsServiceFlags.Fallback | IpvsServiceFlags.Port);
        service.Timeout.ShouldBe(300u);
        new IPAddress(service.Netmask).ToString().ShouldBe("255.255.255.0");
    }

    [Fact]
    public void Want_HashByClient_LeavesThePortOut()
    {
        Service(Web(s_first) with { Hash = HashOn.Client }).Flags.ShouldBe(IpvsServiceFlags.None);
        Service(Web(s_first) with { Ipvs = new IpvsServiceConfig { Scheduler = IpvsScheduler.Wrr } }).Flags.ShouldBe(IpvsServiceFlags.None);
    }

    [Fact]
    public void Want_Mark_IsTheKeyWithItsFamily()
    {
        var service = Service(Web(s_first) with { Ipvs = new IpvsServiceConfig { Mark = 7 }, Listen = new ServiceAddress(TransportProtocol.Tcp, IPAddress.Parse("2001:db8::1"), 80, 80) });

        service.Key.ShouldBe(IpvsServiceKey.OfMark(AddressFamily.InterNetworkV6, 7));
        service.Key.ToString().ShouldBe("mark 7 IPv6");
        service.Netmask.ShouldBe(128u);
    }

    /// <summary>A service with a name of its own.</summary>
    internal static ServiceConfig Web(params BackendConfig[] backends) => new() { Name = "web", Listen = Listen(80), Forwarding = Forwarding.DsrIpip, Backends = [.. backends] };

    /// <summary>What services want, every backend in one state.</summary>
    internal static IpvsTable Want(EndpointState state, params ServiceConfig[] services) => IpvsPlanner.Want(new Snapshot(
        1,
        new ApplianceConfig { Node = "lb1", L4 = new L4Config { Engine = L4Engine.Ipvs, Services = [.. services] } },
        ImmutableDictionary<string, ClusterEndpoints>.Empty)
    {
        Services = services.ToImmutableDictionary(service => service.Name, service => service.Backends.Select(backend => new BackendStatus(backend, state)).ToImmutableArray(), StringComparer.Ordinal),
    });

    private static IpvsTable Want(params ServiceConfig[] services) => Want(EndpointState.Ready, services);

    private static ServiceAddress Listen(int port) => new(TransportProtocol.Tcp, IPAddress.Parse("203.0.113.10"), port, port);

    private static string[] Plan(IpvsTable wanted, IpvsTable held, Func<IpvsServiceKey, bool>? isOurs = null) =>
        [.. IpvsPlanner.Plan(wanted, held, isOurs ?? (_ => false)).Select(command => command.ToString())];

    private static IpvsService Service(ServiceConfig config) => Want(config).Services.Single().Service;

    private static IpvsDestination? Destination(ServiceConfig config, EndpointState state) => Want(state, config).Services.Single().Destinations.Values.SingleOrDefault()?.Destination;
}
