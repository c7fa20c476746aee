// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using System.Net;
using Penstock.Model.Schema;

namespace Penstock.Model.L7;

/// <summary>Which peers begin their connections with a PROXY header (haproxy's proxy-protocol.txt, v1 or v2), and so say who the client is.</summary>
public sealed record ProxyProtocolConfig
{
    /// <summary>
    /// Peers that must send one: without it, or with one that can't be read, they are closed. What other peers send is taken as the client's own bytes, never as a
    /// header (haproxy: <c>expect-proxy layer4 if { src ... }</c>), so they can't claim to be somebody else. On a Unix socket every peer sends one, and <c>from</c> is left out.
    /// </summary>
    [Example("[10.0.0.0/8, \"fd00::/8\"]")]
    public ImmutableArray<IPNetwork> From { get; init; } = [];

    /// <summary>Time for the whole header, from the accept on. Default 15 s (Envoy: listener_filters_timeout).</summary>
    [Range("1ms", "1h")]
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(15);
}
