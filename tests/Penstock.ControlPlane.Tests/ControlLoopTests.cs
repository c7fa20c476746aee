// SPDX-License-Identifier: Apache-2.0
using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Diagnostics.Metrics;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Penstock.ControlPlane.Overrides;
using Penstock.L7;
using Penstock.Model;
using Penstock.Model.L4;
using Penstock.Model.L7;
using Penstock.Model.Vrrp;
using Penstock.Tests;

namespace Penstock.ControlPlane.Tests;

public sealed class ControlLoopTests : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly ManualTimeProvider _time = new();
    private readonly ConcurrentQueue<Snapshot> _published = [];
    private readonly ConcurrentQueue<FakeSource> _sources = [];
    private readonly ControlLoop _loop;
    private LoadedConfig _next = Loaded(FakeSource.Config());
    private Exception? _applyFailure;
    private Action _applying = () => { };
    private Func<L4Config, IEnumerable<(ServiceConfig, BackendConfig)>> _downBefore = _ => [];

    public ControlLoopTests() => _loop = NewLoop(_time);

    [Fact]
    public async Task Reload_StaticCluster_IsPublishedWithItsEndpoints()
    {
        _next = Loaded(FakeSource.Config(FakeSource.Static("a", 1, 2)));
        var outcome = await _loop.ReloadAsync();

        outcome.Ok.ShouldBeTrue();
        outcome.Generation.ShouldBe(1);
        var snapshot = _published.ShouldHaveSingleItem();
        snapshot.Endpoints["a"].Endpoints.Select(e => (e.Address.Port, e.State)).ShouldBe([(1, EndpointState.Ready), (2, EndpointState.Ready)]);
        _loop.State.Snapshot.ShouldBeSameAs(snapshot);
        _loop.State.ConfigHash.ShouldBe("hash");
    }

    [Fact]
    public async Task Reload_InvalidConfiguration_ChangesNothing()
    {
        _next = Loaded(FakeSource.Config(FakeSource.Static("a", 1)));
        await _loop.ReloadAsync();
        _next = new LoadedConfig(Config: null, "", [new(IsError: true, "x.yaml:1:1: no"), new(IsError: false, "odd")]);
        var outcome = await _loop.ReloadAsync();

        outcome.Ok.ShouldBeFalse();
        (outcome.Errors, outcome.Warnings, outcome.Generation).ShouldBe((1, 1, 1));
        _published.Count.ShouldBe(1);
        _loop.State.LastReload.ShouldBeSameAs(outcome);
        _loop.State.ConfigHash.ShouldBe("hash");
    }

    [Fact]
    public async Task Reload_EngineRefuses_KeepsWhatRunsAndDropsTheNewSources()
    {
        _next = Loaded(FakeSource.Config(FakeSource.Static("a", 1)));
        await _loop.ReloadAsync();
        _applyFailure = new L7ApplyException("listener web: address in use");
        _next = Loaded(FakeSource.Config(FakeSource.Static("a", 1), FakeSource.Static("b", 2)));
        var outcome = await _loop.ReloadAsync();

        outcome.Ok.ShouldBeFalse();
        outcome.Diagnostics.ShouldHaveSingleItem().Message.ShouldContain("address in use");
        _loop.State.Snapshot.ShouldNotBeNull().Config.L7.Clusters.Keys.ShouldBe(["a"]);
        Source("b").Disposed.ShouldBeTrue();
        Source("a").Disposed.ShouldBeFalse();
    }

    [Fact]
    public async Task Reload_FaultInTheEngine_IsRefusedAndTheLoopGoesOn()
    {
        _applyFailure = new InvalidOperationException("broken");
        (await _loop.ReloadAsync()).Diagnostics.ShouldHaveSingleItem().Message.ShouldBe("internal error: broken");
        _applyFailure = null;
        (await _loop.ReloadAsync()).Ok.ShouldBeTrue();
    }

    [Fact]
    public async Task Reload_UnchangedCluster_KeepsItsSourceAndItsInstance()
    {
        _next = Loaded(FakeSource.Config(FakeSource.Static("a", 1), FakeSource.Static("b", 2)));
        await _loop.ReloadAsync();
        var before = _published.Last();
        _next = Loaded(FakeSource.Config(FakeSource.Static("a", 1) with { Balancing = Balancing.Random }, FakeSource.Static("b", 3)));
        await _loop.ReloadAsync();
        var after = _published.Last();

        after.Endpoints["a"].ShouldBeSameAs(before.Endpoints["a"]);
        after.Endpoints["b"].Endpoints.ShouldHaveSingleItem().Address.Port.ShouldBe(3);
        _sources.Count(source => string.Equals(source.Cluster, "a", StringComparison.Ordinal)).ShouldBe(1);
        _sources.First(source => string.Equals(source.Cluster, "b", StringComparison.Ordinal)).Disposed.ShouldBeTrue();
    }

    [Fact]
    public async Task Reload_RemovedCluster_IsGoneWithItsSource()
    {
        _next = Loaded(FakeSource.Config(FakeSource.Static("a", 1)));
        await _loop.ReloadAsync();
        _next = Loaded(FakeSource.Config());
        await _loop.ReloadAsync();

        _published.Last().Endpoints.ShouldBeEmpty();
        Source("a").Disposed.ShouldBeTrue();
    }

    [Fact]
    public async Task Reload_DnsCluster_WaitsForItsFirstAnswer()
    {
        _next = Loaded(FakeSource.Config(FakeSource.Dns("d")));
        var reload = _loop.ReloadAsync();
        await UntilAsync(() => !_sources.IsEmpty);
        _published.ShouldBeEmpty();
        Source("d").Find(7);

        (await reload).Ok.ShouldBeTrue();
        _published.ShouldHaveSingleItem().Endpoints["d"].Endpoints.ShouldHaveSingleItem().Address.Port.ShouldBe(7);
    }

    [Fact]
    public async Task Reload_DnsClusterWithoutAnswer_IsPublishedEmptyAfterTheWait()
    {
        _next = Loaded(FakeSource.Config(FakeSource.Dns("d")));
        var reload = _loop.ReloadAsync();
        await UntilAsync(() => _time.UntilNextTimer == ControlLoop.FirstAnswerWait);
        _time.Advance(ControlLoop.FirstAnswerWait);

        (await reload).Ok.ShouldBeTrue();
        _published.ShouldHaveSingleItem().Endpoints["d"].Endpoints.ShouldBeEmpty();
    }

    [Fact]
    public async Task Reload_DnsClusterAsksDifferently_KeepsItsLastGoodAnswer()
    {
        await StartWithDnsAsync();
        var changed = new DnsDiscoveryConfig { Name = "mesh.test", Port = 80, MinInterval = TimeSpan.FromSeconds(9) };
        _next = Loaded(FakeSource.Config(new ClusterConfig { Name = "d", Discovery = new DiscoveryConfig { Dns = changed } }));
        var reload = _loop.ReloadAsync();
        await UntilAsync(() => _time.UntilNextTimer == ControlLoop.FirstAnswerWait);
        _time.Advance(ControlLoop.FirstAnswerWait);
        await reload;

        _sources.Count.ShouldBe(2);
        _published.Last().Endpoints["d"].Endpoints.ShouldHaveSingleItem().Address.Port.ShouldBe(1);
    }

    [Fact]
    public async Task EndpointsFound_BurstOfThousand_GivesTwoSnapshotsEndingInTheLast()
    {
        await StartWithDnsAsync();
        for (var port = 1; port <= 1000; port++) Source("d").Find(port);
        await SettleAsync();
        _time.Advance(ControlLoop.MinPublishInterval);
        await SettleAsync();

        _published.Count.ShouldBeInRange(2, 3);
        _published.Last().Endpoints["d"].Endpoints.ShouldHaveSingleItem().Address.Port.ShouldBe(1000);
        _published.Select(snapshot => snapshot.Generation).ShouldBe(Enumerable.Range(1, _published.Count).Select(i => (long)i));
    }

    [Fact]
    public async Task EndpointsFound_EngineRefuses_AreTriedAgainLaterAndLater()
    {
        await StartWithDnsAsync();
        var applied = 0;
        _applying = () => Interlocked.Increment(ref applied);
        _applyFailure = new L7ApplyException("not now");
        Source("d").Find(9);
        await SettleAsync();
        applied.ShouldBe(1);
        foreach (var seconds in (int[])[1, 2, 4, 8, 16, 30, 30])
        {
            var before = applied;
            await UntilAsync(() => _time.UntilNextTimer == TimeSpan.FromSeconds(seconds));
            _time.Advance(TimeSpan.FromSeconds(seconds));
            await SettleAsync();
            applied.ShouldBe(before + 1);
        }

        _applyFailure = null;
        _time.Advance(ControlLoop.MaxRetryInterval);
        await SettleAsync();
        _published.Last().Endpoints["d"].Endpoints.ShouldHaveSingleItem().Address.Port.ShouldBe(9);
    }

    [Fact]
    public async Task EndpointsFound_NothingNew_PublishesNothing()
    {
        await StartWithDnsAsync();
        Source("d").Find(1);
        await SettleAsync();
        _published.Count.ShouldBe(1);
    }

    [Fact]
    public async Task Health_EndpointThatRefuses_GoesDownWithItsReason()
    {
        using var open = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        open.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        open.Listen();
        using var closed = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        closed.Bind(new IPEndPoint(IPAddress.Loopback, 0)); // bound and not listening: refuses
        var (good, bad) = (((IPEndPoint)open.LocalEndPoint!).Port, ((IPEndPoint)closed.LocalEndPoint!).Port); // bound above

        _next = Loaded(FakeSource.Config(FakeSource.Static("h", good, bad) with { Health = new HealthCheckConfig { Interval = TimeSpan.FromMilliseconds(20), Timeout = Patience, Fall = 2 } }));
        await using var loop = NewLoop(TimeProvider.System);
        await loop.ReloadAsync();
        await UntilAsync(() => loop.State.Snapshot!.Endpoints["h"].Endpoints.Any(e => e.State == EndpointState.Down)); // published above

        var endpoints = loop.State.Snapshot!.Endpoints["h"].Endpoints; // published above
        endpoints.Select(e => (e.Address.Port, e.State)).ShouldBe([(good, EndpointState.Ready), (bad, EndpointState.Down)]);
        endpoints[1].Reason.ShouldContain("refused");

        // The verdict outlives a reload that keeps the endpoint.
        var outcome = await loop.ReloadAsync();
        outcome.Ok.ShouldBeTrue();
        loop.State.Snapshot!.Endpoints["h"].Endpoints[1].State.ShouldBe(EndpointState.Down);
    }

    [Fact]
    public async Task SlowStart_OfABackendThatReturns_IsPublishedStepByStep()
    {
        var time = new ManualTimeProvider();
        await using var loop = NewLoop(time);
        _next = Loaded(WithService(BackendState.Maintenance));
        await loop.ReloadAsync();
        _next = Loaded(WithService(BackendState.Ready));
        await loop.ReloadAsync();

        using var timeout = new CancellationTokenSource(Patience);
        while (Share() < BackendStatus.WholeShare)
        {
            time.Advance(TimeSpan.FromMilliseconds(250));
            (await loop.IsAliveAsync(Patience)).ShouldBeTrue();
            timeout.Token.ThrowIfCancellationRequested();
        }

        _published.Skip(1).Select(snapshot => snapshot.Services["s"][1].Share).ShouldBe(Enumerable.Range(1, BackendStatus.WholeShare));

        int Share() => loop.State.Snapshot!.Services["s"][1].Share; // published above
    }

    [Fact]
    public async Task FirstReload_BackendsThatADaemonBeforeLeftDown_AreDownWhereTheyAreChecked()
    {
        _downBefore = config => config.Services.SelectMany(service => service.Backends.Select(backend => (service, backend)).Skip(1));
        await using var loop = NewLoop(_time);
        var config = WithService(BackendState.Ready);
        var service = config.L4.Services[0];
        _next = Loaded(config with { L4 = config.L4 with { Services = [service with { Health = new HealthCheckConfig() }, service with { Name = "unchecked" }] } });

        (await loop.ReloadAsync()).Ok.ShouldBeTrue();
        await loop.ReloadAsync();

        foreach (var snapshot in _published)
        {
            snapshot.Services["s"].Select(backend => (backend.State, backend.Reason)).ShouldBe([(EndpointState.Ready, ""), (EndpointState.Down, "was down before the daemon started")]);
            snapshot.Services["unchecked"].ShouldAllBe(backend => backend.State == EndpointState.Ready);
        }
    }

    [Fact]
    public async Task IsAlive_LoopStuckInTheEngine_IsFalse()
    {
        (await _loop.IsAliveAsync(Patience)).ShouldBeTrue();
        using var release = new ManualResetEventSlim();
        using var entered = new ManualResetEventSlim();
        await using var stuck = new ControlLoop(
            () => _next,
            _ => { entered.Set(); release.Wait(); },
            (config, found) => new FakeSource(config, found),
            _ => [],
            () => ImmutableDictionary<string, VrrpRole>.Empty, () => ImmutableDictionary<IPAddress, ProxyState>.Empty, () => OverrideSet.None,
            _time,
            NullLoggerFactory.Instance);
        var reload = stuck.ReloadAsync();
        entered.Wait(Patience).ShouldBeTrue();
        var alive = stuck.IsAliveAsync(TimeSpan.FromSeconds(1)).AsTask();
        await UntilAsync(() => _time.UntilNextTimer is not null);
        _time.Advance(TimeSpan.FromSeconds(1));

        (await alive).ShouldBeFalse();
        release.Set();
        await reload;
    }

    [Fact]
    public async Task Dispose_WithSources_EndsThemAndRefusesReloads()
    {
        await StartWithDnsAsync();
        await _loop.DisposeAsync();
        Source("d").Disposed.ShouldBeTrue();
        (await _loop.ReloadAsync()).Ok.ShouldBeFalse();
        (await _loop.IsAliveAsync(Patience)).ShouldBeFalse();
    }

    [Fact]
    public async Task Metrics_AfterReloads_TellOutcomesAndEndpoints()
    {
        var seen = new ConcurrentDictionary<string, double>(StringComparer.Ordinal);
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, self) => { if (instrument.Meter.Name == "Penstock.ControlPlane") self.EnableMeasurementEvents(instrument); },
        };
        void Take(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags) =>
            seen.AddOrUpdate($"{instrument.Name} {string.Join(',', tags.ToArray().Select(tag => tag.Value))}", value, (_, old) => instrument.IsObservable ? value : old + value);
        listener.SetMeasurementEventCallback<int>((instrument, value, tags, _) => Take(instrument, value, tags));
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Take(instrument, value, tags));
        listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Take(instrument, value, tags));

        await using var loop = NewLoop(_time);
        listener.Start();
        _next = Loaded(FakeSource.Config(FakeSource.Static("metered", 1, 2)));
        await loop.ReloadAsync();
        _next = new LoadedConfig(Config: null, "", [new(IsError: true, "no")]);
        await loop.ReloadAsync();
        listener.RecordObservableInstruments();

        seen["penstock.cluster.endpoints metered,ready"].ShouldBe(2);
        seen["penstock.cluster.endpoints metered,down"].ShouldBe(0);
        seen["penstock.reloads applied"].ShouldBeGreaterThanOrEqualTo(1);
        seen["penstock.reloads refused"].ShouldBeGreaterThanOrEqualTo(1);
        seen.ShouldContainKey("penstock.config.info hash");
    }

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => await _loop.DisposeAsync();

    private static ApplianceConfig WithService(BackendState second) => new()
    {
        Node = "lb",
        L4 = new L4Config
        {
            Services =
            [
                new ServiceConfig
                {
                    Name = "s",
                    Listen = new ServiceAddress(TransportProtocol.Tcp, IPAddress.Parse("203.0.113.10"), 80, 80),
                    Forwarding = Forwarding.DsrIpip,
                    SlowStart = TimeSpan.FromSeconds(16),
                    Backends = [new BackendConfig { Address = IPAddress.Parse("10.0.0.1") }, new BackendConfig { Address = IPAddress.Parse("10.0.0.2"), State = second }],
                },
            ],
        },
    };

    private static LoadedConfig Loaded(ApplianceConfig config) => new(config, "hash", []);

    private static async Task UntilAsync(Func<bool> condition)
    {
        using var timeout = new CancellationTokenSource(Patience);
        while (!condition()) await Task.Delay(1, timeout.Token);
    }

    private ControlLoop NewLoop(TimeProvider time) => new(
        () => _next,
        snapshot =>
        {
            _applying();
            if (_applyFailure is not null) throw _applyFailure;
            _published.Enqueue(snapshot);
        },
        (config, found) =>
        {
            var source = new FakeSource(config, found);
            _sources.Enqueue(source);
            return source;
        },
        _downBefore,
        () => ImmutableDictionary<string, VrrpRole>.Empty, () => ImmutableDictionary<IPAddress, ProxyState>.Empty, () => OverrideSet.None,
        time,
        NullLoggerFactory.Instance);

    private async Task StartWithDnsAsync()
    {
        _next = Loaded(FakeSource.Config(FakeSource.Dns("d")));
        var reload = _loop.ReloadAsync();
        await UntilAsync(() => !_sources.IsEmpty);
        Source("d").Find(1);
        await reload;
        await SettleAsync();
        _time.Advance(ControlLoop.MinPublishInterval);
        await SettleAsync();
    }

    // Messages are served in turn, so an answer to this one means that those before it have been served.
    private async Task SettleAsync() => (await _loop.IsAliveAsync(Patience)).ShouldBeTrue();

    private FakeSource Source(string cluster) => _sources.Last(source => string.Equals(source.Cluster, cluster, StringComparison.Ordinal));
}
