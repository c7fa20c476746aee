// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Penstock.L4;
using Penstock.Linux.Bpf;
using Penstock.Model;
using Penstock.Model.L4;
using Penstock.Model.Vrrp;
using Penstock.Tests;
using static Penstock.Bpf.Tests.OwnNetwork;
using static Penstock.Bpf.Tests.Wire;

namespace Penstock.Bpf.Tests;

/// <summary>The engine in a network namespace of a test's own, with interfaces v0 and v2. Its clock stands still: its timers would fire on threads outside.</summary>
[Collection(CookieTests.Forking)]
public sealed partial class XdpEngineTests
{
    private static readonly IPAddress s_vip = IPAddress.Parse("203.0.113.10");
    private static readonly string[] s_two = ["10.0.0.1", "10.0.0.2"];
    private static readonly int[] s_clients = [.. Enumerable.Range(1000, 100)];

    private readonly ManualTimeProvider _time = new();

    [BpfTheory]
    [InlineData(0)]
    [InlineData(5)] // a setting of the program: it is loaded anew, with the maps that are there
    public void Apply_InterfaceWhoseDriverTakesNoXdp_IsRefusedAndChangesNothing(int newFlowsPerCpu) => InOwnNetwork((engine, config) =>
    {
        config = config with { Interfaces = ["v0"] };
        engine.Apply(Snapshot(config, s_two));
        var program = engine.Status().Interfaces.ShouldHaveSingleItem().ProgramId;

        for (var i = 0; i < 2; i++)
        {
            Should.Throw<L4ApplyException>(() => engine.Apply(Snapshot(config with { Interfaces = ["v0", "lo"], NewFlowsPerCpu = newFlowsPerCpu }, "10.0.0.1")))
                .Message.ShouldStartWith("the driver of lo does not run XDP natively");
            Backends(engine).ShouldBe(s_two);
            engine.Status().Services.ShouldHaveSingleItem().Backends.Select(backend => backend.Address).ShouldBe(s_two);
            engine.Status().Interfaces.ShouldHaveSingleItem().ShouldBe(new InterfaceStatus("v0", "native", program));
        }

        engine.Apply(Snapshot(config with { NewFlowsPerCpu = newFlowsPerCpu }, "10.0.0.1"));
        Backends(engine).ShouldBe(["10.0.0.1"]);
    });

    [BpfFact]
    public void Apply_ModeThatAnInterfaceDoesNotTake_IsRefusedAndItRunsOn() => InOwnNetwork((engine, config) =>
    {
        config = config with { Interfaces = ["v0", "lo"], Attach = XdpAttach.Generic };
        engine.Apply(Snapshot(config, s_two));

        Should.Throw<L4ApplyException>(() => engine.Apply(Snapshot(config with { Attach = XdpAttach.Native }, "10.0.0.1")));

        engine.Status().Interfaces.Select(device => (device.Name, device.Mode)).ShouldBe([("v0", "generic"), ("lo", "generic")]);
        Backends(engine).ShouldBe(s_two);
    });

    [BpfFact]
    public void Address_OfABackendOfTheProxyTier_ComesToThisHost_StaysHereFromThenOn() => InOwnNetwork((engine, config) =>
    {
        Ip("addr add 192.0.2.1/24 dev v0");
        var peers = ImmutableArray.Create(new BackendConfig { Address = IPAddress.Parse("192.0.2.1") }, new BackendConfig { Address = IPAddress.Parse("192.0.2.2") });
        engine.Apply(Snapshot(config with { Interfaces = ["v0"] }, Forwarding.L7, peers));
        Backends(engine).ShouldBe(["192.0.2.2", "local"]);

        Ip("addr add 192.0.2.2/24 dev v2");
        _time.Advance(TimeSpan.FromSeconds(2));
        Backends(engine).ShouldBe(["local"]);

        Ip("addr del 192.0.2.2/24 dev v2");
        _time.Advance(TimeSpan.FromSeconds(2));
        Backends(engine).ShouldBe(["192.0.2.2", "local"]);
    });

    [BpfFact]
    public void PinnedStates_OfADaemonThatEnded_TellWhoWasDown() => InOwnNetwork((engine, config) =>
    {
        var snapshot = Snapshot(config with { Interfaces = ["v0"] }, s_two);
        PinnedStates.Down(snapshot.Config.L4).ShouldBeEmpty();
        engine.Apply(snapshot with { Services = snapshot.Services.SetItem("web", snapshot.Services["web"].SetItem(1, snapshot.Services["web"][1] with { State = EndpointState.Down })) });
        engine.Dispose();

        PinnedStates.Down(snapshot.Config.L4).Select(down => (down.Service.Name, down.Backend.Address.ToString())).ShouldBe([("web", "10.0.0.2")]);
    });

