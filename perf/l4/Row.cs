// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Perf.L4;

/// <summary>What one kind of packet costs.</summary>
/// <param name="Name">The packet.</param>
/// <param name="Nanoseconds">A packet, harness included.</param>
/// <param name="Goal">At most; null: none is set.</param>
/// <param name="Katran">katran's program in the same harness on such a machine; null: not measured.</param>
internal sealed record Row(string Name, double Nanoseconds, double? Goal, double? Katran);
