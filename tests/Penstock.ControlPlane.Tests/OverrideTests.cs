// SPDX-License-Identifier: Apache-2.0
using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Diagnostics.Metrics;
using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Penstock.ControlPlane.Overrides;
using Penstock.L4;
using Penstock.Model;
using Penstock.Model.L4;
using Penstock.Model.Vrrp;
using Penstock.Tests;

namespace Penstock.ControlPlane.Tests;

/// <summary>States that operators have given, in snapshots.</summary>
public sealed class OverrideTests : IAsyncLifetime
{
    private const string Reason = "by alice since 2026-11-23 01:02:03Z: a new disk";

    private static readonly SocketEndpoint s_second = FakeSource.Address(2);

    private readonly ManualTimeProvider _time = new();
    private readonly ConcurrentQueue<Snapshot> _published = [];
    private readonly ControlLoop _loop;
    private OverrideSet _overrides = OverrideSet.None;
    private ApplianceConfig _config = Config(BackendState.Ready);
    private Exception? _refusal;
    private int _attempts;

    public OverrideTests() => _loop = new ControlLoop(
        () => new LoadedConfig(_config, "hash", []),
        snapshot =>
        {
            _attempts++;
            if (_refusal is not null)
                throw _refusal;
            _published.Enqueue(snapshot);
        },
        (config, found) => new FakeSource(config, found),
        _ => [],
        () => ImmutableDictionary<string, VrrpRole>.Empty,
        () => ImmutableDictionary<IPAddress, ProxyState>.Empty,
        () => _overrides,
        _time,
        NullLoggerFactory.Instance);

    public Task InitializeAsync() => _loop.ReloadAsync();

    public async Task DisposeAsync() => await _loop.DisposeAsync();

    [Theory]
    [InlineData(BackendState.Drain, EndpointState.Drain)]
    [InlineData(BackendState.Maintenance, EndpointState.Maintenance)]
    public async Task Override_OfABackend_IsPublishedAtOnce_AndOutlivesAReload(BackendState said, EndpointState state)
    {
        _overrides = _overrides.With(Said(OverrideKind.Backend, "s", "10.0.0.2", said));

        (await _loop.PublishAsync()).ShouldBeNull();

        Backends().ShouldBe([(EndpointState.Ready, ""), (state, Reason)]);
        (await _loop.ReloadAsync()).Ok.ShouldBeTrue();
        Backends().ShouldBe([(EndpointState.Ready, ""), (state, Reason)]);
        _overrides = OverrideSet.None;
        (await _loop.PublishAsync()).ShouldBeNull();
        Backends().ShouldBe([(EndpointState.Ready, ""), (EndpointState.Ready, "")]);
    }

    [Fact]
    public async Task Override_OfABackend_GoesBeforeThatOfItsServiceAndTheFile()
    {
        _config = Config(BackendState.Maintenance);
        await _loop.ReloadAsync();
        Backends().ShouldBe([(EndpointState.Ready, ""), (EndpointState.Maintenance, "configured")]);
        _overrides = _overrides.With(Said(OverrideKind.Service, "s", address: null, BackendState.Drain)).With(Said(OverrideKind.Backend, "s", "10.0.0.2", BackendState.Ready));

        await _loop.PublishAsync();

        Backends().ShouldBe([(EndpointState.Drain, Reason), (EndpointState.Ready, "")]);
    }

    [Theory]
    [InlineData(BackendState.Drain, EndpointState.Drain)]
    [InlineData(BackendState.Maintenance, EndpointState.Maintenance)]
    public async Task Override_OfAnEndpoint_IsPublishedAtOnce(BackendState said, EndpointState state)
    {
        _overrides = _overrides.With(Said(OverrideKind.Endpoint, "c", s_second.ToString(), said));

        await _loop.PublishAsync();

        Endpoints().ShouldBe([(EndpointState.Ready, ""), (state, Reason)]);
    }

    [Fact]
    public async Task Override_OfAnEndpoint_GoesBeforeThatOfItsCluster()
    {
        _overrides = _overrides.With(Said(OverrideKind.Cluster, "c", address: null, BackendState.Maintenance)).With(Said(OverrideKind.Endpoint, "c", s_second.ToString(), BackendState.Ready));

        await _loop.PublishAsync();

        Endpoints().ShouldBe([(EndpointState.Maintenance, Reason), (EndpointState.Ready, "")]);
    }