    [BpfTheory]
    [InlineData("vips", BpfMapType.Hash, 16, 64)]
    [InlineData("backends", BpfMapType.Array, 4, 4)]
    public void Apply_PinnedMapsOfAnotherLayout_AreMadeAnewAndNamed(string map, BpfMapType type, int keySize, int valueSize) => InOwnNetwork((engine, config) =>
    {
        var snapshot = Snapshot(config with { Interfaces = ["v0"] }, s_two);
        engine.Apply(snapshot);
        engine.Status().Notes.ShouldBeEmpty();
        engine.Dispose();
        Directory.CreateDirectory(Path.Combine(config.Pins, "maps-v1"));
        var pin = Path.Combine(Directory.GetDirectories(config.Pins, "maps-v*").Single(folder => !folder.EndsWith("-v1", StringComparison.Ordinal)), map);
        File.Delete(pin);
        using (var other = BpfMap.Create(type, map, keySize, valueSize, 1))
            other.Pin(pin);

        PinnedStates.Down(snapshot.Config.L4).ShouldBeEmpty("what a start asks first");
        using var next = new XdpEngine(NullLoggerFactory.Instance, _time);
        next.Apply(snapshot);

        next.Status().Notes.ShouldBe([$"{map} has another layout", "maps-v1 has another layout"]);
        Backends(next).ShouldBe(s_two);
        next.Status().Interfaces.ShouldHaveSingleItem().Mode.ShouldBe("native");
    });

    [BpfFact]
    public void NextHop_ChangedWhileAnInterfaceIsGone_IsFollowed() => InOwnNetwork((engine, config) =>
    {
        Ip("addr add 10.9.0.1/24 dev v0");
        Ip("neigh replace 10.9.0.11 lladdr 02:00:00:00:00:11 dev v0 nud permanent");
        var backends = ImmutableArray.Create(
            new BackendConfig { Address = IPAddress.Parse("10.9.0.11") },
            new BackendConfig { Address = IPAddress.Parse("10.9.0.12"), Mac = "02:00:00:00:00:12", Interface = "v2", Weight = 0 });
        var answers = Task.Run(() =>
        {
            // New neighbours are given time to answer.
            SpinWait.SpinUntil(() => _time.UntilNextTimer < TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(30)).ShouldBeTrue();
            _time.Advance(_time.UntilNextTimer!.Value); // there is one
        });
        engine.Apply(Snapshot(config with { Interfaces = ["v0"] }, Forwarding.DsrL2, backends));
        answers.Wait();
        NextHop().ShouldBe("02:00:00:00:00:11");

        Ip("link del v2");
        Ip("neigh replace 10.9.0.11 lladdr 02:00:00:00:00:13 dev v0 nud permanent");
        _time.Advance(TimeSpan.FromSeconds(2));
        NextHop().ShouldBe("02:00:00:00:00:13", "a plan goes on by what was known of v2");

        MakeLink("v2");
        Ip("neigh replace 10.9.0.11 lladdr 02:00:00:00:00:14 dev v0 nud permanent");
        _time.Advance(TimeSpan.FromSeconds(2));
        NextHop().ShouldBe("02:00:00:00:00:14");

        string NextHop() => engine.Explain(new IPEndPoint(IPAddress.Parse("198.51.100.1"), 1), new IPEndPoint(s_vip, 80), TransportProtocol.Tcp)!.NextHop.Split(' ')[0]; // services run
    });

    [BpfTheory]
    [InlineData(VrrpRole.Master, VrrpRole.Backup, false)]
    [InlineData(VrrpRole.Master, VrrpRole.Fault, false)]
    [InlineData(VrrpRole.Unknown, VrrpRole.Backup, false)] // a daemon before this may have had the address
    [InlineData(VrrpRole.Master, VrrpRole.Unknown, true)]  // keepalived starts anew
    [InlineData(VrrpRole.Backup, VrrpRole.Master, true)]
    public void Flow_WhoseAddressAnotherHostHasTaken_IsNotBelieved(VrrpRole before, VrrpRole now, bool isBelieved) => InOwnNetwork((engine, config) =>
    {
        var snapshot = WithAddress(Snapshot(config with { Interfaces = ["v0"], FlowsPerCpu = 4096 }, s_two), s_vip);
        engine.Apply(InRole(snapshot, before));
        Send(config);
        IsRemembered(engine).ShouldBeTrue();

        engine.Apply(InRole(snapshot, now));

        IsRemembered(engine).ShouldBe(isBelieved);
        Send(config);
        IsRemembered(engine).ShouldBeTrue("the next packet's flow is believed");
        engine.Apply(InRole(snapshot, now));
        IsRemembered(engine).ShouldBeTrue("only what changes counts");
    });

