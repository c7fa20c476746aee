// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using Penstock.Model.Schema;

namespace Penstock.Model.Vrrp;

/// <summary>One VRRPv3 instance (RFC 9568, virtual router): addresses that one host of several has at a time. It is run by keepalived.</summary>
public sealed record VrrpInstanceConfig
{
    /// <summary>Unique name, used in metrics, logs and files. Instances of the same name on other hosts are its counterparts.</summary>
    [Text(TextForm.Name)]
    [Example("edge")]
    public required string Name { get; init; }

    /// <summary>Interface that adverts leave and arrive by.</summary>
    [PerHost]
    [Text(TextForm.InterfaceName)]
    [Example("eth0")]
    public required string Interface { get; init; }

    /// <summary>Virtual router id (VRID): equal on all hosts of the instance, no other router's on the link (RFC 9568, 5.2.3).</summary>
    [Range("1", "255")]
    [Example("51")]
    public required int RouterId { get; init; }

    /// <summary>The host with the highest has the addresses (RFC 9568, 5.2.4). Default 100. 255 is left out: it is for routers whose own address it is.</summary>
    [PerHost]
    [Range("1", "254")]
    public int Priority { get; init; } = 100;

    /// <summary>
    /// Time between adverts, whole hundredths of a second; equal on all hosts. Another host takes over after three of them and up to one more, the less the higher
    /// its priority (RFC 9568, 6.1). Default 1 s.
    /// </summary>
    [Range("10ms", "40s")]
    public TimeSpan AdvertInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The other hosts, IPv4 or IPv6, to which adverts go by unicast; none: by multicast to 224.0.0.18 or ff02::12.</summary>
    [PerHost(OnAllOrNone = true)]
    [Example("[192.0.2.12]")]
    public ImmutableArray<IPAddress> Peers { get; init; } = [];

    /// <summary>Address that adverts come from; null: the interface's first that is no virtual one, of IPv6 the first link-local one.</summary>
    [PerHost]
    [Example("192.0.2.11")]
    public IPAddress? Source { get; init; }

    /// <summary>
    /// Virtual addresses, IPv4 and IPv6 in one list. Adverts do not name them, so that one may be added to one host after the other: they name 169.254.0.ID
    /// (of a range that nobody else may use: RFC 3927, 2.1), or over IPv6 the virtual router's own fe80::200:5eff:fe00:2ID (RFC 9568, 7.3), which the master has too.
    /// </summary>
    [Example("[203.0.113.10/24, \"2001:db8::10/64\"]")]
    public required ImmutableArray<VrrpAddressConfig> Addresses { get; init; }

    /// <summary>Instances of the same sync group are master together or not at all; null: it stands alone.</summary>
    [Text(TextForm.Name)]
    [Example("both-sides")]
    public string? SyncGroup { get; init; }

    /// <summary>Whether it takes the addresses from a host of lower priority that has them. Default true.</summary>
    [PerHost]
    public bool Preempt { get; init; } = true;

    /// <summary>How long it waits before it does so, whenever it hears of a master of lower priority: after its start, and after it has been unwell. Default 0 s.</summary>
    [PerHost]
    [Range("0s", "1000s")]
    public TimeSpan PreemptDelay { get; init; }

    /// <summary>
    /// Whether the addresses have a MAC address of their own (00:00:5e:00:01:ID, of IPv6 adverts 00:00:5e:00:02:ID: RFC 9568, 7.3), so that neighbours need not learn another when they
    /// move. Those of the other family, or of another interface, keep their interface's. Default false.
    /// </summary>
    public bool UseVmac { get; init; }

    /// <summary>How neighbours are told where an address is now.</summary>
    [Example("{repeat: 5, refresh: 60s}")]
    public VrrpAnnounceConfig Announce { get; init; } = new();

    /// <summary>What makes the host give the addresses up, or less likely to have them.</summary>
    [Example("{interfaces: [eth1], services: [{name: web, min_ready: 50%}]}")]
    public VrrpTrackConfig Track { get; init; } = new();

    /// <summary>Family of its adverts: that of the hosts they go between; by multicast IPv4, unless every virtual address is IPv6.</summary>
    public AddressFamily Family =>
        Peers.FirstOrDefault(peer => peer is not null)?.AddressFamily
        ?? Source?.AddressFamily
        ?? (!Addresses.IsDefault && Addresses.All(one => one?.Address is { Address.AddressFamily: AddressFamily.InterNetworkV6 }) ? AddressFamily.InterNetworkV6 : AddressFamily.InterNetwork);

    /// <summary>Name of the group whose instances run in one keepalived: the sync group, or its own.</summary>
    public string Group => SyncGroup ?? Name;
}
