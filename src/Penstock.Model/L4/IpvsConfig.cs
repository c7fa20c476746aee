// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using Penstock.Model.Schema;

namespace Penstock.Model.L4;

/// <summary>What engine ipvs has for all services.</summary>
public sealed record IpvsConfig
{
    /// <summary>File that lists the services this daemon has made, so that it takes away no others'. It has to go with the kernel's memory, so let it lie in /run. Default /run/penstock/ipvs.services.</summary>
    [PerHost]
    [Text(TextForm.FilePath)]
    public string State { get; init; } = "/run/penstock/ipvs.services";

    /// <summary>Idle time of TCP connections; null: as the kernel has it (15 min).</summary>
    [Range("1s", "744h")]
    [Example("15m")]
    public TimeSpan? TcpTimeout { get; init; }

    /// <summary>The same after a FIN; null: as the kernel has it (2 min).</summary>
    [Range("1s", "744h")]
    [Example("2m")]
    public TimeSpan? TcpFinTimeout { get; init; }

    /// <summary>Idle time of UDP flows; null: as the kernel has it (5 min).</summary>
    [Range("1s", "744h")]
    [Example("5m")]
    public TimeSpan? UdpTimeout { get; init; }

    /// <summary>Values of net.ipv4.vs, by name; others stay as they are.</summary>
    [Range("0", "2147483647")]
    [Example("{expire_nodest_conn: 1}")]
    public ImmutableSortedDictionary<string, int> Sysctls { get; init; } = ImmutableSortedDictionary.Create<string, int>(StringComparer.Ordinal);

    /// <summary>Connections shared with the other hosts of a group, so that they survive that the address moves; null: they are not.</summary>
    [Example("{interface: eth1}")]
    public IpvsSyncConfig? Sync { get; init; }
}
