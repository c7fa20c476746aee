// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Perf.L4;

/// <summary>A line of a table or plot: what one thing costs.</summary>
/// <param name="Name">The thing, such as a kind of packet.</param>
/// <param name="Value">Its cost with what is measured, harness included.</param>
/// <param name="Goal">At most; null: none is set.</param>
/// <param name="Other">Its cost with what ours is measured against, such as katran; null: not measured.</param>
internal sealed record Row(string Name, double Value, double? Goal, double? Other);
