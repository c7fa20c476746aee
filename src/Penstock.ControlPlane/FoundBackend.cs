// SPDX-License-Identifier: Apache-2.0
using System.Runtime.InteropServices;
using Penstock.Model.L4;

namespace Penstock.ControlPlane;

/// <summary>A backend of an L4 service before checks and operators have their say: as written, or as discovery has found it.</summary>
/// <param name="Config">The backend.</param>
/// <param name="Reason">Why it is in drain or maintenance, where it is, for people.</param>
/// <param name="Priority">Those of a lower number are used as long as one of them is ready.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct FoundBackend(BackendConfig Config, string Reason, int Priority);
