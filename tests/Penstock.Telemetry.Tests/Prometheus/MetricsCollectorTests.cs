// SPDX-License-Identifier: Apache-2.0
using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;
using Penstock.Telemetry.Prometheus;
using Penstock.Tests;

namespace Penstock.Telemetry.Tests.Prometheus;

public sealed class MetricsCollectorTests : IDisposable
{
    private readonly Meter _meter = new("Penstock.Test." + Guid.NewGuid().ToString("N"));
    private readonly RecordingLogger<MetricsCollector> _logger = new();
    private readonly MetricsCollector _collector;

    public MetricsCollectorTests() => _collector = new MetricsCollector(_logger);

    public void Dispose()
    {
        _collector.Dispose();
        _meter.Dispose();
    }

    [Fact]
    public void Collect_Counter_SumsByLabels()
    {
        var counter = _meter.CreateCounter<long>("penstock.test.requests", "{request}", "Requests\nseen.");
        counter.Add(1, new("route", "a"), new("code", 200));
        counter.Add(2, new("code", 200), new("route", "a"));
        counter.Add(5, new KeyValuePair<string, object?>("route", "b\"\\\n"));

        Block("penstock_test_requests_total").ShouldBe(
            """
            # HELP penstock_test_requests_total Requests\nseen.
            # TYPE penstock_test_requests_total counter
            penstock_test_requests_total{code="200",route="a"} 3
            penstock_test_requests_total{route="b\"\\\n"} 5
            """);
    }

    [Fact]
    public void Collect_GaugesOfAllKinds_ShowThePresentValue()
    {
        var sum = _meter.CreateUpDownCounter<int>("penstock.test.open");
        sum.Add(3);
        sum.Add(-1);
        _meter.CreateGauge<double>("penstock.test.ratio").Record(0.25);
        _meter.CreateObservableGauge("penstock.test.size", () => 12.5, "By");
        _meter.CreateObservableUpDownCounter("penstock.test.queue", () => -4L);

        var text = _collector.Collect();

        text.ShouldContain("# TYPE penstock_test_open gauge\npenstock_test_open 2\n");
        text.ShouldContain("\npenstock_test_ratio 0.25\n");
        text.ShouldContain("\npenstock_test_size_bytes 12.5\n");
        text.ShouldContain("\npenstock_test_queue -4\n");
    }

    [Fact]
    public void Collect_ObservableSeriesThatWent_IsGone()
    {
        var endpoints = new List<string> { "a", "b" };
        _meter.CreateObservableCounter("penstock.test.sent", () => endpoints.Select(e => new Measurement<long>(7, new KeyValuePair<string, object?>("endpoint", e))), "By");
        Block("penstock_test_sent_bytes_total").ShouldContain("{endpoint=\"b\"} 7");
        endpoints.Remove("b");

        var text = Block("penstock_test_sent_bytes_total");

        text.ShouldContain("{endpoint=\"a\"} 7");
        text.ShouldNotContain("{endpoint=\"b\"}");
    }

