// SPDX-License-Identifier: Apache-2.0
using Penstock.Model.Schema;

namespace Penstock.Model.L4;

/// <summary>What engine ipvs alone has for a service.</summary>
public sealed record IpvsServiceConfig
{
    /// <summary>How a backend is chosen for a new connection. Default mh: by the service's hash key, which mh and sh alone heed.</summary>
    public IpvsScheduler Scheduler { get; init; } = IpvsScheduler.Mh;

    /// <summary>mh, sh: whether a flow whose backend is at its upper_threshold or has weight 0 goes to another. Default false: it is refused.</summary>
    public bool Fallback { get; init; }

    /// <summary>udp: whether each packet is a connection of its own, as for DNS or syslog. Default false.</summary>
    public bool OnePacket { get; init; }

    /// <summary>Time for which a client stays with its backend after its last connection; null: connections are chosen for one by one.</summary>
    [Range("1s", "744h")]
    [Example("5m")]
    public TimeSpan? Persistence { get; init; }

    /// <summary>Length of the prefix that makes addresses one client to persistence; null: 32, or 128 for IPv6.</summary>
    [Range("1", "128")]
    [Example("24")]
    public int? PersistencePrefix { get; init; }

    /// <summary>Takes packets that carry this firewall mark in place of those to listen, which still says the family, and the port of health checks.</summary>
    [Range("1", "2147483647")]
    [Example("7")]
    public int? Mark { get; init; }
}
