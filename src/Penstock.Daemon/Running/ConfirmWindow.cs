// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Daemon.Running;

/// <summary>That what runs is to be confirmed, or another configuration comes back.</summary>
/// <param name="Number">Number of the other in the history.</param>
/// <param name="Until">When it comes back.</param>
/// <param name="By">Who asked for the reload; empty: not known.</param>
/// <param name="Why">Why; empty: not said.</param>
internal sealed record ConfirmWindow(long Number, DateTimeOffset Until, string By, string Why)
{
    /// <summary>Which text of the files waits to be confirmed (<see cref="ReadConfig.TextHash"/>): no other is undone; null: not known.</summary>
    public string? FilesHash { get; init; }

    /// <summary>Whether that was to happen before and failed: it is tried again, and the next reload that succeeds ends it.</summary>
    public bool Overdue { get; init; }
}