    [BpfFact]
    public void Flow_OfAnAddressThatThisHostKeeps_IsBelievedWhenItLosesAnother() => InOwnNetwork((engine, config) =>
    {
        var snapshot = WithAddress(Snapshot(config with { Interfaces = ["v0"], FlowsPerCpu = 4096 }, s_two), IPAddress.Parse("203.0.113.99"));
        engine.Apply(InRole(snapshot, VrrpRole.Master));
        Send(config);

        engine.Apply(InRole(snapshot, VrrpRole.Backup));

        IsRemembered(engine).ShouldBeTrue();
    });

    [BpfFact]
    public void Flow_RememberedBeforeTheHostWasTakenOut_IsNotBelievedOnceItIsBackIn() => InOwnNetwork((engine, config) =>
    {
        using var tier = new L4Tier(_ => engine, NullLoggerFactory.Instance);
        tier.Apply(Snapshot(config with { Interfaces = ["v0"], FlowsPerCpu = 4096 }, s_two));
        Send(config);

        tier.Drain(begins: true);
        IsRemembered(engine).ShouldBeTrue("while it drains it serves on what it has");
        tier.Drain(begins: false);

        IsRemembered(engine).ShouldBeFalse();
    });

    [BpfTheory]
    [InlineData(1 << 10)]
    [InlineData(1 << 16)]
    public void FlowTable_OfAnotherSize_HasTheFlowsOfTheOneBefore(int flows) => InOwnNetwork((engine, config) =>
    {
        config = config with { Interfaces = ["v0"], FlowsPerCpu = 1 << 12 };
        engine.Apply(Snapshot(config, s_two));
        Send(config, s_clients);
        var before = Chosen(engine);
        before.ShouldAllBe(one => one.IsRemembered);

        // Other tables come with it: they are not what holds the flows.
        engine.Apply(Snapshot(config with { FlowsPerCpu = flows }, "10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4"));

        Chosen(engine).ShouldBe(before);
        Chosen(engine, port => port + 20_000).Select(one => one.Backend).Distinct().Count().ShouldBe(4);
        engine.Status().Notes.ShouldHaveSingleItem().ShouldStartWith("flows has ");
        Send(config, s_clients);
        Chosen(engine).ShouldBe(before);
    });

    [BpfFact]
    public void FlowTable_TakenAway_IsToldWithTheFlowsItHad() => InOwnNetwork((engine, config) =>
    {
        engine.Apply(Snapshot(config with { Interfaces = ["v0"], FlowsPerCpu = 1 << 12 }, s_two));
        Send(config, s_clients);

        engine.Apply(Snapshot(config with { Interfaces = ["v0"], FlowsPerCpu = 0 }, s_two));

        engine.Status().Notes.ShouldContain($"flows has no room for {s_clients.Length} flows that were remembered: they go by the tables from now on");
    });

    [BpfFact]
    public void NatFlows_OfALargerTable_AreThoseOfTheOneBefore() => InOwnNetwork((engine, config) =>
    {
        config = config with { Interfaces = ["v0"], Nat = new NatConfig { Flows = 1024 } };
        engine.Apply(Snapshot(config, Forwarding.Nat, [new BackendConfig { Address = IPAddress.Parse("10.0.0.1") }]));
        Send(config, [1, 2, 3], begins: true);

        engine.Apply(Snapshot(config with { Nat = new NatConfig { Flows = 4096 } }, Forwarding.Nat, [.. s_two.Select(backend => new BackendConfig { Address = IPAddress.Parse(backend) })]));

        engine.Status().Notes.ShouldBe(["nat_flows has 8192 entries in place of 2048"]);
        for (var port = 1; port <= 3; port++)
        {
            var packet = engine.Explain(new IPEndPoint(IPAddress.Parse("198.51.100.1"), port), new IPEndPoint(s_vip, 80), TransportProtocol.Tcp)!; // services run
            (packet.Why, packet.Backend).ShouldBe(("the table of nat flows remembers it", "10.0.0.1"));
        }
    });

