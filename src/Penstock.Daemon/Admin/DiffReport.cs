// SPDX-License-Identifier: Apache-2.0
using Penstock.Config.Comparison;
using Penstock.ControlPlane;

namespace Penstock.Daemon.Admin;

/// <summary>What a reload would change.</summary>
/// <param name="Ok">Whether the files can be read as a configuration; false: a reload is refused, unless a configuration of the history runs in their place, which a warning says.</param>
/// <param name="RunningHash">Identifies what runs.</param>
/// <param name="Hash">Identifies what the files say; empty unless they can be read.</param>
/// <param name="Changes">Keys that differ, by path.</param>
/// <param name="Diagnostics">Every error and warning that a reload would give before it applies anything.</param>
internal sealed record DiffReport(bool Ok, string RunningHash, string Hash, IReadOnlyList<ConfigChange> Changes, IReadOnlyList<DiagnosticReport> Diagnostics)
{
    /// <summary>Compares what runs with what was read.</summary>
    public static DiffReport Of(ControlPlaneState running, LoadedConfig loaded) => new(
        loaded.Config is not null,
        running.ConfigHash,
        loaded.Hash,
        running.Snapshot is { } snapshot && loaded.Config is { } config ? ConfigChanges.Between(snapshot.Config, config) : [],
        [.. loaded.Diagnostics.Select(DiagnosticReport.Of)]);
}
