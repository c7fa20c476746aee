// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Daemon.Admin;

/// <summary>What became of a state that somebody wanted.</summary>
/// <param name="Ok">Whether it is recorded, and counts; false: nothing has changed.</param>
/// <param name="Message">What has changed, or why nothing has, in a line.</param>
/// <param name="Trouble">Why it is not in effect yet although it counts: it is tried again; null: it is.</param>
/// <param name="Overrides">All overrides there are now.</param>
internal sealed record OverrideOutcome(bool Ok, string Message, string? Trouble, IReadOnlyList<OverrideStatus> Overrides)
{
    /// <summary>What it costs: that nothing of the service or cluster is left that can serve; null: nothing to be warned of.</summary>
    public string? Warning { get; init; }
}
