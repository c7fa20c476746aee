// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using System.Net;
using Penstock.L4.Ipvs;
using Penstock.L4.Tests.Userspace;
using Penstock.L4.Xdp;
using Penstock.Linux;
using Penstock.Linux.Netlink;
using Penstock.Model;
using Penstock.Model.L4;
using Penstock.Model.L7;
using Penstock.Tests;

namespace Penstock.L4.Tests;

/// <summary>Backends that come and go while the configuration stays as it is, and has none itself.</summary>
public sealed class DiscoveredBackendsTests
{
    private static readonly DiscoveryConfig s_discovery = new() { Kubernetes = [new KubernetesDiscoveryConfig { Service = "a/b" }] };

    private static readonly ServiceConfig s_nat = new() { Name = "web", Listen = new ServiceAddress(TransportProtocol.Tcp, IPAddress.Parse("203.0.113.10"), 80, 80), Forwarding = Forwarding.Nat, Discovery = s_discovery };

    [Fact]
    public async Task Userspace_BackendsThatComeAndGo_TakeConnectionsInTurn()
    {
        using var loopback = new Loopback();
        var (first, second) = (TcpServer.Echo(loopback), TcpServer.Echo(loopback));
        var service = loopback.Service() with { Discovery = s_discovery };
        var none = loopback.Snapshot((service, []));
        loopback.Engine.Apply(none);

        Apply(Loopback.Ready(first.At));
        using var kept = await loopback.ConnectAsync();
        (await TcpServer.WhoAsync(kept)).ShouldBe(first.At.Address);
        Apply(Loopback.Ready(second.At), Loopback.Ready(first.At, EndpointState.Drain));
        using var client = await loopback.ConnectAsync();

        (await TcpServer.WhoAsync(client)).ShouldBe(second.At.Address);
        await kept.SendAsync(new byte[3]);
        await TcpServer.ReadAsync(kept, new byte[3]);

        void Apply(params BackendStatus[] states) => loopback.Engine.Apply(none with { Services = none.Services.SetItem(service.Name, [.. states]) });
    }

    [Fact]
    public void Ipvs_BackendsThatComeAndGo_AreDestinationsAtTheirPorts()
    {
        var (one, other) = (Backend("10.1.0.1", 8080), Backend("10.1.0.2", 8081));

        Plan(Want(one), Want()).ShouldBe(["add destination 10.1.0.1:8080 of tcp://203.0.113.10:80"]);
        Plan(Want(other, one with { State = EndpointState.Drain }), Want(one)).ShouldBe([
            "add destination 10.1.0.2:8081 of tcp://203.0.113.10:80",
            "change destination 10.1.0.1:8080 of tcp://203.0.113.10:80",
        ]);
        Plan(Want(other), Want(other, one with { State = EndpointState.Drain })).ShouldBe(["remove destination 10.1.0.1:8080 of tcp://203.0.113.10:80"]);
    }

    [Fact]
    public void Ipvs_BackendThatTheKernelRefuses_IsLeftOutAndTriedAgain()
    {
        var (config, wanted) = (new L4Config { Engine = L4Engine.Ipvs, Services = [s_nat] }, Want(Backend("10.1.0.255", 80), Backend("10.1.0.1", 80)));
        var commands = IpvsPlanner.Plan(wanted, Want(), _ => false);
        var refuses = new NetlinkOutcome(Errno.EINVAL, "", Interrupted: false);
        var discovered = IpvsLeftOut.Discovered(config);

        IpvsLeftOut.Is(commands[0], refuses, discovered).ShouldBeTrue();
        IpvsLeftOut.Is(commands[0], refuses with { Error = Errno.EEXIST }, discovered).ShouldBeFalse();
        IpvsLeftOut.Is(commands[0] with { Destination = null }, refuses, discovered).ShouldBeFalse();
        IpvsLeftOut.Is(commands[0] with { Kind = IpvsCommandKind.Change }, refuses, discovered).ShouldBeFalse();
        IpvsLeftOut.Is(commands[0], refuses, IpvsLeftOut.Discovered(config with { Services = [s_nat with { Discovery = null }] })).ShouldBeFalse("what the configuration says is refused as a whole");

        IpvsLeftOut.TakeOut(config, wanted, [commands[0]]).ShouldBe(["service web: the kernel refuses 10.1.0.255:80: left out of what discovery found"]);
        Plan(Want(Backend("10.1.0.255", 80), Backend("10.1.0.1", 80)), wanted).ShouldBe(["add destination 10.1.0.255:80 of tcp://203.0.113.10:80"]);
        IpvsLeftOut.TakeOut(config, wanted, []).ShouldBeEmpty();
    }

