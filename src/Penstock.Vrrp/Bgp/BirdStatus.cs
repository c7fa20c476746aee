// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;

namespace Penstock.Vrrp.Bgp;

/// <summary>BIRD as it stands.</summary>
/// <param name="Pid">Its process id; null: it does not run.</param>
/// <param name="Sessions">Its sessions, none while it does not run or answer.</param>
/// <param name="Restarts">How often it had to be started again since the daemon's start, by reason: <c>ended</c>, <c>stopped</c> (SIGSTOP), <c>silent</c> (no answers).</param>
/// <param name="SessionsLost">How often an established session was lost since the daemon's start.</param>
public sealed record BirdStatus(int? Pid, ImmutableArray<BirdSession> Sessions, ImmutableSortedDictionary<string, long> Restarts, long SessionsLost);
