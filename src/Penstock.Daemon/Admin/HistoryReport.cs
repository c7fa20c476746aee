// SPDX-License-Identifier: Apache-2.0
using Penstock.Daemon.Running;

namespace Penstock.Daemon.Admin;

/// <summary>The last configurations that have run.</summary>
/// <param name="Now">Which of them runs, and whether it stays.</param>
/// <param name="Entries">They, the newest first.</param>
internal sealed record HistoryReport(KeptStatus Now, IReadOnlyList<HistoryItem> Entries)
{
    /// <summary>The report of a history.</summary>
    public static HistoryReport Of(KeptConfigs kept) => new(
        kept.Status,
        [.. kept.List().Select(entry => new HistoryItem(entry.Number, entry.At, entry.Hash, entry.Cause, entry.By, entry.Why, [.. entry.Texts.Select(text => text.Path)]))]);
}
