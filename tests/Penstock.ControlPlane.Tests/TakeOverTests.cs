// SPDX-License-Identifier: Apache-2.0
using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Penstock.ControlPlane.Overrides;
using Penstock.L7;
using Penstock.Model;
using Penstock.Model.L7;
using Penstock.Model.Vrrp;
using Penstock.Tests;

namespace Penstock.ControlPlane.Tests;

/// <summary>What becomes of a cluster's endpoints when a reload changes how they are found in Kubernetes.</summary>
public sealed class TakeOverTests : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly ManualTimeProvider _time = new();
    private readonly ConcurrentQueue<Snapshot> _published = [];
    private readonly ConcurrentQueue<FakeSource> _sources = [];
    private readonly ControlLoop _loop;
    private KubernetesDiscoveryConfig _source = new() { Service = "istio-system/gateway" };
    private Exception? _applyFailure;

    public TakeOverTests() => _loop = new ControlLoop(
        () => new LoadedConfig(FakeSource.Config(new ClusterConfig { Name = "k", Discovery = new DiscoveryConfig { Kubernetes = [_source] } }), "hash", []),
        snapshot =>
        {
            if (_applyFailure is { } failure)
                throw failure;
            _published.Enqueue(snapshot);
        },
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
        _time,
        NullLoggerFactory.Instance);

    public Task InitializeAsync() => StartAsync(1, 2);

    public async Task DisposeAsync() => await _loop.DisposeAsync();

    [Fact]
    public async Task Reload_ThatChangesNothingOfTheSource_KeepsIt()
    {
        _source = _source with { };

        (await _loop.ReloadAsync()).Ok.ShouldBeTrue();

        _sources.ShouldHaveSingleItem().Disposed.ShouldBeFalse();
    }

    public static TheoryData<string> Changes { get; } = new() { "weight", "namespace", "port" };

    [Theory]
    [MemberData(nameof(Changes))]
    public async Task Reload_ThatChangesTheSource_KeepsItsEndpointsUntilTheNewOneHasItsOwn(string change)
    {
        _source = Changed(change);
        await ReloadWithoutAnswerAsync();
        var (old, renewed) = (_sources.First(), _sources.Last());
        Ports().ShouldBe("1 2");
        old.Disposed.ShouldBeFalse();

        // The old one is still followed.
        old.Find(2, 3);
        await UntilAsync(() => Ports() == "2 3");
        renewed.Find(9);
        await UntilAsync(() => Ports() == "9");

        await UntilAsync(() => old.Disposed);
        renewed.Disposed.ShouldBeFalse();
        _published.ShouldAllBe(snapshot => snapshot.Endpoints["k"].Endpoints.Length > 0);
    }

    [Fact]
    public async Task Reload_ThatIsRefused_LeavesTheOldSourceAlone()
    {
        _source = Changed("weight");
        _applyFailure = new L7ApplyException("no");
        await ReloadWithoutAnswerAsync(isGood: false);
        _applyFailure = null;

        _sources.Last().Disposed.ShouldBeTrue();
        _sources.First().Disposed.ShouldBeFalse();
        _sources.First().Find(7);
        await UntilAsync(() => Ports() == "7");
    }

    [Fact]
    public async Task Reload_BeforeTheNewOneHasAnswered_LeansOnTheFirstStill()
    {
        foreach (var change in (string[])["weight", "namespace", "port"])
        {
            _source = Changed(change);
            await ReloadWithoutAnswerAsync();
            Ports().ShouldBe("1 2");
        }

        var sources = _sources.ToArray();
        sources.Select(source => source.Disposed).ShouldBe([false, true, true, false]);
        sources[^1].Find(9);

        await UntilAsync(() => sources[0].Disposed);
        Ports().ShouldBe("9");
    }

    [Fact]
    public async Task NewSource_ThatFindsNothing_IsBelieved()
    {
        _source = Changed("namespace");
        await ReloadWithoutAnswerAsync();

        _sources.Last().Find(ImmutableArray<Endpoint>.Empty);

        await UntilAsync(() => Ports().Length == 0);
    }

    [Fact]
    public async Task Dispose_WhileAnOldSourceIsLeantOn_EndsBoth()
    {
        _source = Changed("weight");
        await ReloadWithoutAnswerAsync();

        await _loop.DisposeAsync();

        _sources.ShouldAllBe(source => source.Disposed);
    }

    private KubernetesDiscoveryConfig Changed(string what) => what switch
    {
        "weight" => _source with { Weight = 7 },
        "namespace" => _source with { Service = "mesh/gateway" },
        _ => _source with { Port = "https" },
    };

    private string Ports() => string.Join(' ', _loop.State.Snapshot!.Endpoints["k"].Endpoints.Select(endpoint => endpoint.Address.Port)); // published before it is asked

    private async Task StartAsync(params int[] ports)
    {
        var reload = _loop.ReloadAsync();
        await UntilAsync(() => !_sources.IsEmpty);
        _sources.Last().Find(ports);
        (await reload).Ok.ShouldBeTrue();
    }

    private async Task ReloadWithoutAnswerAsync(bool isGood = true)
    {
        var before = _sources.Count;
        var reload = _loop.ReloadAsync();
        await UntilAsync(() => _sources.Count > before && _time.UntilNextTimer > ControlLoop.MinPublishInterval);
        _time.Advance(ControlLoop.FirstAnswerWait);
        (await reload).Ok.ShouldBe(isGood);
    }

    // Time goes on, so that what is held back between two snapshots is published.
    private async Task UntilAsync(Func<bool> isSo)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (!isSo())
        {
            if (_loop.State.Snapshot is not null && _time.UntilNextTimer is { } wait && wait <= ControlLoop.MinPublishInterval)
                _time.Advance(wait);
            await Task.Delay(5, patience.Token);
        }
    }
}