    [BpfTheory]
    [InlineData(Forwarding.DsrIpip)]
    [InlineData(Forwarding.Nat)]
    public void Ports_ThatChangeWhilePacketsCome_LetNoPacketOfAPortThatStaysThrough(Forwarding forwarding) => InOwnNetwork((engine, config) =>
    {
        ImmutableArray<BackendConfig> backends = [.. s_two.Select(backend => new BackendConfig { Address = IPAddress.Parse(backend) })];
        var snapshot = Snapshot(config with { Interfaces = ["v0"], FlowsPerCpu = 4096, DropOtherPorts = true }, forwarding, backends);
        ServiceAddress[] listens = [Ports(9002, 9002), Ports(9000, 9003), Ports(9000, 9010), Ports(0, 65535), Ports(9000, 9999)];
        engine.Apply(Listening(snapshot, listens[0]));
        using var program = BpfProgram.OpenPinned(Path.Combine(config.Pins, "program"))!; // the engine has pinned it
        Packet(Syn).ShouldBe(XdpVerdict.Transmit);
        var (isOver, lost, sent) = (false, 0, 0);
        var traffic = new Thread(() =>
        {
            for (; !Volatile.Read(ref isOver); sent++)
                lost += Packet(Ack) == XdpVerdict.Transmit ? 0 : 1;
        });
        traffic.Start();

        for (var i = 1; i <= 20; i++)
        {
            var before = Volatile.Read(ref sent);
            engine.Apply(Listening(snapshot, listens[i % listens.Length]));
            SpinWait.SpinUntil(() => Volatile.Read(ref sent) > before, TimeSpan.FromSeconds(30)).ShouldBeTrue();
        }

        Volatile.Write(ref isOver, true);
        traffic.Join();
        lost.ShouldBe(0, $"of {sent}");
        engine.Status().Drops.ShouldBeEmpty();
        engine.Status().Services.ShouldHaveSingleItem().Packets.ShouldBe(sent + 1, "one service's counters, over all of it");
        var known = engine.Explain(new IPEndPoint(IPAddress.Parse("198.51.100.1"), 1234), new IPEndPoint(s_vip, 9002), TransportProtocol.Tcp)!; // services run
        known.Why.ShouldContain("remembers it");

        XdpVerdict Packet(int flags) => program.TestRun(In(Tcp("198.51.100.1", 1234, "203.0.113.10", 9002, flags)), new byte[256]).Verdict;
    });

    [BpfFact]
    public void Forwarding_TakenFromAnInterfaceOfAnEngineThatRuns_IsToldUntilItIsBack() => InOwnNetwork((engine, config) =>
    {
        const string Setting = "/proc/sys/net/ipv4/conf/v0/forwarding";
        Ip("addr add 10.0.0.254/24 dev v0");
        Ip("neigh replace 10.0.0.1 lladdr 02:00:00:00:00:11 dev v0 nud permanent");
        File.WriteAllText(Setting, "1");
        var snapshot = Snapshot(config with { Interfaces = ["v0"] }, "10.0.0.1");
        var answers = Task.Run(() =>
        {
            // New neighbours are given time to answer.
            SpinWait.SpinUntil(() => _time.UntilNextTimer < TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(30)).ShouldBeTrue();
            _time.Advance(_time.UntilNextTimer!.Value); // there is one
        });
        engine.Apply(snapshot with
        {
            Config = snapshot.Config with { L4 = snapshot.Config.L4 with { Services = [snapshot.Config.L4.Services[0] with { NextHop = NextHop.Kernel }] } },
        });
        answers.Wait();
        engine.Status().Warnings.ShouldBeEmpty();

        File.WriteAllText(Setting, "0");
        engine.Status().Warnings.ShouldHaveSingleItem().ShouldContain("until net.ipv4.conf.v0.forwarding=1");
        engine.Status().Unresolved!.Value.ShouldBe(["10.0.0.1"]);
        Way().ShouldBe("none, the kernel does not forward on v0: dropped as no_route");

        File.WriteAllText(Setting, "1");
        engine.Status().Warnings.ShouldBeEmpty();
        engine.Status().Unresolved!.Value.ShouldBeEmpty();
        Way().ShouldStartWith("02:00:00:00:00:11 by v0");

        string Way() => engine.Explain(new IPEndPoint(IPAddress.Parse("198.51.100.1"), 1), new IPEndPoint(s_vip, 80), TransportProtocol.Tcp)!.NextHop; // services run
    });

    private static ServiceAddress Ports(int first, int last) => new(TransportProtocol.Tcp, s_vip, first, last);

