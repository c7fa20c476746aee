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
using Penstock.Model.L7;
using Penstock.Model.Vrrp;

namespace Penstock.ControlPlane.Tests;

/// <summary>Services of the L4 tier whose backends are discovered, from a source to the snapshot that engines get.</summary>
public sealed class DiscoveredServiceTests : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly ConcurrentQueue<FakeSource> _sources = [];
    private readonly ControlLoop _loop;
    private ServiceConfig _service = new()
    {
        Name = "web",
        Listen = new ServiceAddress(TransportProtocol.Tcp, IPAddress.Parse("203.0.113.10"), 80, 80),
        Forwarding = Forwarding.Nat,
        Discovery = new DiscoveryConfig { Kubernetes = [new KubernetesDiscoveryConfig { Service = "shop/web" }] },
    };

    private OverrideSet _overrides = OverrideSet.None;
    private Func<L4Config, IEnumerable<(ServiceConfig, BackendConfig)>> _downBefore = _ => [];
    private Action<Snapshot> _apply = _ => { };

    public DiscoveredServiceTests() => _loop = new ControlLoop(
        () => new LoadedConfig(FakeSource.Config() with { L4 = new L4Config { Services = [_service] } }, "hash", []),
        snapshot => _apply(snapshot),
        (config, found) =>
        {
            var source = new FakeSource(config, found);
            _sources.Enqueue(source);
            return source;
        },
        config => _downBefore(config),
        () => ImmutableDictionary<string, VrrpRole>.Empty,
        () => ImmutableDictionary<IPAddress, ProxyState>.Empty,
        () => Volatile.Read(ref _overrides),
        TimeProvider.System,
        NullLoggerFactory.Instance);

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => await _loop.DisposeAsync();

    [Fact]
    public async Task Endpoints_ThatComeGoAndEnd_AreBackendsWithTheirStates()
    {
        await StartAsync(At(1), At(2) with { State = EndpointState.Drain, Reason = "Kubernetes ends it" });
        _sources.ShouldHaveSingleItem().Cluster.ShouldBe("l4:web");
        States().ShouldBe("10.1.0.1:8080 Ready, 10.1.0.2:8080 Drain (Kubernetes ends it)");
        var config = _loop.State.Snapshot.ShouldNotBeNull().Config;

        _sources.Last().Find([At(3), At(1) with { State = EndpointState.Drain, Reason = "Kubernetes ends it" }]);

        await UntilAsync(() => States() == "10.1.0.3:8080 Ready, 10.1.0.1:8080 Drain (Kubernetes ends it)");
        _loop.State.Snapshot.ShouldNotBeNull().Config.ShouldBeSameAs(config, "engines tell by it that states alone are new");
        _loop.State.Snapshot.ShouldNotBeNull().Endpoints.ShouldBeEmpty();
    }

    [Fact]
    public async Task Endpoints_OfALaterPriority_StandByWhileAnEarlierIsReady()
    {
        await StartAsync(At(1), At(2) with { Priority = 1 });
        States().ShouldBe("10.1.0.1:8080 Ready, 10.1.0.2:8080 Drain (stands by: others go before it)");
        StandBy().ShouldBe([false, true]);

        _sources.Last().Find([At(1) with { State = EndpointState.Drain, Reason = "ends" }, At(2) with { Priority = 1 }]);

        await UntilAsync(() => States() == "10.1.0.1:8080 Drain (ends), 10.1.0.2:8080 Ready");
        StandBy().ShouldBe([false, false]);
    }

    [Fact]
    public async Task Source_ThatHasNoAnswerAfterAReload_LeavesTheBackendsThatWereKnown()
    {
        await StartAsync(At(1));
        _service = _service with { Discovery = new DiscoveryConfig { Kubernetes = [new KubernetesDiscoveryConfig { Service = "shop/web", Port = "http" }] } };

        (await _loop.ReloadAsync()).Ok.ShouldBeTrue();

        _sources.Count.ShouldBe(2);
        States().ShouldBe("10.1.0.1:8080 Ready");
        _sources.Last().Find([At(9)]);
        await UntilAsync(() => States() == "10.1.0.9:8080 Ready");
        await UntilAsync(() => _sources.First().Disposed);
    }

    [Theory]
    [InlineData("shop/other", "service web: shop/other has not answered yet: the 1 endpoints of shop/web, from before a reload, are used")]
    [InlineData("shop/web", "service web: shop/web has not answered yet: the 1 endpoints it had before a reload are used")]
    public async Task Source_ThatHasNoAnswerAfterAReload_IsWarnedOfWithWhoseEndpointsAreUsed(string name, string warning)
    {
        await StartAsync(At(1));
        _loop.Warnings.ShouldBeEmpty();
        _service = _service with { Discovery = new DiscoveryConfig { Kubernetes = [new KubernetesDiscoveryConfig { Service = name, Port = "http" }] } };

        (await _loop.ReloadAsync()).Ok.ShouldBeTrue();

        _loop.Warnings.ShouldBe([warning]);
        _sources.Last().Find([At(9)]);
        await UntilAsync(() => !_loop.Warnings.Any());
    }

    [Fact]
    public async Task Operator_DrainsADiscoveredBackend_AndCantBringBackOneThatEnds()
    {
        await StartAsync(At(1), At(2) with { State = EndpointState.Drain, Reason = "ends" });
        Volatile.Write(ref _overrides, OverrideSet.None
            .With(new StateOverride(OverrideKind.Backend, "web", "10.1.0.1:8080", BackendState.Maintenance, DateTimeOffset.UnixEpoch, By: "ada", Why: ""))
            .With(new StateOverride(OverrideKind.Backend, "web", "10.1.0.2:8080", BackendState.Ready, DateTimeOffset.UnixEpoch, By: "ada", Why: "")));

        (await _loop.PublishAsync()).ShouldBeNull();

        States().ShouldBe("10.1.0.1:8080 Maintenance (by ada since 1970-01-01 00:00:00Z), 10.1.0.2:8080 Drain (ends)");
    }

    [Fact]
    public async Task Endpoints_ThatCantBeReached_AreLeftOutAndWarnedOf()
    {
        _service = _service with { Forwarding = Forwarding.DsrIpip };
        await StartAsync(At(1), At(2, port: 80));

        States().ShouldBe("10.1.0.2 Ready");
        _loop.Warnings.ShouldHaveSingleItem().ShouldStartWith("service web: 1 of 2 endpoints are left out (10.1.0.1:8080): they listen at port 8080");
    }

    [Fact]
    public async Task Endpoints_ThatAreLeftOut_AreCountedByService()
    {
        _service = _service with { Name = "left", Forwarding = Forwarding.DsrIpip }; // a name that no other test's loop has
        await StartAsync(At(1), At(2, port: 80));
        var seen = new ConcurrentDictionary<string, int>(StringComparer.Ordinal);
        using var listener = new MeterListener { InstrumentPublished = (instrument, self) => { if (instrument.Name == "penstock.l4.endpoints.left.out") self.EnableMeasurementEvents(instrument); } };
        listener.SetMeasurementEventCallback<int>((_, value, tags, _) => seen[string.Join(' ', tags.ToArray().Select(tag => tag.Value))] = value);
        listener.Start();

        listener.RecordObservableInstruments();

        seen["left"].ShouldBe(1);
    }

    [Fact]
    public async Task Reload_ThatIsRefused_WarnsOfWhatRunsAlone()
    {
        await StartAsync(At(1));
        _service = _service with { Forwarding = Forwarding.DsrIpip };
        _apply = _ => throw new L4ApplyException("there is no interface eth0");

        (await _loop.ReloadAsync()).Ok.ShouldBeFalse();

        await UntilAsync(() => !_loop.Warnings.Any());
        States().ShouldBe("10.1.0.1:8080 Ready");
    }

    [Fact]
    public async Task FirstReload_BackendThatADaemonBeforeLeftDown_IsDownUntilItsCheckPasses()
    {
        _service = _service with { Health = new HealthCheckConfig { Interval = TimeSpan.FromHours(1), Timeout = TimeSpan.FromHours(1) } };
        _downBefore = config => config.Services.SelectMany(service => service.Backends.Select(backend => (service, backend)).Skip(1));

        await StartAsync(At(1), At(2));

        States().ShouldBe("10.1.0.1:8080 Ready, 10.1.0.2:8080 Down (was down before the daemon started)");
    }

    private static Endpoint At(int host, int port = 8080) => new(SocketEndpoint.Ip(new IPAddress([10, 1, 0, (byte)host]), port), Weight: 1, EndpointState.Ready);

    private static async Task UntilAsync(Func<bool> isSo)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (!isSo())
            await Task.Delay(5, patience.Token);
    }

    private string States() => string.Join(", ", _loop.State.Snapshot!.Services["web"].Select(backend => $"{OverrideSet.Text(backend.Config)} {backend.State}{(backend.Reason.Length > 0 ? $" ({backend.Reason})" : "")}")); // published before it is asked

    private IEnumerable<bool> StandBy() => _loop.State.Snapshot!.Services["web"].Select(backend => backend.IsStandingBy); // published before it is asked

    private async Task StartAsync(params Endpoint[] endpoints)
    {
        var reload = _loop.ReloadAsync();
        await UntilAsync(() => !_sources.IsEmpty);
        _sources.Last().Find([.. endpoints]);
        (await reload).Ok.ShouldBeTrue();
    }
}
