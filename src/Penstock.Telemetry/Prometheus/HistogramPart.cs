// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Telemetry.Prometheus;

/// <summary>
/// The BCL has no observable histogram. Three observable instruments of one meter stand for one: <c>X.bucket</c> (cumulative counts, upper
/// bound in the tag <c>le</c>), <c>X.sum</c> (its unit is the histogram's) and <c>X.count</c>.
/// </summary>
internal enum HistogramPart
{
    /// <summary>An instrument of its own.</summary>
    None,

    /// <summary>Cumulative counts by upper bound.</summary>
    Bucket,

    /// <summary>The sum.</summary>
    Sum,

    /// <summary>The count.</summary>
    Count,
}
