// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Telemetry.Prometheus;

/// <summary>One histogram under one set of labels: counts by upper bound, as they are printed.</summary>
internal sealed class HistogramSeries
{
    /// <summary>Cumulative counts by upper bound; +Inf is <see cref="Count"/>.</summary>
    public SortedDictionary<double, double> Buckets { get; } = [];

    /// <summary>Sum of what was measured.</summary>
    public double Sum { get; set; }

    /// <summary>Number of measurements.</summary>
    public double Count { get; set; }

    /// <summary>Takes in one measurement.</summary>
    /// <param name="value">The value.</param>
    /// <param name="bounds">Upper bounds of the buckets.</param>
    public void Observe(double value, IEnumerable<double> bounds)
    {
        Sum += value;
        Count++;
        foreach (var bound in bounds)
            Buckets[bound] = Buckets.GetValueOrDefault(bound) + (value <= bound ? 1 : 0);
    }
}
