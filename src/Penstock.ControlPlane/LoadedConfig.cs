// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using Penstock.Model;

namespace Penstock.ControlPlane;

/// <summary>What reading the configuration gave.</summary>
/// <param name="Config">The configuration; null when a diagnostic is an error.</param>
/// <param name="Hash">Identifies its meaning: equal for equal configurations; empty without one.</param>
/// <param name="Diagnostics">Errors and warnings, in text order.</param>
public sealed record LoadedConfig(ApplianceConfig? Config, string Hash, ImmutableArray<ReloadDiagnostic> Diagnostics);
