// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using System.Net;
using Penstock.Model.Schema;

namespace Penstock.Model.L7;

/// <summary>A socket that accepts clients.</summary>
public sealed record ListenerConfig
{
    /// <summary>Unique name, used in metrics and logs.</summary>
    [Text(TextForm.Name)]
    [Example("http")]
    public required string Name { get; init; }

    /// <summary>What it binds to.</summary>
    [Address(AddressUse.Bind)]
    [Example("\":80\"")]
    public required SocketEndpoint Bind { get; init; }

    /// <summary>Name of the route table it uses.</summary>
    [Text(TextForm.Name)]
    [Example("shop")]
    public required string Routes { get; init; }

    /// <summary>TLS towards clients; null, the default: none.</summary>
    [Example("{certificates: [{cert: /etc/penstock/tls/shop.crt, key: /etc/penstock/tls/shop.key}]}")]
    public ListenerTlsConfig? Tls { get; init; }

    /// <summary>Peers whose X-Forwarded-* fields are believed. Default: none.</summary>
    [Example("[10.0.0.0/8, \"fd00::/8\"]")]
    public ImmutableArray<IPNetwork> TrustedProxies { get; init; } = [];

    /// <summary>Peers that begin with a PROXY header, which says who the client is; null, the default: none does.</summary>
    [Example("{from: [10.0.0.0/8]}")]
    public ProxyProtocolConfig? ProxyProtocol { get; init; }

    /// <summary>Sizes and numbers.</summary>
    public ListenerLimits Limits { get; init; } = new();

    /// <summary>Times and rates.</summary>
    public ListenerTimeouts Timeouts { get; init; } = new();
}
