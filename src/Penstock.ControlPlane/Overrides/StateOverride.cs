// SPDX-License-Identifier: Apache-2.0
using Penstock.Model.L4;

namespace Penstock.ControlPlane.Overrides;

/// <summary>A state that an operator has given, whatever the configuration says.</summary>
/// <param name="Kind">What it is of.</param>
/// <param name="Name">Name of the service or cluster.</param>
/// <param name="Address">The backend or endpoint, as <see cref="OverrideSet.Text"/> or as the endpoint's text; null: all of them.</param>
/// <param name="State">The state.</param>
/// <param name="Since">Since when.</param>
/// <param name="By">Who gave it, by that one's own word; empty: not known.</param>
/// <param name="Why">Why; empty: not said.</param>
public sealed record StateOverride(OverrideKind Kind, string Name, string? Address, BackendState State, DateTimeOffset Since, string By, string Why)
{
    /// <summary>What it is of, as commands take it: <c>web</c>, <c>web/10.0.0.11</c>.</summary>
    public string Target => Address is null ? Name : $"{Name}/{Address}";

    /// <summary>For people: who gave it, when and why.</summary>
    public string Reason => $"by {(By.Length == 0 ? "an operator" : By)} since {Since:yyyy-MM-dd HH:mm:ss}Z{(Why.Length == 0 ? "" : ": " + Why)}";
}
