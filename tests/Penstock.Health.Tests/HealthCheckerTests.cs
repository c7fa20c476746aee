// SPDX-License-Identifier: Apache-2.0
using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Net;
using Microsoft.Extensions.Logging;
using Penstock.Model;
using Penstock.Model.L7;
using Penstock.Tests;

namespace Penstock.Health.Tests;

public sealed class HealthCheckerTests : IAsyncLifetime
{
    private static readonly HealthCheckConfig Every10s = new() { Interval = TimeSpan.FromSeconds(10), Timeout = TimeSpan.FromSeconds(3), Rise = 2, Fall = 3 };
    private static readonly SocketEndpoint A = SocketEndpoint.Ip(IPAddress.Loopback, 1);
    private static readonly SocketEndpoint B = SocketEndpoint.Ip(IPAddress.Loopback, 2);

    private readonly ManualTimeProvider _time = new();
    private readonly RecordingLogger<HealthChecker> _logger = new();
    private readonly List<HealthChange> _changes = [];
    private readonly ScriptedCheck _check = new();
    private readonly HealthChecker _checker;

    public HealthCheckerTests() => _checker = new HealthChecker(_changes.Add, _time, _logger, _ => _check, () => 0.5);

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => await _checker.DisposeAsync();

    [Fact]
    public async Task ApplyAsync_NewEndpoint_IsReadyBeforeAnyCheck()
    {
        await Check(Every10s, A);

        StateOf(A).ShouldBe((EndpointState.Ready, ""));
        _check.Runs.ShouldBeEmpty();
        _checker.TryGetState("c", B, out _, out _).ShouldBeFalse();
        _checker.TryGetState("other", A, out _, out _).ShouldBeFalse();
    }

    [Fact]
    public async Task ApplyAsync_FirstCheck_ComesWithinTheFirstInterval()
    {
        await Check(Every10s, A);

        _time.Advance(TimeSpan.FromSeconds(4.9));
        _check.Runs.ShouldBeEmpty();
        _time.Advance(TimeSpan.FromSeconds(0.1));
        _check.Runs.Count.ShouldBe(1);
        _time.Advance(TimeSpan.FromSeconds(20));
        _check.Runs.Count.ShouldBe(3);
    }

    [Theory]
    [InlineData(0, 9)]
    [InlineData(0.999999, 11)]
    public async Task ApplyAsync_Interval_IsJitteredByATenth(double random, double seconds)
    {
        await using var checker = new HealthChecker(_changes.Add, _time, _logger, _ => _check, () => random);
        await Apply(checker, new HealthTarget("c", Every10s, [A]));
        _time.Advance(_time.UntilNextTimer.ShouldNotBeNull());

        _time.UntilNextTimer.ShouldNotBeNull().TotalSeconds.ShouldBe(seconds, 0.01);
    }

    [Fact]
    public async Task Advance_FallFailures_ReportsDownOnceThenReadyAfterRise()
    {
        await Check(Every10s, A);
        _check.Result = "connect: connection refused";

        _time.Advance(TimeSpan.FromSeconds(25));
        _changes.ShouldBe([new HealthChange("c", A, EndpointState.Down, "connect: connection refused")]);
        StateOf(A).ShouldBe((EndpointState.Down, "connect: connection refused"));

        _time.Advance(TimeSpan.FromSeconds(50));
        _changes.Count.ShouldBe(1);
        _check.Result = null;
        _time.Advance(TimeSpan.FromSeconds(20));

        _changes[1..].ShouldBe([new HealthChange("c", A, EndpointState.Ready, "2 checks in a row passed")]);
        _logger.Messages.Select(m => m.Level).ShouldBe([LogLevel.Warning, LogLevel.Warning, LogLevel.Information]);
        _logger.Messages.First().Text.ShouldContain("(1 of 3): connect: connection refused");
    }

