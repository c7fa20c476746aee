// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Model.L4;

/// <summary>Protocols of services, by their numbers (IANA protocol numbers).</summary>
public enum TransportProtocol
{
    /// <summary>IPv4 in IP: tunnels that end at this host. No service in a configuration has it.</summary>
    IpInIp = 4,

    /// <summary>TCP.</summary>
    Tcp = 6,

    /// <summary>UDP.</summary>
    Udp = 17,

    /// <summary>IPv6 in IP: likewise.</summary>
    Ipv6InIp = 41,

    /// <summary>SCTP.</summary>
    Sctp = 132,
}
