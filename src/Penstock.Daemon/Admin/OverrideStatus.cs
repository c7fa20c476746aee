// SPDX-License-Identifier: Apache-2.0
using Penstock.ControlPlane.Overrides;
using Penstock.Model.L4;

namespace Penstock.Daemon.Admin;

/// <summary>A state that an operator has given, beside what the configuration says.</summary>
/// <param name="Kind">What it is of.</param>
/// <param name="Target">Its name, such as <c>web</c> or <c>web/10.0.0.11</c>.</param>
/// <param name="State">The state.</param>
/// <param name="Configured">The state that the configuration says; null: it says none, of a service as a whole say.</param>
/// <param name="Exists">Whether there is such a thing now; false: it waits for one to come.</param>
/// <param name="Since">Since when.</param>
/// <param name="By">Who gave it; empty: not known.</param>
/// <param name="Why">Why; empty: not said.</param>
internal sealed record OverrideStatus(OverrideKind Kind, string Target, BackendState State, BackendState? Configured, bool Exists, DateTimeOffset Since, string By, string Why);
