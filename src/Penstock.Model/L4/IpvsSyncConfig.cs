// SPDX-License-Identifier: Apache-2.0
using Penstock.Model.Schema;

namespace Penstock.Model.L4;

/// <summary>The kernel's sync daemon, which tells other hosts of connections by multicast (224.0.0.81, UDP port 8848).</summary>
public sealed record IpvsSyncConfig
{
    /// <summary>Interface the multicasts leave and arrive by. Who can send there can make connections up: let it be a link of the hosts' own.</summary>
    [PerHost]
    [Text(TextForm.InterfaceName)]
    [Example("eth1")]
    public required string Interface { get; init; }

    /// <summary>Number of the group; equal on hosts that share connections. 0, the default, takes those of every group.</summary>
    [Range("0", "255")]
    public int Id { get; init; }

    /// <summary>Whether connections are told, heard of, or both. Default both: whichever host has the address. vrrp: as the roles in vrrp say.</summary>
    [PerHost]
    public IpvsSyncRole Role { get; init; } = IpvsSyncRole.Both;
}
