// SPDX-License-Identifier: Apache-2.0
using Penstock.Model.Schema;

namespace Penstock.Model.L7;

/// <summary>Where a cluster's endpoints come from when they are not in the file. Exactly one source is given.</summary>
public sealed record DiscoveryConfig
{
    /// <summary>A name in DNS: every A and AAAA address, for as long as its TTL says.</summary>
    [Example("{name: api.internal, port: 8080}")]
    public DnsDiscoveryConfig? Dns { get; init; }
}
