// SPDX-License-Identifier: Apache-2.0
using System.Net;
using Penstock.Model.Schema;

namespace Penstock.Model.Bgp;

/// <summary>A router to announce addresses to: IPv4 ones to one of an IPv4 address, IPv6 ones to one of an IPv6 address.</summary>
public sealed record BgpNeighborConfig
{
    /// <summary>Longest name: it is part of one of BIRD's, which has 64 characters at most.</summary>
    public const int LongestName = 60;

    /// <summary>Unique name, used in metrics, logs and BIRD's configuration; up to 60 characters.</summary>
    [Text(TextForm.Name)]
    [Example("tor1")]
    public required string Name { get; init; }

    /// <summary>Its address.</summary>
    [PerHost]
    [Example("192.0.2.1")]
    public required IPAddress Address { get; init; }

    /// <summary>Number of its autonomous system; this host's own: iBGP.</summary>
    [PerHost]
    [Range("1", "4294967294")]
    [Example("65000")]
    public required uint Asn { get; init; }

    /// <summary>Address of this host that the session is from, and packets to the announced addresses go to; null: that of the interface towards the router.</summary>
    [PerHost]
    [Example("192.0.2.11")]
    public IPAddress? Source { get; init; }

    /// <summary>File whose first line is the session's password (TCP MD5, RFC 2385): up to 80 printable ASCII characters without ". Others may not read it. Null: none.</summary>
    [PerHost]
    [Text(TextForm.FilePath)]
    [Example("/etc/penstock/bgp/tor1.password")]
    public string? PasswordFile { get; init; }

    /// <summary>Time without a sign of life after which the session is taken for dead, whole seconds; the router may ask for less (RFC 4271, 4.2). Default 9 s, and a sign of life each third of it.</summary>
    [Range("3s", "65535s")]
    public TimeSpan HoldTime { get; init; } = TimeSpan.FromSeconds(9);

    /// <summary>Bidirectional forwarding detection (RFC 5880), which notices a dead link or host within a fraction of a second; null: none.</summary>
    [Example("{interval: 100ms, multiplier: 3}")]
    public BgpBfdConfig? Bfd { get; init; }

    /// <summary>Most hops to the router; null: it is on a link of this host's. With it <c>source</c> is needed.</summary>
    [PerHost]
    [Range("1", "255")]
    [Example("2")]
    public int? Multihop { get; init; }
}
