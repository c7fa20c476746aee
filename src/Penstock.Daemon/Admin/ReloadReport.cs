// SPDX-License-Identifier: Apache-2.0
using Penstock.ControlPlane;
using Penstock.Daemon.Running;

namespace Penstock.Daemon.Admin;

/// <summary>How a reload ended.</summary>
/// <param name="Ok">Whether the new configuration runs; false: the one before runs on.</param>
/// <param name="Generation">Generation that runs after it.</param>
/// <param name="At">When it ended.</param>
/// <param name="DurationMilliseconds">How long it took.</param>
/// <param name="Diagnostics">Every error and warning.</param>
internal sealed record ReloadReport(bool Ok, long Generation, DateTimeOffset At, double DurationMilliseconds, IReadOnlyList<DiagnosticReport> Diagnostics)
{
    /// <summary>When another configuration comes back unless this one is confirmed; null: it stays.</summary>
    public DateTimeOffset? ConfirmUntil { get; init; }

    /// <summary>Number in the history: of what runs, or of what comes back where it is to be confirmed; null: it is not in it.</summary>
    public long? History { get; init; }

    /// <summary>The report of an outcome, and of whether what runs now stays.</summary>
    public static ReloadReport Of(ReloadOutcome outcome, KeptStatus now) =>
        Of(outcome) with { ConfirmUntil = now.Window?.Until, History = now.Window?.Number ?? now.Running };

    /// <summary>The report of an outcome.</summary>
    public static ReloadReport Of(ReloadOutcome outcome) => new(
        outcome.Ok,
        outcome.Generation,
        outcome.At,
        Math.Round(outcome.Duration.TotalMilliseconds, 3),
        [.. outcome.Diagnostics.Select(DiagnosticReport.Of)]);
}
