// SPDX-License-Identifier: Apache-2.0
using Penstock.ControlPlane;

namespace Penstock.Daemon.Admin;

/// <summary>How a reload ended.</summary>
/// <param name="Ok">Whether the new configuration runs; false: the one before runs on.</param>
/// <param name="Generation">Generation that runs after it.</param>
/// <param name="At">When it ended.</param>
/// <param name="DurationMilliseconds">How long it took.</param>
/// <param name="Diagnostics">Every error and warning.</param>
internal sealed record ReloadReport(bool Ok, long Generation, DateTimeOffset At, double DurationMilliseconds, IReadOnlyList<DiagnosticReport> Diagnostics)
{
    /// <summary>The report of an outcome.</summary>
    public static ReloadReport Of(ReloadOutcome outcome) => new(
        outcome.Ok,
        outcome.Generation,
        outcome.At,
        Math.Round(outcome.Duration.TotalMilliseconds, 3),
        [.. outcome.Diagnostics.Select(DiagnosticReport.Of)]);
}