    [Fact]
    public async Task Inherit_EndpointThatWasDown_IsDownUntilItsChecksPass()
    {
        _checker.Inherit("c", A, "was down");
        _checker.Inherit("c", B, "was down");
        StateOf(A).ShouldBe((EndpointState.Down, "was down"));

        await Check(Every10s, A);
        StateOf(A).ShouldBe((EndpointState.Down, "was down"));
        _time.Advance(TimeSpan.FromSeconds(5));
        StateOf(A).State.ShouldBe(EndpointState.Down, "one of two checks has passed");
        _time.Advance(TimeSpan.FromSeconds(10));
        _changes.ShouldBe([new HealthChange("c", A, EndpointState.Ready, "2 checks in a row passed")]);

        await Check(Every10s, A, B);
        StateOf(B).State.ShouldBe(EndpointState.Ready, "what was not checked at once has been forgotten");
    }

    [Fact]
    public async Task Inherit_WhatChecksHadFoundDown_BeginsDown_ButNotAllOfACluster()
    {
        var down = new[] { new DownEndpoint("c", A), new DownEndpoint("all", A), new DownEndpoint("all", B), new DownEndpoint("gone", A) };
        HealthTarget[] targets = [new("c", Every10s, [A, B]), new("all", Every10s, [A, B])];

        _checker.Inherit(down, targets).ShouldBeTrue();
        await _checker.ApplyAsync(targets);

        StateOf(A).ShouldBe((EndpointState.Down, HealthChecker.WasDown));
        StateOf(B).State.ShouldBe(EndpointState.Ready);
        _checker.TryGetState("all", A, out var state, out _).ShouldBeTrue();
        state.ShouldBe(EndpointState.Ready);
        _checker.Down().ShouldBe([new DownEndpoint("c", A)]);

        _time.Advance(TimeSpan.FromSeconds(15));
        _checker.Down().ShouldBeEmpty("its checks have passed");
        _checker.Inherit([new DownEndpoint("gone", A)], targets).ShouldBeFalse();
    }

    [Fact]
    public async Task Advance_CheckThatHangs_TimesOut()
    {
        await Check(Every10s with { Fall = 1 }, A);
        _check.Hangs = true;

        _time.Advance(TimeSpan.FromSeconds(7.9));
        _changes.ShouldBeEmpty();
        _time.Advance(TimeSpan.FromSeconds(0.2));

        await Eventually(() => _changes.Count == 1);
        _changes[0].Reason.ShouldBe("timed out after 3s");
    }

    [Fact]
    public async Task Advance_CheckThatThrows_CountsAsFailureAndGoesOn()
    {
        await Check(Every10s with { Fall = 2 }, A);
        _check.Throws = true;

        _time.Advance(TimeSpan.FromSeconds(15));

        _changes.ShouldHaveSingleItem().Reason.ShouldBe("check broke: scripted");
    }

    [Fact]
    public async Task ApplyAsync_SameEndpointAndConfig_KeepsCountAndTimer()
    {
        await Check(Every10s, A);
        _check.Result = "no";
        _time.Advance(TimeSpan.FromSeconds(15));

        await Check(Every10s with { Path = "/" }, A, B);
        _time.Advance(TimeSpan.FromSeconds(10));

        _changes.ShouldHaveSingleItem().Address.ShouldBe(A);
    }

    [Fact]
    public async Task ApplyAsync_OtherConfig_KeepsTheStateItFound()
    {
        await Check(Every10s, A);
        _check.Result = "no";
        _time.Advance(TimeSpan.FromSeconds(25));

        await Check(Every10s with { Interval = TimeSpan.FromSeconds(1) }, A);

        StateOf(A).ShouldBe((EndpointState.Down, "no"));
        _check.Result = null;
        _time.Advance(TimeSpan.FromSeconds(2));
        StateOf(A).State.ShouldBe(EndpointState.Ready);
    }

