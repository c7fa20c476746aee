// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Daemon.Admin;

/// <summary>What <c>penstock check</c> found.</summary>
/// <param name="Ok">Whether the configuration can be applied.</param>
/// <param name="Listeners">Number of listeners; 0 unless it can be.</param>
/// <param name="Routes">Number of routes.</param>
/// <param name="Clusters">Number of clusters.</param>
/// <param name="Diagnostics">Every error and warning.</param>
internal sealed record CheckReport(bool Ok, int Listeners, int Routes, int Clusters, IReadOnlyList<DiagnosticReport> Diagnostics);
