// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Daemon.Running;

/// <summary>A configuration that has run.</summary>
/// <param name="Number">Its number, from 1: a later one has a greater.</param>
/// <param name="At">When it was applied first.</param>
/// <param name="Hash">Identifies it.</param>
/// <param name="Cause">What had it applied: <c>start</c>, <c>SIGHUP</c>, <c>changed files</c> or <c>the admin API</c>.</param>
/// <param name="By">Who asked for it; empty: not known.</param>
/// <param name="Why">Why; empty: not said.</param>
/// <param name="Texts">Its files, the main one first.</param>
internal sealed record HistoryEntry(long Number, DateTimeOffset At, string Hash, string Cause, string By, string Why, IReadOnlyList<HistoryText> Texts);
