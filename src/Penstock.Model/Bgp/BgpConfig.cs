// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using System.Net;
using Penstock.Model.Schema;

namespace Penstock.Model.Bgp;

/// <summary>Virtual addresses that every host announces to its routers by BGP (RFC 4271), so that these spread flows over all hosts (ECMP). It is run by BIRD.</summary>
public sealed record BgpConfig
{
    /// <summary>Number of this host's autonomous system. 0, 23456, 65535 and 4294967295 are no host's (RFC 7607, RFC 6793, RFC 7300).</summary>
    [Range("1", "4294967294")]
    [Example("65010")]
    public required uint Asn { get; init; }

    /// <summary>BGP identifier, an IPv4 address that no other host has (RFC 6286).</summary>
    [PerHost]
    [Example("192.0.2.11")]
    public required IPAddress RouterId { get; init; }

    /// <summary>Virtual addresses, IPv4 and IPv6 in one list, announced as /32 and /128. The daemon puts those that no interface has on lo.</summary>
    [Example("[203.0.113.10, \"2001:db8::10\"]")]
    public required ImmutableArray<BgpAddressConfig> Addresses { get; init; }

    /// <summary>Communities that all announcements carry: <c>ASN:VALUE</c> (RFC 1997) and large ones, <c>ASN:VALUE:VALUE</c> (RFC 8092).</summary>
    [Text(TextForm.Label)]
    [Example("[\"65010:100\", \"65010:1:2\"]")]
    public ImmutableArray<string> Communities { get; init; } = [];

    /// <summary>Metric (MULTI_EXIT_DISC, RFC 4271 5.1.4) of all announcements; null: none. A router that hears of one address by several metrics takes the lowest alone.</summary>
    [PerHost]
    [Range("0", "4294967295")]
    [Example("100")]
    public uint? Med { get; init; }

    /// <summary>Routers that it is announced to; names are unique.</summary>
    [Example("[{name: tor1, address: 192.0.2.1, asn: 65000}]")]
    public required ImmutableArray<BgpNeighborConfig> Neighbors { get; init; }

    /// <summary>What all the addresses depend on.</summary>
    [Example("{clusters: [{name: mesh-a, min_ready: 25%}]}")]
    public BgpTrackConfig Track { get; init; } = new();

    /// <summary>
    /// Time for routers to turn to other hosts before the addresses are withdrawn when this host is drained or stops: meanwhile they carry GRACEFUL_SHUTDOWN (RFC 8326), and over iBGP
    /// the local preference 0. Default 5 s.
    /// </summary>
    [PerHost]
    [Range("0s", "10m")]
    public TimeSpan GracefulShutdown { get; init; } = TimeSpan.FromSeconds(5);
}
