// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Discovery.Dns;

/// <summary>What a message received in answer to a query is.</summary>
internal enum DnsReplyKind
{
    /// <summary>Not an answer to this query (other id or question, not a response): wait for another.</summary>
    Foreign,

    /// <summary>An answer to this query that breaks the format (RFC 1035 section 4).</summary>
    Malformed,

    /// <summary>Cut off: ask again over TCP.</summary>
    Truncated,

    /// <summary>The server could not or would not say (SERVFAIL, REFUSED and the like).</summary>
    ServerFailure,

    /// <summary>There is no such name.</summary>
    NoSuchName,

    /// <summary>Addresses; none when the name has none of this type.</summary>
    Answer,
}
