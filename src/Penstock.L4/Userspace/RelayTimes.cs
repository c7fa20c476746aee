// SPDX-License-Identifier: Apache-2.0
using System.Runtime.InteropServices;
using Penstock.Model.L4;

namespace Penstock.L4.Userspace;

/// <summary>How long flows may stand still, milliseconds.</summary>
/// <param name="Connect">A backend may take to accept.</param>
/// <param name="Tcp">An established connection.</param>
/// <param name="Closing">One of whose sides has ended.</param>
/// <param name="Udp">A UDP flow.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct RelayTimes(long Connect, long Tcp, long Closing, long Udp)
{
    /// <summary>As configured.</summary>
    public static RelayTimes Of(L4Config config) => new(
        (long)config.Userspace.ConnectTimeout.TotalMilliseconds,
        (long)config.Nat.TcpTimeout.TotalMilliseconds,
        (long)config.Nat.OpeningTimeout.TotalMilliseconds,
        (long)config.Nat.UdpTimeout.TotalMilliseconds);
}
