// SPDX-License-Identifier: Apache-2.0
using Penstock.Model.Schema;

namespace Penstock.Model.L7;

/// <summary>Discovery by DNS.</summary>
public sealed record DnsDiscoveryConfig
{
    /// <summary>Name to resolve.</summary>
    [Text(TextForm.DnsName)]
    [Example("api.internal")]
    public required string Name { get; init; }

    /// <summary>Port of every endpoint found.</summary>
    [Range("1", "65535")]
    [Example("8080")]
    public required int Port { get; init; }

    /// <summary>Name server, port 53 by default; null: those of /etc/resolv.conf (and /etc/hosts first).</summary>
    [PerHost]
    [Address(AddressUse.ConnectIp, DefaultPort = 53)]
    [Example("10.0.0.2")]
    public SocketEndpoint? Server { get; init; }

    /// <summary>Least time between two queries, whatever the TTL. Default 1 s.</summary>
    [Range("100ms", "24h")]
    public TimeSpan MinInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Longest time between two queries, whatever the TTL. Default 5 min.</summary>
    [Range("100ms", "24h")]
    public TimeSpan MaxInterval { get; init; } = TimeSpan.FromMinutes(5);
}
