// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Telemetry.Prometheus;

/// <summary>Types of the text exposition format.</summary>
internal enum MetricType
{
    /// <summary>Only grows.</summary>
    Counter,

    /// <summary>Goes up and down.</summary>
    Gauge,

    /// <summary>Cumulative buckets, a sum and a count.</summary>
    Histogram,
}
