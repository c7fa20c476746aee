// SPDX-License-Identifier: Apache-2.0
using System.Diagnostics.Metrics;

namespace Penstock.Telemetry.Prometheus;

/// <summary>What one instrument has measured, by label list. Thread-safe.</summary>
internal sealed class InstrumentState
{
    /// <summary>Series kept for one instrument; measurements of further ones are counted and lost.</summary>
    public const int MaxSeries = 10_000;

    private const string BucketSuffix = ".bucket";
    private const string SumSuffix = ".sum";
    private const string CountSuffix = ".count";

    /// <summary>Seconds; those of Prometheus' client libraries.</summary>
    private static readonly double[] DefaultBounds = [.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10];

    private readonly Lock _gate = new();
    private readonly Instrument _instrument;
    private readonly bool _isAdditive;
    private readonly IReadOnlyList<double>? _bounds;
    private readonly Dictionary<string, double> _values = new(StringComparer.Ordinal);
    private readonly Dictionary<string, HistogramSeries> _histograms = new(StringComparer.Ordinal);
    private long _overflowed;

    /// <summary>State of an instrument that has measured nothing yet.</summary>
    /// <param name="instrument">The instrument.</param>
    public InstrumentState(Instrument instrument)
    {
        _instrument = instrument;
        var kind = instrument.GetType().GetGenericTypeDefinition();
        var isHistogram = kind == typeof(Histogram<>);
        _isAdditive = kind == typeof(Counter<>) || kind == typeof(UpDownCounter<>);
        _bounds = isHistogram ? BoundsOf(instrument) : null;
        var isCounter = kind == typeof(Counter<>) || kind == typeof(ObservableCounter<>);
        (HistogramName, Part) = SplitPart(instrument);
        Type = isHistogram ? MetricType.Histogram : isCounter ? MetricType.Counter : MetricType.Gauge;
    }

    /// <summary>Type of its family when it is no part of a histogram.</summary>
    public MetricType Type { get; }

    /// <summary>Which part of a histogram it is.</summary>
    public HistogramPart Part { get; }

    /// <summary>Name of the histogram it is a part of, or its own name.</summary>
    public string HistogramName { get; }

    /// <summary>The instrument.</summary>
    public Instrument Instrument => _instrument;

    /// <summary>Measurements lost for want of room.</summary>
    public long Overflowed => Volatile.Read(ref _overflowed);

    /// <summary>Takes in a measurement: a delta, a present value, or a sample of a histogram, as the instrument's kind has it.</summary>
    public void Record(double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var labels = "";
        var bound = 0.0;
        var isBucket = Part == HistogramPart.Bucket && LabelSet.TrySplitBucket(tags, out labels, out bound);
        if (!isBucket)
            labels = LabelSet.Format(tags);

        lock (_gate)
        {
            if (isBucket || _bounds is not null)
                RecordHistogram(labels, bound, value);
            else if (_values.ContainsKey(labels) || HasRoom())
                _values[labels] = _isAdditive ? _values.GetValueOrDefault(labels) + value : value;
        }
    }

    /// <summary>Forgets what an observable instrument has reported, before it is asked again: a series that went is not to stay.</summary>
    public void BeginCollect()
    {
        if (!_instrument.IsObservable)
            return;

        lock (_gate)
        {
            _values.Clear();
            _histograms.Clear();
        }
    }

    /// <summary>Copies into a family what was measured.</summary>
    public void AddTo(MetricFamily family)
    {
        lock (_gate)
        {
            foreach (var (labels, value) in _values)
                AddValue(family, labels, value);

            foreach (var (labels, source) in _histograms)
            {
                var target = HistogramIn(family, labels);
                foreach (var (bound, count) in source.Buckets)
                    target.Buckets[bound] = count;

                if (Part == HistogramPart.None)
                    (target.Sum, target.Count) = (source.Sum, source.Count);
            }
        }
    }

    private static IReadOnlyList<double> BoundsOf(Instrument instrument) => instrument switch
    {
        Histogram<double> { Advice.HistogramBucketBoundaries: { } bounds } => bounds,
        Histogram<long> { Advice.HistogramBucketBoundaries: { } bounds } => [.. bounds.Select(b => (double)b)],
        Histogram<int> { Advice.HistogramBucketBoundaries: { } bounds } => [.. bounds.Select(b => (double)b)],
        _ => DefaultBounds,
    };

    private static (string Name, HistogramPart Part) SplitPart(Instrument instrument)
    {
        var name = instrument.Name;
        if (!instrument.IsObservable)
            return (name, HistogramPart.None);

        return name.EndsWith(BucketSuffix, StringComparison.Ordinal) ? (name[..^BucketSuffix.Length], HistogramPart.Bucket)
            : name.EndsWith(SumSuffix, StringComparison.Ordinal) ? (name[..^SumSuffix.Length], HistogramPart.Sum)
            : name.EndsWith(CountSuffix, StringComparison.Ordinal) ? (name[..^CountSuffix.Length], HistogramPart.Count)
            : (name, HistogramPart.None);
    }

    private static HistogramSeries HistogramIn(MetricFamily family, string labels)
    {
        if (!family.Histograms.TryGetValue(labels, out var series))
            family.Histograms[labels] = series = new HistogramSeries();

        return series;
    }

    private void RecordHistogram(string labels, double bound, double value)
    {
        if (!_histograms.TryGetValue(labels, out var series))
        {
            if (!HasRoom())
                return;

            _histograms[labels] = series = new HistogramSeries();
        }

        if (_bounds is not null)
            series.Observe(value, _bounds);
        else
            series.Buckets[bound] = value;
    }

    private void AddValue(MetricFamily family, string labels, double value)
    {
        if (family.Type != MetricType.Histogram)
            family.Values[labels] = value;
        else if (Part == HistogramPart.Sum)
            HistogramIn(family, labels).Sum = value;
        else if (Part == HistogramPart.Count)
            HistogramIn(family, labels).Count = value;
    }

    private bool HasRoom()
    {
        if (_values.Count + _histograms.Count < MaxSeries)
            return true;

        _overflowed++;
        return false;
    }
}