    [Fact]
    public void Collect_Histogram_IsCumulative()
    {
        var histogram = _meter.CreateHistogram("penstock.test.time", "s", "Time.", advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.1, 1] });
        histogram.Record(0.1);
        histogram.Record(0.5);
        histogram.Record(7);

        Block("penstock_test_time_seconds").ShouldBe(
            """
            # HELP penstock_test_time_seconds Time.
            # TYPE penstock_test_time_seconds histogram
            penstock_test_time_seconds_bucket{le="0.1"} 1
            penstock_test_time_seconds_bucket{le="1"} 2
            penstock_test_time_seconds_bucket{le="+Inf"} 3
            penstock_test_time_seconds_sum 7.6
            penstock_test_time_seconds_count 3
            """);
    }

    [Fact]
    public void Collect_BucketSumAndCount_BecomeOneHistogram()
    {
        AddHistogramParts();

        Block("penstock_test_duration_seconds").ShouldBe(
            """
            # HELP penstock_test_duration_seconds Time of requests.
            # TYPE penstock_test_duration_seconds histogram
            penstock_test_duration_seconds_bucket{route="a",le="0.005"} 1
            penstock_test_duration_seconds_bucket{route="a",le="10"} 4
            penstock_test_duration_seconds_bucket{route="a",le="+Inf"} 5
            penstock_test_duration_seconds_sum{route="a"} 31.5
            penstock_test_duration_seconds_count{route="a"} 5
            """);
    }

    [Fact]
    public void Collect_CallbackThatThrows_CostsOnlyItsOwnValues()
    {
        _meter.CreateObservableGauge<int>("penstock.test.broken", new Func<int>(() => throw new InvalidOperationException("no")));
        _meter.CreateObservableGauge("penstock.test.whole", () => 1);

        var text = _collector.Collect();

        text.ShouldContain("\npenstock_test_whole 1\n");
        text.ShouldNotContain("penstock_test_broken");
        text.ShouldContain("\npenstock_metrics_failures_total 1\n");
        _logger.Messages.ShouldContain(m => m.Level == LogLevel.Error);
    }

    [Fact]
    public void Collect_TooManySeries_KeepsTheFirstAndCountsTheRest()
    {
        var counter = _meter.CreateCounter<int>("penstock.test.hosts");
        for (var i = 0; i < InstrumentState.MaxSeries + 5; i++)
            counter.Add(1, new KeyValuePair<string, object?>("host", i));

        var text = _collector.Collect();

        text.Split('\n').Count(l => l.StartsWith("penstock_test_hosts_total{", StringComparison.Ordinal)).ShouldBe(InstrumentState.MaxSeries);
        text.ShouldContain("\npenstock_metrics_overflowed_total 5\n");
    }

    [Fact]
    public void Collect_MeterDisposed_ForgetsIt()
    {
        _meter.CreateObservableGauge("penstock.test.gone", () => 1);
        _collector.Collect().ShouldContain("penstock_test_gone");

        _meter.Dispose();

        _collector.Collect().ShouldNotContain("penstock_test_gone");
    }

    [Fact]
    public void Collect_MeterOfAnotherName_IsLeftOut()
    {
        using var other = new Meter("System.Test");
        other.CreateObservableGauge("penstock.test.foreign", () => 1);

        _collector.Collect().ShouldNotContain("foreign");
    }

    [PromtoolFact]
    public void Collect_Everything_PassesPromtool()
    {
        AddHistogramParts();
        _meter.CreateCounter<long>("penstock.test.requests", "{request}", "Requests.").Add(3, new KeyValuePair<string, object?>("route", "a\"\\\n\u0001é"));
        _meter.CreateObservableCounter("penstock.test.cpu", () => 1.5e-9, "s", "CPU.");
        _meter.CreateGauge<double>("penstock.test.nan", description: "Not a number.").Record(double.NaN);
        _meter.CreateHistogram<double>("penstock.test.size", "By", "Sizes.").Record(1e12);

        Promtool.CheckMetrics(_collector.Collect()).ShouldBe("");
    }

    private void AddHistogramParts()
    {
        KeyValuePair<string, object?> route = new("route", "a");
        _meter.CreateObservableCounter<long>(
            "penstock.test.duration.bucket",
            () => [new(1, route, new("le", 0.005)), new(4, route, new("le", "10")), new(5, route, new("le", "+Inf"))]);
        _meter.CreateObservableCounter<double>("penstock.test.duration.sum", () => [new(31.5, route)], "s", "Time of requests.");
        _meter.CreateObservableCounter<long>("penstock.test.duration.count", () => [new(5, route)]);
    }

    private string Block(string family) => string.Join('\n', _collector.Collect().Split('\n').Where(l => l.Contains(family, StringComparison.Ordinal)));
}
