// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using System.Net;

namespace Penstock.Discovery.Dns;

/// <summary>The addresses of a name, each family apart: when one could not be found out, the other still counts.</summary>
/// <param name="IPv4">A records; default: the servers could not say.</param>
/// <param name="IPv6">AAAA records; default: the servers could not say.</param>
/// <param name="Ttl">How long they hold; null: no TTL (hosts file, literal address).</param>
internal sealed record Resolution(ImmutableArray<IPAddress> IPv4, ImmutableArray<IPAddress> IPv6, TimeSpan? Ttl)
{
    /// <summary>Whether there is an address.</summary>
    public bool HasAddresses => !IPv4.IsDefaultOrEmpty || !IPv6.IsDefaultOrEmpty;

    /// <summary>Whether the servers could not say all.</summary>
    public bool HasFailure => IPv4.IsDefault || IPv6.IsDefault;
}
