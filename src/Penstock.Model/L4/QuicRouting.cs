// SPDX-License-Identifier: Apache-2.0
using Penstock.Model.Schema;

namespace Penstock.Model.L4;

/// <summary>
/// Where QUIC connection ids carry the server that gave them out: as in draft-ietf-quic-load-balancers, plaintext, an octet of
/// configuration and length first, then the server id in network order, then what the server likes.
/// </summary>
public sealed record QuicRouting
{
    /// <summary>Bytes of the connection id before the server id. Default 1.</summary>
    [Range("0", "19")]
    public int Offset { get; init; } = 1;

    /// <summary>Bytes of the server id. Default 2.</summary>
    [Range("1", "4")]
    public int Length { get; init; } = 2;
}
