// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;

namespace Penstock.ControlPlane;

/// <summary>How one reload ended.</summary>
/// <param name="Ok">Whether the new configuration runs; false: what ran before runs on.</param>
/// <param name="Generation">Generation that runs after it.</param>
/// <param name="At">When it ended, UTC.</param>
/// <param name="Duration">From the request's turn to its end.</param>
/// <param name="Diagnostics">Every error and warning.</param>
public sealed record ReloadOutcome(bool Ok, long Generation, DateTimeOffset At, TimeSpan Duration, ImmutableArray<ReloadDiagnostic> Diagnostics)
{
    /// <summary>Number of errors.</summary>
    public int Errors => Diagnostics.Count(diagnostic => diagnostic.IsError);

    /// <summary>Number of warnings.</summary>
    public int Warnings => Diagnostics.Length - Errors;
}
