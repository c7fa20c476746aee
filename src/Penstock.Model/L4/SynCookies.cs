// SPDX-License-Identifier: Apache-2.0
using Penstock.Model.Schema;

namespace Penstock.Model.L4;

/// <summary>
/// When SYNs are answered by cookies: beyond the threshold, while the kernel itself would: the listener's queue of half-open connections is full, or
/// net.ipv4.tcp_syncookies is 2.
/// </summary>
public sealed record SynCookies
{
    /// <summary>SYNs a second on one CPU that go up the stack; 0: none. Default 1000, about what a listener's queue holds (net.ipv4.tcp_max_syn_backlog).</summary>
    [Range("0", "1000000000")]
    public int Threshold { get; init; } = 1000;
}
