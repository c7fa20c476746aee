// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Daemon.Running;

/// <summary>That an operator has taken this host out.</summary>
/// <param name="Since">Since when.</param>
/// <param name="HasHandedOver">Whether other hosts have taken its roles, as far as they do.</param>
/// <param name="EndsAt">When connections that are left are ended (maintenance); null: never (drain).</param>
/// <param name="By">Who has; empty: not known.</param>
/// <param name="Why">Why; empty: not said.</param>
internal sealed record NodeOutage(DateTimeOffset Since, bool HasHandedOver = false, DateTimeOffset? EndsAt = null, string By = "", string Why = "");
