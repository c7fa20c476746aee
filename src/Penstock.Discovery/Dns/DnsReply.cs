// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using System.Net;

namespace Penstock.Discovery.Dns;

/// <summary>A decoded answer.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Addresses">Addresses at the end of the chain of CNAMEs.</param>
/// <param name="TtlSeconds">Least TTL of the addresses and the CNAMEs on the way; 0 without addresses.</param>
internal sealed record DnsReply(DnsReplyKind Kind, ImmutableArray<IPAddress> Addresses, uint TtlSeconds)
{
    /// <summary>A reply without addresses.</summary>
    public static DnsReply Of(DnsReplyKind kind) => new(kind, [], 0);
}