    // Another configuration each time, as a reload has it.
    private static Snapshot Listening(Snapshot snapshot, ServiceAddress listen) => snapshot with
    {
        Config = snapshot.Config with { L4 = snapshot.Config.L4 with { Services = [snapshot.Config.L4.Services[0] with { Listen = listen }] } },
    };

    private static Snapshot WithAddress(Snapshot snapshot, IPAddress address) => snapshot with
    {
        Config = snapshot.Config with
        {
            Vrrp = [new VrrpInstanceConfig { Name = "edge", Interface = "v0", RouterId = 1, Addresses = [new VrrpAddressConfig { Address = new InterfaceAddress(address, 32) }] }],
        },
    };

    private static Snapshot InRole(Snapshot snapshot, VrrpRole role) => snapshot with { Roles = snapshot.Roles.SetItem("edge", role) };

    // A segment of a flow, through the program that runs.
    private static void Send(L4Config config) => Send(config, [1234]);

    private static void Send(L4Config config, int[] ports, bool begins = false)
    {
        using var program = BpfProgram.OpenPinned(Path.Combine(config.Pins, "program"));
        foreach (var port in ports)
            program.ShouldNotBeNull().TestRun(In(Tcp("198.51.100.1", port, "203.0.113.10", 80, begins ? Syn : Ack)), new byte[256]).Verdict.ShouldBe(XdpVerdict.Transmit);
    }

    private static (string Backend, bool IsRemembered)[] Chosen(XdpEngine engine, Func<int, int>? shift = null) =>
    [
        .. from port in s_clients
           select engine.Explain(new IPEndPoint(IPAddress.Parse("198.51.100.1"), shift?.Invoke(port) ?? port), new IPEndPoint(s_vip, 80), TransportProtocol.Tcp)! into packet // services run
           select (packet.Backend, packet.Why.Contains("remembers it", StringComparison.Ordinal)),
    ];

    private static bool IsRemembered(XdpEngine engine) => engine.Explain(new IPEndPoint(IPAddress.Parse("198.51.100.1"), 1234), new IPEndPoint(s_vip, 80), TransportProtocol.Tcp)!
        .Why.Contains("remembers it", StringComparison.Ordinal); // services run

    private static Snapshot Snapshot(L4Config config, params string[] backends) =>
        Snapshot(config, Forwarding.DsrIpip, [.. backends.Select(backend => new BackendConfig { Address = IPAddress.Parse(backend) })]);

    private static Snapshot Snapshot(L4Config config, Forwarding forwarding, ImmutableArray<BackendConfig> backends)
    {
        var service = new ServiceConfig
        {
            Name = "web",
            Listen = new ServiceAddress(TransportProtocol.Tcp, s_vip, 80, 80),
            Forwarding = forwarding,
            NextHop = NextHop.Sender,
            Sources = [IPAddress.Parse("192.0.2.1")],
            Backends = backends,
        };
        return new Snapshot(1, new ApplianceConfig { Node = "lb", L4 = config with { Services = [service] } }, ImmutableDictionary<string, ClusterEndpoints>.Empty)
        {
            Services = ImmutableDictionary<string, ImmutableArray<BackendStatus>>.Empty.Add("web", [.. backends.Select(backend => new BackendStatus(backend, EndpointState.Ready))]),
        };
    }

    // Where clients go, by the maps.
    private static string[] Backends(XdpEngine engine) =>
    [
        .. Enumerable.Range(1, 50)
            .Select(port => engine.Explain(new IPEndPoint(IPAddress.Parse("198.51.100.1"), port), new IPEndPoint(s_vip, 80), TransportProtocol.Tcp)!.Backend) // services run
            .Distinct().Order(StringComparer.Ordinal),
    ];

    private static void MakeLink(string name)
    {
        Ip($"link add {name} index {70 + name[1]} type veth peer name {name}p");
        Ip($"link set {name} up");
        Ip($"link set {name}p up");
    }

    private void InOwnNetwork(Action<XdpEngine, L4Config> work) => Run(cookies: 1, () =>
    {
        var pins = Directory.CreateTempSubdirectory("penstock-engine-").FullName;
        MakeLink("v0");
        MakeLink("v2");
        try
        {
            using var engine = new XdpEngine(NullLoggerFactory.Instance, _time);
            work(engine, new L4Config { Program = Programs.Object("xdp_lb"), Pins = pins, FlowsPerCpu = 0 });
        }
        finally
        {
            XdpEngine.Detach(pins);
            Directory.Exists(pins).ShouldBeFalse();
        }
    });
}
