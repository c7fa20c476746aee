// SPDX-License-Identifier: Apache-2.0
using Penstock.Model.Schema;

namespace Penstock.Model.L4;

/// <summary>Network address translation of services with forwarding: nat.</summary>
public sealed record NatConfig
{
    /// <summary>Flows that can be open at a time, some 400 bytes each; beyond, the least recently used is forgotten (engine userspace: TCP connections wait). Taken only if a service has nat. Default 131,072.</summary>
    [Range("1024", "16777216")]
    public int Flows { get; init; } = 1 << 17;

    /// <summary>
    /// Source ports towards backends: as many flows at a time to one port of a backend from one source address. Default 1024-32767: below those
    /// that Linux gives to its own connections (ip_local_port_range), for an answer to the one must not go to the other.
    /// </summary>
    public PortRange Ports { get; init; } = new(1024, 32767);

    /// <summary>Time without a packet after which an established TCP connection may be forgotten. Default 2 h 4 min (RFC 5382, REQ-5).</summary>
    [Range("1s", "18h")]
    public TimeSpan TcpTimeout { get; init; } = TimeSpan.FromMinutes(124);

    /// <summary>The same for one that is opening or has been closed. Default 4 min (RFC 5382, REQ-5).</summary>
    [Range("1s", "18h")]
    public TimeSpan OpeningTimeout { get; init; } = TimeSpan.FromMinutes(4);

    /// <summary>The same for a UDP flow. Default 5 min (RFC 4787, REQ-5).</summary>
    [Range("1s", "18h")]
    public TimeSpan UdpTimeout { get; init; } = TimeSpan.FromMinutes(5);
}