    [Fact]
    public async Task Override_OfNothingThatExists_ChangesNothing()
    {
        _overrides = _overrides.With(Said(OverrideKind.Backend, "s", "10.0.0.9", BackendState.Drain)).With(Said(OverrideKind.Cluster, "gone", address: null, BackendState.Drain));

        (await _loop.PublishAsync()).ShouldBeNull();

        _published.Count.ShouldBe(1);
    }

    [Fact]
    public async Task Override_ThatTheEnginesDoNotTake_SaysWhy_AndIsTriedAgain()
    {
        _overrides = _overrides.With(Said(OverrideKind.Service, "s", address: null, BackendState.Drain));
        _refusal = new L4ApplyException("maps are full");
        (await _loop.PublishAsync()).ShouldBe("maps are full");
        _refusal = null;

        _time.Advance(ControlLoop.RetryInterval);

        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (_published.Count < 2)
            await Task.Delay(1, timeout.Token);
        Backends().ShouldAllBe(backend => backend.State == EndpointState.Drain);
    }

    [Fact]
    public async Task Touches_WhileTheEnginesRefuse_CauseOneAttemptInEachInterval()
    {
        _time.Advance(ControlLoop.MinPublishInterval);
        await SettleAsync();
        _overrides = _overrides.With(Said(OverrideKind.Service, "s", address: null, BackendState.Drain));
        _refusal = new L4ApplyException("maps are full");
        await _loop.PublishAsync();
        _attempts = 0;

        for (var i = 0; i < 10; i++)
        {
            _loop.Touch();
            await SettleAsync();
        }

        _attempts.ShouldBe(0);
        _time.Advance(ControlLoop.MinPublishInterval);
        await SettleAsync();
        _attempts.ShouldBe(1);
    }

    [Fact]
    public void Metric_CountsByKindAndState()
    {
        _overrides = _overrides.With(Said(OverrideKind.Endpoint, "c", "a", BackendState.Drain)).With(Said(OverrideKind.Endpoint, "c", "b", BackendState.Drain)).With(Said(OverrideKind.Service, "s", address: null, BackendState.Maintenance));
        var seen = new ConcurrentDictionary<string, int>(StringComparer.Ordinal);
        using var metrics = new ControlPlaneMetrics(() => _loop.State, () => _overrides, () => ImmutableDictionary<string, int>.Empty, () => false);
        using var listener = new MeterListener { InstrumentPublished = (instrument, self) => { if (instrument.Name == "penstock.overrides") self.EnableMeasurementEvents(instrument); } };
        listener.SetMeasurementEventCallback<int>((_, value, tags, _) => seen.AddOrUpdate(string.Join(' ', tags.ToArray().Select(tag => tag.Value)), value, (_, other) => Math.Max(value, other))); // other tests have loops, and no overrides
        listener.Start();
        listener.RecordObservableInstruments();

        (seen["endpoint drain"], seen["service maintenance"], seen["backend drain"]).ShouldBe((2, 1, 0));
    }

    // Messages are served in turn, so an answer to this one means that those before it have been served.
    private async Task SettleAsync() => (await _loop.IsAliveAsync(TimeSpan.FromMinutes(1))).ShouldBeTrue();

    private static StateOverride Said(OverrideKind kind, string name, string? address, BackendState state) =>
        new(kind, name, address, state, new DateTimeOffset(2026, 11, 23, 1, 2, 3, TimeSpan.Zero), "alice", "a new disk");

    private static ApplianceConfig Config(BackendState second) => FakeSource.Config(FakeSource.Static("c", 1, 2)) with
    {
        L4 = new L4Config
        {
            Services =
            [
                new ServiceConfig
                {
                    Name = "s",
                    Listen = new ServiceAddress(TransportProtocol.Tcp, IPAddress.Parse("203.0.113.10"), 80, 80),
                    Forwarding = Forwarding.DsrIpip,
                    Backends = [new BackendConfig { Address = IPAddress.Parse("10.0.0.1") }, new BackendConfig { Address = IPAddress.Parse("10.0.0.2"), State = second }],
                },
            ],
        },
    };

    private IEnumerable<(EndpointState State, string Reason)> Backends() => _published.Last().Services["s"].Select(backend => (backend.State, backend.Reason));

    private IEnumerable<(EndpointState State, string Reason)> Endpoints() => _published.Last().Endpoints["c"].Endpoints.Select(endpoint => (endpoint.State, endpoint.Reason));
}
