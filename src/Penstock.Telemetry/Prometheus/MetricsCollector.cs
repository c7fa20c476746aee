// SPDX-License-Identifier: Apache-2.0
using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Text;
using Microsoft.Extensions.Logging;

namespace Penstock.Telemetry.Prometheus;

/// <summary>
/// Listens to every BCL meter whose name begins with <c>Penstock.</c> and prints what it measures in Prometheus' text exposition format,
/// with figures of the process. An instrument has at most 10,000 series; what goes beyond is counted in
/// <c>penstock_metrics_overflowed_total</c>.
/// </summary>
public sealed class MetricsCollector : IDisposable
{
    /// <summary>Media type of the text.</summary>
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    private const string MeterPrefix = "Penstock.";

    private readonly Lock _gate = new();
    private readonly ILogger _logger;
    private readonly MeterListener _listener = new();
    private readonly ConcurrentDictionary<InstrumentState, byte> _instruments = new();
    private long _failures;

    /// <summary>Listens from now on, also to meters that exist already.</summary>
    /// <param name="logger">Where instruments that throw are reported.</param>
    public MetricsCollector(ILogger<MetricsCollector> logger)
    {
        _logger = logger;
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (!instrument.Meter.Name.StartsWith(MeterPrefix, StringComparison.Ordinal))
                return;

            var state = new InstrumentState(instrument);
            _instruments[state] = 0;
            listener.EnableMeasurementEvents(instrument, state);
        };
        _listener.MeasurementsCompleted = (_, state) =>
        {
            if (state is InstrumentState instrument)
                _instruments.TryRemove(instrument, out byte _);
        };
        _listener.SetMeasurementEventCallback<byte>((_, value, tags, state) => Record(value, tags, state));
        _listener.SetMeasurementEventCallback<short>((_, value, tags, state) => Record(value, tags, state));
        _listener.SetMeasurementEventCallback<int>((_, value, tags, state) => Record(value, tags, state));
        _listener.SetMeasurementEventCallback<long>((_, value, tags, state) => Record(value, tags, state));
        _listener.SetMeasurementEventCallback<float>((_, value, tags, state) => Record(value, tags, state));
        _listener.SetMeasurementEventCallback<double>((_, value, tags, state) => Record(value, tags, state));
        _listener.SetMeasurementEventCallback<decimal>((_, value, tags, state) => Record((double)value, tags, state));
        _listener.Start();
    }

    /// <summary>Asks observable instruments for their values and prints everything. Thread-safe; one instrument that throws costs its own values only.</summary>
    public string Collect()
    {
        lock (_gate)
        {
            foreach (var instrument in _instruments.Keys)
                instrument.BeginCollect();

            try
            {
                _listener.RecordObservableInstruments();
            }
            catch (AggregateException e)
            {
                _failures += e.InnerExceptions.Count;
                _logger.LogError(e, "metrics: {Count} instruments could not be read", e.InnerExceptions.Count);
            }

            return Print();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _listener.Dispose();

    private static void Record(double value, ReadOnlySpan<KeyValuePair<string, object?>> tags, object? state)
    {
        if (state is InstrumentState instrument)
            instrument.Record(value, tags);
    }

    private string Print()
    {
        var families = new SortedDictionary<string, MetricFamily>(StringComparer.Ordinal);
        foreach (var meter in _instruments.Keys.GroupBy(i => i.Instrument.Meter))
            AddMeter(families, [.. meter]);

        ProcessMetrics.AddTo(families);
        AddOwn(families);
        var text = new StringBuilder();
        foreach (var family in families.Values)
            family.WriteTo(text);

        return text.ToString();
    }

    private static void AddMeter(SortedDictionary<string, MetricFamily> families, InstrumentState[] instruments)
    {
        var histograms = instruments.Where(i => i.Part == HistogramPart.Bucket).Select(i => i.HistogramName).ToHashSet(StringComparer.Ordinal);
        foreach (var instrument in instruments)
        {
            var isPart = instrument.Part != HistogramPart.None && histograms.Contains(instrument.HistogramName);
            var source = instrument.Instrument;
            if (isPart && instruments.FirstOrDefault(i => i.Part == HistogramPart.Sum && string.Equals(i.HistogramName, instrument.HistogramName, StringComparison.Ordinal)) is { } sum)
                source = sum.Instrument;

            var type = isPart ? MetricType.Histogram : instrument.Type;
            var name = MetricName.For(isPart ? instrument.HistogramName : instrument.Instrument.Name, source.Unit, type);
            if (!families.TryGetValue(name, out var family))
                families[name] = family = new MetricFamily(name, type, source.Description ?? "");

            if (family.Type == type)
                instrument.AddTo(family);
        }
    }

    private void AddOwn(SortedDictionary<string, MetricFamily> families)
    {
        var overflowed = new MetricFamily("penstock_metrics_overflowed_total", MetricType.Counter, "Measurements lost because their instrument had too many series.");
        var failures = new MetricFamily("penstock_metrics_failures_total", MetricType.Counter, "Instruments that could not be read when metrics were collected.");
        overflowed.Values[""] = _instruments.Keys.Sum(i => (double)i.Overflowed);
        failures.Values[""] = _failures;
        families["penstock_metrics_overflowed_total"] = overflowed;
        families["penstock_metrics_failures_total"] = failures;
    }
}
