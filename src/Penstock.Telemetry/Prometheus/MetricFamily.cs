// SPDX-License-Identifier: Apache-2.0
using System.Globalization;
using System.Text;

namespace Penstock.Telemetry.Prometheus;

/// <summary>Everything printed under one name: HELP, TYPE and the samples.</summary>
/// <param name="name">Name.</param>
/// <param name="type">Type.</param>
/// <param name="help">What it means; empty: the name stands in.</param>
internal sealed class MetricFamily(string name, MetricType type, string help)
{
    /// <summary>Values by label list, for counters and gauges.</summary>
    public SortedDictionary<string, double> Values { get; } = new(StringComparer.Ordinal);

    /// <summary>Histograms by label list.</summary>
    public SortedDictionary<string, HistogramSeries> Histograms { get; } = new(StringComparer.Ordinal);

    /// <summary>Type.</summary>
    public MetricType Type => type;

    /// <summary>Prints the family; a family without samples prints nothing.</summary>
    public void WriteTo(StringBuilder text)
    {
        if (Values.Count == 0 && Histograms.Count == 0)
            return;

        var escaped = (help.Length == 0 ? name : help).Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);
        text.Append("# HELP ").Append(name).Append(' ').Append(escaped).Append('\n');
        text.Append("# TYPE ").Append(name).Append(' ').Append(type switch
        {
            MetricType.Counter => "counter",
            MetricType.Gauge => "gauge",
            _ => "histogram",
        }).Append('\n');

        foreach (var (labels, value) in Values)
            Sample(text, "", labels, "", value);

        foreach (var (labels, histogram) in Histograms)
        {
            foreach (var (bound, count) in histogram.Buckets)
            {
                if (!double.IsPositiveInfinity(bound))
                    Sample(text, "_bucket", labels, $"le=\"{Number(bound)}\"", count);
            }

            Sample(text, "_bucket", labels, "le=\"+Inf\"", histogram.Count);
            Sample(text, "_sum", labels, "", histogram.Sum);
            Sample(text, "_count", labels, "", histogram.Count);
        }
    }

    private static string Number(double value) => value switch
    {
        double.PositiveInfinity => "+Inf",
        double.NegativeInfinity => "-Inf",
        double.NaN => "NaN",
        _ => value.ToString("R", CultureInfo.InvariantCulture),
    };

    private void Sample(StringBuilder text, string suffix, string labels, string extra, double value)
    {
        text.Append(name).Append(suffix);
        if (labels.Length + extra.Length > 0)
            text.Append('{').Append(labels).Append(labels.Length > 0 && extra.Length > 0 ? "," : "").Append(extra).Append('}');

        text.Append(' ').Append(Number(value)).Append('\n');
    }
}
