// SPDX-License-Identifier: Apache-2.0
using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Penstock.ControlPlane.Overrides;
using Penstock.Model;
using Penstock.Model.L7;
using Penstock.Model.Vrrp;

namespace Penstock.ControlPlane.Tests;

/// <summary>What becomes of the states that discovery gives endpoints, and of those that checks at another port give.</summary>
public sealed class DiscoveredStateTests : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly ConcurrentQueue<FakeSource> _sources = [];
    private readonly ControlLoop _loop;
    private ClusterConfig _cluster = FakeSource.Dns("d");

    public DiscoveredStateTests() => _loop = new ControlLoop(
        () => new LoadedConfig(FakeSource.Config(_cluster), "hash", []),
        _ => { },
        (config, found) =>
        {
            var source = new FakeSource(config, found);
            _sources.Enqueue(source);
            return source;
        },
        _ => [],
        () => ImmutableDictionary<string, VrrpRole>.Empty,
        () => ImmutableDictionary<IPAddress, ProxyState>.Empty,
        () => OverrideSet.None,
        TimeProvider.System,
        NullLoggerFactory.Instance);

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => await _loop.DisposeAsync();

    [Fact]
    public async Task Endpoint_ThatItsSourceDrains_IsNotMadeReadyByItsChecks()
    {
        using var open = Listen();
        var port = ((IPEndPoint)open.LocalEndPoint!).Port; // bound above
        _cluster = FakeSource.Dns("d") with { Health = Often };
        await StartAsync(new Endpoint(FakeSource.Address(port), 1, EndpointState.Drain, "ends"), new Endpoint(FakeSource.Address(1), 1, EndpointState.Ready));

        // By the time that the other is down, the first has been checked as well.
        await UntilAsync(() => States().EndsWith("Down", StringComparison.Ordinal));
        States().ShouldBe("Drain Down");
    }

    [Fact]
    public async Task Endpoints_OfWhichNothingMoreIsKnown_AreTakenWithoutACopy()
    {
        await StartAsync(new Endpoint(FakeSource.Address(1), 1, EndpointState.Ready));
        ImmutableArray<Endpoint> found = [new(FakeSource.Address(1), 1, EndpointState.Ready), new(FakeSource.Address(2), 1, EndpointState.Drain, "ends")];

        _sources.Last().Find(found);

        await UntilAsync(() => States() == "Ready Drain");
        (_loop.State.Snapshot!.Endpoints["d"].Endpoints == found).ShouldBeTrue("one array is one object"); // published by StartAsync
    }

    [Fact]
    public async Task Endpoint_OfALaterPriority_IsUsedOnceTheFirstIsDown()
    {
        _cluster = FakeSource.Dns("d");
        await StartAsync(new Endpoint(FakeSource.Address(1), 1, EndpointState.Ready), new Endpoint(FakeSource.Address(2), 1, EndpointState.Ready) { Priority = 1 });
        States().ShouldBe("Ready Drain");

        _sources.Last().Find([new Endpoint(FakeSource.Address(1), 1, EndpointState.Drain), new Endpoint(FakeSource.Address(2), 1, EndpointState.Ready) { Priority = 1 }]);

        await UntilAsync(() => States() == "Drain Ready");
    }

    [Fact]
    public async Task HealthPort_ThatRefuses_TakesEveryEndpointOfItsAddressDown()
    {
        using var closed = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        closed.Bind(new IPEndPoint(IPAddress.Loopback, 0)); // bound and not listening: refuses
        using var open = Listen();
        var (good, bad) = (((IPEndPoint)open.LocalEndPoint!).Port, ((IPEndPoint)closed.LocalEndPoint!).Port); // bound above
        _cluster = FakeSource.Dns("d") with { Health = Often, HealthPort = bad };
        await StartAsync(new Endpoint(FakeSource.Address(good), 1, EndpointState.Ready), new Endpoint(FakeSource.Address(1), 1, EndpointState.Ready));

        await UntilAsync(() => States() == "Down Down");
    }

    private static HealthCheckConfig Often => new() { Interval = TimeSpan.FromMilliseconds(20), Timeout = Patience, Fall = 1, Rise = 1 };

    private static Socket Listen()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        socket.Listen();
        return socket;
    }

    private static async Task UntilAsync(Func<bool> isSo)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (!isSo())
            await Task.Delay(5, patience.Token);
    }

    private string States() => string.Join(' ', _loop.State.Snapshot!.Endpoints["d"].Endpoints.Select(endpoint => endpoint.State)); // published before it is asked

    private async Task StartAsync(params Endpoint[] endpoints)
    {
        var reload = _loop.ReloadAsync();
        await UntilAsync(() => !_sources.IsEmpty);
        _sources.Last().Find([.. endpoints]);
        (await reload).Ok.ShouldBeTrue();
    }
}
