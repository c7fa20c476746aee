// SPDX-License-Identifier: Apache-2.0
using Penstock.Model.Schema;

namespace Penstock.Model.Vrrp;

/// <summary>Gratuitous ARP and unsolicited neighbour advertisements (RFC 5227, RFC 4861 section 7.2.6) of a host that has become master.</summary>
public sealed record VrrpAnnounceConfig
{
    /// <summary>Messages for each address at once. Default 5 (keepalived).</summary>
    [Range("1", "100")]
    public int Repeat { get; init; } = 5;

    /// <summary>Time to as many again, whole seconds; 0s: none. Default 5 s (keepalived).</summary>
    [Range("0s", "60s")]
    public TimeSpan Delay { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Time between single messages for as long as it is master, for switches that forget, whole seconds; 0s, the default: none.</summary>
    [Range("0s", "1h")]
    public TimeSpan Refresh { get; init; }
}
