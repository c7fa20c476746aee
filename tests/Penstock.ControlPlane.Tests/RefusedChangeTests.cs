// SPDX-License-Identifier: Apache-2.0
using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Diagnostics.Metrics;
using System.Net;
using Microsoft.Extensions.Logging;
using Penstock.ControlPlane.Overrides;
using Penstock.L4;
using Penstock.Model.Vrrp;
using Penstock.Tests;

namespace Penstock.ControlPlane.Tests;

/// <summary>What is said of a change that the host does not take.</summary>
public sealed class RefusedChangeTests : IAsyncLifetime
{
    private const string Reason = "l4: no room";

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    private readonly ManualTimeProvider _time = new();
    private readonly RecordingLoggers _loggers = new();
    private readonly ConcurrentQueue<FakeSource> _sources = [];
    private readonly ControlLoop _loop;
    private LoadedConfig _next = new(FakeSource.Config(FakeSource.Dns("d")), "hash", []);
    private Exception? _failure;
    private int _applied;

    public RefusedChangeTests() => _loop = new ControlLoop(
        () => _next,
        _ =>
        {
            Interlocked.Increment(ref _applied);
            if (_failure is not null) throw _failure;
        },
        (config, found) =>
        {
            var source = new FakeSource(config, found);
            _sources.Enqueue(source);
            return source;
        },
        _ => [],
        () => ImmutableDictionary<string, VrrpRole>.Empty, () => ImmutableDictionary<IPAddress, ProxyState>.Empty, () => OverrideSet.None,
        _time,
        _loggers);

    [Fact]
    public async Task EndpointsFound_EngineRefuses_IsOneLineWithoutATraceAndAWarningUntilItIsTaken()
    {
        await StartAsync();
        _failure = new L4ApplyException(Reason);
        Source.Find(9);
        await SettleAsync();
        foreach (var seconds in (int[])[1, 2])
        {
            await UntilAsync(() => _time.UntilNextTimer == TimeSpan.FromSeconds(seconds));
            _time.Advance(TimeSpan.FromSeconds(seconds));
            await SettleAsync();
        }

        _applied.ShouldBe(4);
        _loggers.Of(Reason).ShouldHaveSingleItem().ShouldBe((LogLevel.Warning, null), "one line, though it was tried three times");
        _loop.Warnings.ShouldHaveSingleItem().ShouldBe($"a change is not in effect yet, and is tried again: {Reason}");
        Refused().ShouldContain(1);

        _failure = null;
        _time.Advance(ControlLoop.MaxRetryInterval);
        await SettleAsync();

        _loop.Warnings.ShouldBeEmpty();
        _loop.State.Snapshot.ShouldNotBeNull().Endpoints["d"].Endpoints.ShouldHaveSingleItem().Address.Port.ShouldBe(9);
    }

    [Fact]
    public async Task EndpointsFound_EngineRefusesAndTheyAreGoneAgain_IsNoWarningAnyMore()
    {
        await StartAsync();
        _failure = new L4ApplyException(Reason);
        Source.Find(9);
        await SettleAsync();
        _loop.Warnings.ShouldNotBeEmpty();

        Source.Find(1);
        _time.Advance(ControlLoop.MaxRetryInterval);
        await SettleAsync();

        _loop.Warnings.ShouldBeEmpty();
    }

    [Fact]
    public async Task Reload_AfterAChangeThatWasRefused_EndsItsWarning()
    {
        await StartAsync();
        _failure = new L4ApplyException(Reason);
        Source.Find(9);
        await SettleAsync();
        _failure = null;
        _next = new LoadedConfig(FakeSource.Config(FakeSource.Dns("d"), FakeSource.Static("a", 1)), "other", []);

        (await _loop.ReloadAsync()).Ok.ShouldBeTrue();

        _loop.Warnings.ShouldBeEmpty();
    }

    [Fact]
    public async Task EndpointsFound_DefectInAnEngine_KeepsItsTrace()
    {
        await StartAsync();
        _failure = new InvalidOperationException("broken");
        Source.Find(9);
        await SettleAsync();

        _loggers.Of("the control loop failed").ShouldHaveSingleItem().ShouldBe((LogLevel.Error, _failure));
    }

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => await _loop.DisposeAsync();

    private static async Task UntilAsync(Func<bool> condition)
    {
        using var timeout = new CancellationTokenSource(s_patience);
        while (!condition()) await Task.Delay(1, timeout.Token);
    }

    // Of every loop of this process: others, of other tests, may be there.
    private static List<int> Refused()
    {
        var values = new List<int>();
        using var listener = new MeterListener { InstrumentPublished = (instrument, self) => { if (instrument.Name == "penstock.snapshot.refused") self.EnableMeasurementEvents(instrument); } };
        listener.SetMeasurementEventCallback<int>((_, value, _, _) => values.Add(value));
        listener.Start();
        listener.RecordObservableInstruments();
        return values;
    }

    private FakeSource Source => _sources.Last();

    private async Task StartAsync()
    {
        var reload = _loop.ReloadAsync();
        await UntilAsync(() => !_sources.IsEmpty);
        Source.Find(1);
        (await reload).Ok.ShouldBeTrue();
        await SettleAsync();
        _time.Advance(ControlLoop.MinPublishInterval);
        await SettleAsync();
        _applied.ShouldBe(1);
    }

    // Messages are served in turn, so an answer to this one means that those before it have been served.
    private async Task SettleAsync() => (await _loop.IsAliveAsync(s_patience)).ShouldBeTrue();

    /// <summary>One logger for all, which keeps what is logged with its exception.</summary>
    private sealed class RecordingLoggers : ILoggerFactory, ILogger
    {
        private readonly ConcurrentQueue<(LogLevel Level, string Text, Exception? Exception)> _messages = [];

        public IEnumerable<(LogLevel Level, Exception? Exception)> Of(string text) =>
            _messages.Where(message => message.Text.Contains(text, StringComparison.Ordinal)).Select(message => (message.Level, message.Exception));

        public ILogger CreateLogger(string categoryName) => this;

        public void AddProvider(ILoggerProvider provider)
        {
            // There is none.
        }

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            _messages.Enqueue((logLevel, formatter(state, exception), exception));

        public void Dispose()
        {
            // Nothing is held.
        }
    }
}
