// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Model.L7;

/// <summary>Discovery by DNS.</summary>
public sealed record DnsDiscoveryConfig
{
    /// <summary>Name to resolve.</summary>
    public required string Name { get; init; }

    /// <summary>Port of every endpoint found.</summary>
    public required int Port { get; init; }

    /// <summary>Name server, port 53 by default; null: those of /etc/resolv.conf (and /etc/hosts first).</summary>
    public SocketEndpoint? Server { get; init; }

    /// <summary>Least time between two queries, whatever the TTL. Default 1 s.</summary>
    public TimeSpan MinInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Longest time between two queries, whatever the TTL. Default 5 min.</summary>
    public TimeSpan MaxInterval { get; init; } = TimeSpan.FromMinutes(5);
}
