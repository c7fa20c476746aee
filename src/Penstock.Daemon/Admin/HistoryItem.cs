// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Daemon.Admin;

/// <summary>A configuration that has run, without its text.</summary>
/// <param name="Number">Its number.</param>
/// <param name="At">When it was applied first.</param>
/// <param name="Hash">Identifies it.</param>
/// <param name="Cause">What had it applied.</param>
/// <param name="By">Who asked for it; empty: not known.</param>
/// <param name="Why">Why; empty: not said.</param>
/// <param name="Files">Its files, the main one first.</param>
internal sealed record HistoryItem(long Number, DateTimeOffset At, string Hash, string Cause, string By, string Why, IReadOnlyList<string> Files);