    [Fact]
    public void Xdp_FirstBackendByTheKernelsRoutes_AsksForAProgramThatCan()
    {
        var unable = new Layout.Settings { Features = Layout.Features.Fragments };
        var able = new Layout.Settings { Features = Layout.Features.Fragments | Layout.Features.Fib };

        XdpSettings.Serve(unable, [Service()]).ShouldBeTrue();
        XdpSettings.Serve(unable, [Service(Layout.BackendFlags.Mac)]).ShouldBeTrue();
        XdpSettings.Serve(unable, [Service(Layout.BackendFlags.Fib)]).ShouldBeFalse();
        XdpSettings.Serve(able, [Service(Layout.BackendFlags.Fib)]).ShouldBeTrue();
    }

    [Theory]
    [InlineData(null, true)]
    [InlineData("10.0.0.254", true)]
    [InlineData("10.0.0.9", false)] // which is no address of this host
    public void Xdp_NatOfPortsThatTheKernelGives_IsRefusedBeforeABackendIsFound(string? source, bool isRefused)
    {
        var host = new OneInterface { Addresses = [IPAddress.Parse("10.0.0.254")] };
        var service = new ServiceConfig
        {
            Name = "web",
            Listen = new ServiceAddress(TransportProtocol.Tcp, IPAddress.Parse("203.0.113.10"), 80, 80),
            Forwarding = Forwarding.Nat,
            Sources = source is null ? [] : [IPAddress.Parse(source)],
            Discovery = s_discovery,
        };
        var config = new ApplianceConfig { Node = "lb1", L4 = new L4Config { Interfaces = ["eth0"], Services = [service] } };
        var plan = new XdpPlanner(host, host, TimeProvider.System).Plan(new Snapshot(1, config, ImmutableDictionary<string, ClusterEndpoints>.Empty)
        {
            Services = ImmutableDictionary<string, ImmutableArray<BackendStatus>>.Empty.Add("web", []),
        });

        if (isRefused)
            Should.Throw<L4ApplyException>(() => LocalPorts.RequireApart(plan, new PortRange(1, 65535), host)).Message.ShouldContain(" of 10.0.0.254, which the kernel gives to this host's own connections");
        else
            LocalPorts.RequireApart(plan, new PortRange(1, 65535), host);
    }

    [Fact]
    public void Xdp_BackendThatThisHostHasNoAddressFor_IsLeftOutUntilThereIsOne()
    {
        var host = new OneInterface { Addresses = [IPAddress.Parse("10.0.0.254")] };
        var (near, away) = (IPAddress.Parse("10.1.0.1"), IPAddress.Parse("2001:db8::1"));
        var service = new ServiceConfig { Name = "web", Listen = new ServiceAddress(TransportProtocol.Tcp, IPAddress.Parse("203.0.113.10"), 80, 80), Forwarding = Forwarding.DsrIpip, Discovery = s_discovery };
        var config = new ApplianceConfig { Node = "lb1", L4 = new L4Config { Interfaces = ["eth0"], Services = [service] } };
        var snapshot = new Snapshot(1, config, ImmutableDictionary<string, ClusterEndpoints>.Empty)
        {
            Services = ImmutableDictionary<string, ImmutableArray<BackendStatus>>.Empty.Add("web", [.. new[] { away, near }.Select(address => new BackendStatus(new BackendConfig { Address = address }, EndpointState.Ready))]),
        };
        var planner = new XdpPlanner(host, host, TimeProvider.System);
        var plan = planner.Plan(snapshot);

        plan[0].Backends.Select(backend => (backend.Position, backend.Address)).ShouldBe([(1, near)]);
        plan[0].LeftOut.ShouldBe([away]);
        planner.Reaches(plan).ShouldBeFalse();

        host.Addresses = [.. host.Addresses, IPAddress.Parse("2001:db8::fe")];
        planner.Reaches(plan).ShouldBeTrue();
        planner.PlanAnew(snapshot)[0].Backends.Length.ShouldBe(2);
    }

