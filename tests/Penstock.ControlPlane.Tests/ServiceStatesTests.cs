// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Penstock.ControlPlane.Overrides;
using Penstock.Health;
using Penstock.Model;
using Penstock.Model.L4;
using Penstock.Model.L7;
using Penstock.Model.Peers;
using Penstock.Tests;

namespace Penstock.ControlPlane.Tests;

public sealed class ServiceStatesTests : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Sixteenth = TimeSpan.FromSeconds(1);

    private readonly ManualTimeProvider _time = new();
    private readonly HealthChecker _health = new(_ => { }, TimeProvider.System, NullLogger<HealthChecker>.Instance);
    private readonly ServiceStates _states;
    private ImmutableDictionary<IPAddress, ProxyState> _proxies = ImmutableDictionary<IPAddress, ProxyState>.Empty;
    private OverrideSet _overrides = OverrideSet.None;
    private Snapshot? _running;

    public ServiceStatesTests() => _states = new ServiceStates(_health, _time);

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => await _health.DisposeAsync();

    [Fact]
    public void SlowStart_OfAServiceThatIsNew_IsNone()
    {
        Assemble(Service([Backend(1), Backend(2)])).ShouldAllBe(backend => backend.Share == BackendStatus.WholeShare && backend.Reason == "");
        _states.NextStep(_running!).ShouldBeNull(); // assembled above
    }

    [Theory]
    [InlineData(BackendState.Maintenance)]
    [InlineData(BackendState.Drain)]
    public void SlowStart_OfABackendThatReturns_GoesUpBySixteenths(BackendState before)
    {
        Assemble(Service([Backend(1), Backend(2, before)]));
        var ready = Service([Backend(1), Backend(2)]);
        var seen = new List<int> { Assemble(ready)[1].Share };

        while (_states.NextStep(_running!) is { } step && seen.Count < 100) // assembled above
        {
            step.ShouldBeLessThanOrEqualTo(Sixteenth + TimeSpan.FromMilliseconds(1));
            _time.Advance(step);
            seen.Add(Assemble(ready)[1].Share);
        }

        seen.ShouldBe(Enumerable.Range(1, BackendStatus.WholeShare));
        var end = Assemble(ready);
        end.ShouldAllBe(backend => backend.Reason == "" && backend.StartedAt == null);
    }

    [Fact]
    public void SlowStart_UnderWay_IsToldAndOutlivesAReloadThatChangesItsWeight()
    {
        Assemble(Service([Backend(1)]));
        Assemble(Service([Backend(1), Backend(2)]));
        _time.Advance(Sixteenth * 4);

        var backend = Assemble(Service([Backend(1), Backend(2) with { Weight = 5 }]))[1];

        (backend.Config.Weight, backend.Share, backend.Reason).ShouldBe((5, 5, "slow start, 5/16 of its weight"));
    }

    [Fact]
    public void SlowStart_NothingNewWithinAStep_KeepsTheInstance()
    {
        Assemble(Service([Backend(1)]));
        var ready = Service([Backend(1), Backend(2)]);
        Assemble(ready);
        var services = _running!.Services; // assembled above
        _time.Advance(Sixteenth / 2);

        Assemble(ready);

        _running.Services.ShouldBeSameAs(services);
    }

    [Fact]
    public async Task Panic_TooFewAreUp_UsesAllUntilEnoughAre()
    {
        var backends = Enumerable.Range(1, 4).Select(host => Backend(host) with { Address = IPAddress.Parse($"127.0.7.{host}") }).ToImmutableArray();
        var sockets = Bind(backends, out var port);
        var service = Service(backends) with
        {
            HealthPort = port,
            Health = new HealthCheckConfig { Interval = TimeSpan.FromMilliseconds(20), Timeout = Patience, Fall = 1, Rise = 1 },
            Panic = new PanicConfig { Below = 50, Until = 75 },
        };
        Listen(sockets[..2]);
        await _health.ApplyAsync(ServiceStates.Targets(new L4Config { Services = [service] }, _overrides));

        // Two of four are up: at the mark, not below it.
        await UntilAsync(service, backend => backend.Count(one => one.State == EndpointState.Down) == 2);
        Assemble(service).ShouldAllBe(backend => !backend.IsInPanic);

        // What is in maintenance counts neither way: one of three.
        var less = service with { Backends = [backends[0] with { State = BackendState.Maintenance }, .. backends[1..]] };
        var panicked = Assemble(less);
        panicked.Select(backend => backend.State).ShouldBe([EndpointState.Maintenance, EndpointState.Ready, EndpointState.Ready, EndpointState.Ready]);
        panicked.Select(backend => backend.IsInPanic).ShouldBe([false, false, true, true]);
        panicked[2].Reason.ShouldStartWith("panic, 33% are up: used although its check says");
        panicked.ShouldAllBe(backend => backend.Share == BackendStatus.WholeShare);

        // Back at the mark it began below: not enough to end it.
        Assemble(service).Count(backend => backend.IsInPanic).ShouldBe(2);

        Listen(sockets[2..3]);
        await UntilAsync(service, backend => backend.Count(one => one.State == EndpointState.Down) == 1);
        Assemble(service).Select(backend => backend.State).ShouldBe([EndpointState.Ready, EndpointState.Ready, EndpointState.Ready, EndpointState.Down]);
        Assemble(service)[2].Share.ShouldBe(BackendStatus.WholeShare, "what was used in panic does not start anew");
        foreach (var socket in sockets)
            socket.Dispose();
    }

    [Fact]
    public void ProxyHost_IsAsItsPeersKnowIt_AndOnlyInServicesOfTheTier()
    {
        _proxies = Proxies((1, EndpointState.Drain), (2, EndpointState.Ready), (3, EndpointState.Down));
        var service = Service([Backend(1), Backend(2), Backend(3), Backend(4, BackendState.Drain)]) with { SlowStart = TimeSpan.Zero };

        Assemble(service).ShouldAllBe(backend => backend.State == EndpointState.Ready || backend.Reason == "configured");
        var tier = Assemble(service with { Forwarding = Forwarding.L7 });

        tier.Select(backend => backend.State).ShouldBe([EndpointState.Drain, EndpointState.Ready, EndpointState.Down, EndpointState.Drain]);
        tier[0].Reason.ShouldBe("Drain 1");
    }

    [Fact]
    public void ProxyHostsThatDrain_WhereNoOtherIsReady_AreUsed()
    {
        var service = Service([Backend(1), Backend(2), Backend(3, BackendState.Drain)]) with { SlowStart = TimeSpan.Zero, Forwarding = Forwarding.L7 };
        _proxies = Proxies((1, EndpointState.Drain), (2, EndpointState.Down));
        var alone = Assemble(service);
        _proxies = Proxies((1, EndpointState.Drain), (2, EndpointState.Drain));
        var both = Assemble(service);

        alone.Select(backend => backend.State).ShouldBe([EndpointState.Ready, EndpointState.Down, EndpointState.Drain]);
        alone[0].Reason.ShouldBe("used although Drain 1: no other is ready");
        both.Select(backend => backend.State).ShouldBe([EndpointState.Ready, EndpointState.Ready, EndpointState.Drain]);
    }

    [Fact]
    public void ProxyHostThatAnOperatorDrains_IsNotUsed_WhereNoOtherIsReady()
    {
        var service = Service([Backend(1), Backend(2)]) with { SlowStart = TimeSpan.Zero, Forwarding = Forwarding.L7 };
        _proxies = Proxies((1, EndpointState.Down));
        _overrides = _overrides.With(new StateOverride(OverrideKind.Backend, "s", "10.0.0.2", BackendState.Drain, DateTimeOffset.UnixEpoch, By: "", Why: ""));

        Assemble(service).Select(backend => backend.State).ShouldBe([EndpointState.Down, EndpointState.Drain]);
    }

    [Fact]
    public void ProxyHost_ThatADaemonBeforeLeftDown_StaysSoUntilSomethingIsHeardOfIt()
    {
        var service = Service([Backend(1), Backend(2)]) with { SlowStart = TimeSpan.Zero, Forwarding = Forwarding.L7 };
        var peers = new PeersConfig
        {
            Listen = SocketEndpoint.Ip(Backend(1).Address, 9465),
            Certificate = "",
            Key = "",
            Ca = "",
            Hosts = [new PeerHostConfig { Name = "lb2", Address = SocketEndpoint.Ip(IPAddress.Loopback, 9465), Proxy = Backend(2).Address }],
        };
        _states.Inherit([(service, Backend(1)), (service, Backend(2))], peers);

        Assemble(service).Select(backend => backend.State).ShouldBe([EndpointState.Ready, EndpointState.Down]);
        _proxies = Proxies((2, EndpointState.Ready));
        Assemble(service).ShouldAllBe(backend => backend.State == EndpointState.Ready);
        _proxies = Proxies();
        Assemble(service).ShouldAllBe(backend => backend.State == EndpointState.Ready);
    }

    private static ImmutableDictionary<IPAddress, ProxyState> Proxies(params (int Host, EndpointState State)[] known) =>
        known.ToImmutableDictionary(one => Backend(one.Host).Address, one => new ProxyState(one.State, one.State == EndpointState.Ready ? "" : $"{one.State} {one.Host}"));

    private static BackendConfig Backend(int host, BackendState state = BackendState.Ready) => new() { Address = new IPAddress([10, 0, 0, (byte)host]), State = state };

    private static ServiceConfig Service(ImmutableArray<BackendConfig> backends) => new()
    {
        Name = "s",
        Listen = new ServiceAddress(TransportProtocol.Tcp, IPAddress.Parse("203.0.113.10"), 80, 80),
        Forwarding = Forwarding.DsrIpip,
        SlowStart = Sixteenth * BackendStatus.WholeShare,
        Backends = backends,
    };

    // Bound and not listening: refuses.
    private static Socket[] Bind(ImmutableArray<BackendConfig> backends, out int port)
    {
        var sockets = backends.Select(_ => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp)).ToArray();
        sockets[0].Bind(new IPEndPoint(backends[0].Address, 0));
        port = ((IPEndPoint)sockets[0].LocalEndPoint!).Port; // bound above
        for (var i = 1; i < sockets.Length; i++)
            sockets[i].Bind(new IPEndPoint(backends[i].Address, port));
        return sockets;
    }

    private static void Listen(ReadOnlySpan<Socket> sockets)
    {
        foreach (var socket in sockets)
            socket.Listen();
    }

    private ImmutableArray<BackendStatus> Assemble(ServiceConfig service)
    {
        var config = new L4Config { Services = [service] };
        _running = new Snapshot(1, new ApplianceConfig { Node = "lb", L4 = config }, ImmutableDictionary<string, ClusterEndpoints>.Empty) { Services = _states.Assemble(config, _running, _proxies, _overrides) };
        return _running.Services["s"];
    }

    private async Task UntilAsync(ServiceConfig service, Func<ImmutableArray<BackendStatus>, bool> condition)
    {
        using var timeout = new CancellationTokenSource(Patience);
        while (!condition(Assemble(service)))
            await Task.Delay(5, timeout.Token);
    }
}
