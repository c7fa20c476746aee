// SPDX-License-Identifier: Apache-2.0
using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Penstock.ControlPlane.Overrides;
using Penstock.Health;
using Penstock.Model;
using Penstock.Model.L7;
using Penstock.Model.Vrrp;

namespace Penstock.ControlPlane.Tests;

/// <summary>What health checks had found when a process before ended.</summary>
public sealed class DownBeforeTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly ConcurrentQueue<Snapshot> _published = [];
    private readonly ConcurrentQueue<IReadOnlyList<DownEndpoint>> _told = [];

    [Fact]
    public async Task EndpointThatWasDown_BeginsDown_InTheFirstSnapshot()
    {
        var check = new HealthCheckConfig { Interval = TimeSpan.FromHours(1) };
        await using var loop = Loop(
            [FakeSource.Static("some", 1, 2) with { Health = check }, FakeSource.Static("all", 1) with { Health = check }, FakeSource.Static("unchecked", 1, 2)],
            [new("some", FakeSource.Address(1)), new("all", FakeSource.Address(1)), new("unchecked", FakeSource.Address(1))]);

        (await loop.ReloadAsync()).Ok.ShouldBeTrue();

        var snapshot = _published.ShouldHaveSingleItem();
        States(snapshot, "some").ShouldBe([(1, EndpointState.Down, HealthChecker.WasDown), (2, EndpointState.Ready, "")]);
        States(snapshot, "all").ShouldBe([(1, EndpointState.Ready, "")], "one that may be up is better than none");
        States(snapshot, "unchecked").Select(one => one.State).ShouldAllBe(state => state == EndpointState.Ready);
    }

    [Fact]
    public async Task EndpointThatGoesDown_IsToldForTheNextProcess()
    {
        using var closed = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        closed.Bind(new IPEndPoint(IPAddress.Loopback, 0)); // and nobody listens
        var port = ((IPEndPoint)closed.LocalEndPoint!).Port; // bound
        await using var loop = Loop([FakeSource.Static("c", port) with { Health = new HealthCheckConfig { Interval = TimeSpan.FromMilliseconds(20), Timeout = Patience, Fall = 1 } }], []);
        (await loop.ReloadAsync()).Ok.ShouldBeTrue();

        for (var started = DateTime.UtcNow; _told.IsEmpty && DateTime.UtcNow - started < Patience;)
            await Task.Delay(10);

        _told.ShouldHaveSingleItem().ShouldBe([new DownEndpoint("c", FakeSource.Address(port))]);
    }

    [Fact]
    public async Task EndpointThatIsNotDownAnyMore_WithoutACheckThatHasPassed_IsToldToo()
    {
        // Otherwise the process after the next would begin with it down, beside endpoints that were added meanwhile and would have all of the load.
        var check = new HealthCheckConfig { Interval = TimeSpan.FromHours(1) };
        var config = FakeSource.Config(FakeSource.Static("some", 1, 2) with { Health = check }, FakeSource.Static("all", 1) with { Health = check });
        await using var loop = Loop(() => config, [new("some", FakeSource.Address(1)), new("all", FakeSource.Address(1)), new("gone", FakeSource.Address(1))]);

        (await loop.ReloadAsync()).Ok.ShouldBeTrue();
        _told.ShouldHaveSingleItem().ShouldBe([new DownEndpoint("some", FakeSource.Address(1))], "one begins ready, and one is gone");

        (await loop.ReloadAsync()).Ok.ShouldBeTrue();
        _told.Count.ShouldBe(1, "nothing is new");

        config = FakeSource.Config(FakeSource.Static("some", 2, 3) with { Health = check });
        (await loop.ReloadAsync()).Ok.ShouldBeTrue();
        _told.Count.ShouldBe(2);
        _told.Last().ShouldBeEmpty();
    }

    private static IEnumerable<(int Port, EndpointState State, string Reason)> States(Snapshot snapshot, string cluster) =>
        snapshot.Endpoints[cluster].Endpoints.Select(endpoint => (endpoint.Address.Port, endpoint.State, endpoint.Reason));

    private ControlLoop Loop(ClusterConfig[] clusters, IReadOnlyList<DownEndpoint> before) => Loop(() => FakeSource.Config(clusters), before);

    private ControlLoop Loop(Func<ApplianceConfig> config, IReadOnlyList<DownEndpoint> before) => new(
        () => new LoadedConfig(config(), "hash", []),
        _published.Enqueue,
        (config, found) => new FakeSource(config, found),
        _ => [],
        () => ImmutableDictionary<string, VrrpRole>.Empty,
        () => ImmutableDictionary<IPAddress, ProxyState>.Empty,
        () => OverrideSet.None,
        TimeProvider.System,
        NullLoggerFactory.Instance)
    {
        DownBefore = before,
        DownChanged = _told.Enqueue,
    };
}