    [Fact]
    public void Xdp_BackendInDrain_IsSoForAsLongWhateverComesAndGoesBeforeIt()
    {
        var (time, host) = (new ManualTimeProvider(), new OneInterface { Addresses = [IPAddress.Parse("10.0.0.254")] });
        var service = new ServiceConfig { Name = "web", Listen = new ServiceAddress(TransportProtocol.Tcp, IPAddress.Parse("203.0.113.10"), 80, 80), Forwarding = Forwarding.DsrIpip, Discovery = s_discovery };
        var config = new ApplianceConfig { Node = "lb1", L4 = new L4Config { Interfaces = ["eth0"], Services = [service] } };
        var planner = new XdpPlanner(host, host, time);
        var ready = new BackendStatus(new BackendConfig { Address = IPAddress.Parse("10.1.0.1") }, EndpointState.Ready);
        var (first, second) = (Drains("10.1.0.2"), Drains("10.1.0.3"));

        Plan(ready, first, second).HasSecond.ShouldBeTrue();
        time.Advance(XdpPlanner.DrainWindow / 2);
        Plan(ready, second).HasSecond.ShouldBeTrue();
        time.Advance(XdpPlanner.DrainWindow / 2);
        planner.ForgetDrains().ShouldBeTrue();
        Plan(ready, second).HasSecond.ShouldBeFalse();

        // One that has gone meanwhile drains anew.
        Plan(ready, first, second).Backends.Select(backend => backend.IsLongInDrain).ShouldBe([false, false, true]);

        static BackendStatus Drains(string address) => new(new BackendConfig { Address = IPAddress.Parse(address) }, EndpointState.Drain);

        PlannedService Plan(params BackendStatus[] states) => planner.Plan(new Snapshot(1, config, ImmutableDictionary<string, ClusterEndpoints>.Empty)
        {
            Services = ImmutableDictionary<string, ImmutableArray<BackendStatus>>.Empty.Add("web", [.. states]),
        })[0];
    }

    [Fact]
    public void Xdp_BackendsThatThisHostHasNoAddressFor_AreWarnedOfAndCounted()
    {
        var status = XdpReader.WithHops(L4Status.Empty, [Service() with { LeftOut = [IPAddress.Parse("10.1.0.1")] }], [], []);

        status.Warnings.ShouldBe(["service web: this host has no address to reach 10.1.0.1 from: left out of what discovery found, until source is set"]);
        status.Unresolved!.Value.ShouldBe(["10.1.0.1"]);
    }

    private static PlannedService Service(params Layout.BackendFlags[] backends) => new(
        "web",
        new ServiceAddress(TransportProtocol.Tcp, IPAddress.Parse("203.0.113.10"), 80, 80),
        default,
        13,
        [.. backends.Select((flags, i) => new PlannedBackend(i, 0, IPAddress.Loopback, 1, new Layout.Backend { Flags = flags }))]);

    private static BackendStatus Backend(string address, int port) => new(new BackendConfig { Address = IPAddress.Parse(address), Port = port }, EndpointState.Ready);

    private static IpvsTable Want(params BackendStatus[] states)
    {
        var config = new ApplianceConfig { Node = "lb1", L4 = new L4Config { Engine = L4Engine.Ipvs, Services = [s_nat] } };
        return IpvsPlanner.Want(new Snapshot(1, config, ImmutableDictionary<string, ClusterEndpoints>.Empty)
        {
            Services = ImmutableDictionary<string, ImmutableArray<BackendStatus>>.Empty.Add("web", [.. states]),
        });
    }

    private static string[] Plan(IpvsTable wanted, IpvsTable held) => [.. IpvsPlanner.Plan(wanted, held, _ => false).Select(command => command.ToString())];

    /// <summary>A host with one interface, and no routes to other networks.</summary>
    private sealed class OneInterface : IHostNetwork, ILinkHops
    {
        public required ImmutableArray<IPAddress> Addresses { get; set; }

        public HostInterface? Find(string name) => new(name, 2, Layout.Mac.Of("02:00:00:00:01:00"), 1500, Addresses);

        public HostInterface? Find(int index) => Find("eth0");

        public LinkHop Find(IPAddress address) => throw new NotSupportedException("nothing goes by a MAC address");

        IReadOnlySet<IPAddress> IHostNetwork.Addresses() => Addresses.ToHashSet();

        public IReadOnlyDictionary<int, uint> Carriers() => ImmutableDictionary<int, uint>.Empty;

        public IReadOnlyList<IPAddress> Unresolved(IReadOnlyCollection<IPAddress> destinations) => [];

        public IPAddress? SourceFor(IPAddress destination) => null;

        public void Resolve(IPAddress destination)
        {
        }
    }
}