    [Fact]
    public async Task ApplyAsync_EndpointGone_IsCheckedNoMore()
    {
        await Check(Every10s, A, B);
        _time.Advance(TimeSpan.FromSeconds(5));

        await Check(Every10s, B);
        _check.Runs.Clear();
        _time.Advance(TimeSpan.FromSeconds(30));

        _check.Runs.ShouldAllBe(a => a == B);
        _check.Runs.Count.ShouldBe(3);
        await Apply(_checker);
        _time.UntilNextTimer.ShouldBeNull();
    }

    [Fact]
    public async Task Advance_ManyEndpointsThatHang_RunsNoMoreThanTheLimitAtOnce()
    {
        _check.Hangs = true;
        await Check(Every10s, [.. Enumerable.Range(1, 1000).Select(port => SocketEndpoint.Ip(IPAddress.Loopback, port))]);

        _time.Advance(TimeSpan.FromSeconds(5));
        _check.Runs.Count.ShouldBe(HealthChecker.MaxConcurrentChecks);
        await Apply(_checker);

        _check.Runs.Count.ShouldBeLessThanOrEqualTo(1000);
    }

    [Fact]
    public async Task Meter_Checks_AreCountedAndStateShown()
    {
        var values = new ConcurrentDictionary<string, double>(StringComparer.Ordinal);
        using var listener = new MeterListener();
        var cluster = Guid.NewGuid().ToString("N");
        listener.InstrumentPublished = (instrument, l) =>
        {
            if (string.Equals(instrument.Meter.Name, "Penstock.Health", StringComparison.Ordinal))
                l.EnableMeasurementEvents(instrument);
        };
        void Record(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            if (tags.ToArray().Any(t => Equals(t.Value, cluster)))
                values.AddOrUpdate($"{instrument.Name} {tags[1].Value}", value, (_, old) => instrument.IsObservable ? value : old + value);
        }

        listener.SetMeasurementEventCallback<long>((i, v, t, _) => Record(i, v, t));
        listener.SetMeasurementEventCallback<int>((i, v, t, _) => Record(i, v, t));
        listener.Start();
        await Apply(_checker, new HealthTarget(cluster, Every10s, [A]));
        _time.Advance(TimeSpan.FromSeconds(5));
        _check.Result = "no";
        _time.Advance(TimeSpan.FromSeconds(30));

        listener.RecordObservableInstruments();

        values["penstock.health.checks success"].ShouldBe(1);
        values["penstock.health.checks failure"].ShouldBe(3);
        values["penstock.health.endpoint.up 127.0.0.1:1"].ShouldBe(0);
    }

    private static async Task Eventually(Func<bool> condition)
    {
        for (var i = 0; i < 2000 && !condition(); i++)
            await Task.Delay(5);

        condition().ShouldBeTrue();
    }

    private Task Check(HealthCheckConfig config, params SocketEndpoint[] endpoints) => Apply(_checker, new HealthTarget("c", config, [.. endpoints]));

    // As in the daemon without the test runner's synchronization context, through which the checks would go on at a moment of its own.
    private static Task Apply(HealthChecker checker, params HealthTarget[] targets) => Task.Run(() => checker.ApplyAsync(targets));

    private (EndpointState State, string Reason) StateOf(SocketEndpoint address)
    {
        _checker.TryGetState("c", address, out var state, out var reason).ShouldBeTrue();
        return (state, reason);
    }

    private sealed class ScriptedCheck : IHealthCheck
    {
        public ConcurrentBag<SocketEndpoint> Runs { get; } = [];

        public string? Result { get; set; }

        public bool Hangs { get; set; }

        public bool Throws { get; set; }

        public async Task<string?> RunAsync(SocketEndpoint endpoint, CancellationToken cancel)
        {
            Runs.Add(endpoint);
            if (Throws)
                throw new InvalidOperationException("scripted");

            if (Hangs)
                await Task.Delay(Timeout.Infinite, cancel);

            return Result;
        }
    }
}
