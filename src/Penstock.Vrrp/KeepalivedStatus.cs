// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;

namespace Penstock.Vrrp;

/// <summary>One keepalived as it stands.</summary>
/// <param name="Group">Its group.</param>
/// <param name="Pid">Its process id; null: it does not run.</param>
/// <param name="Instances">Its instances.</param>
/// <param name="Restarts">How often it had to be started again since the daemon's start, by reason: <c>ended</c>, <c>stopped</c> (SIGSTOP), <c>child</c> (keepalived did so itself).</param>
/// <param name="UnknownLines">Lines it reported that are not understood.</param>
/// <param name="RunsScripts">Whether it can run its checks, that of the daemon's lease among them: keepalived takes one it can't run for a good one.</param>
public sealed record KeepalivedStatus(
    string Group, int? Pid, ImmutableArray<KeepalivedRole> Instances, ImmutableSortedDictionary<string, long> Restarts, long UnknownLines, bool RunsScripts);
