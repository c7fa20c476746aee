// SPDX-License-Identifier: Apache-2.0
using Penstock.Model;

namespace Penstock.ControlPlane;

/// <summary>What the control plane last published.</summary>
/// <param name="Snapshot">The running snapshot; null before the first.</param>
/// <param name="ConfigHash">Hash of its configuration; empty before the first.</param>
/// <param name="LastReload">The last reload, good or bad; the start counts as one.</param>
public sealed record ControlPlaneState(Snapshot? Snapshot, string ConfigHash, ReloadOutcome? LastReload);
