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

    /// <summary>What is done with its connections. Default http.</summary>
    public ListenerMode Mode { get; init; } = ListenerMode.Http;

    /// <summary>http: name of the route table it uses; required there.</summary>
    [Text(TextForm.Name)]
    [Example("shop")]
    public string? Routes { get; init; }

    /// <summary>tcp: clusters that connections go to, chosen by weight. With <see cref="Sni"/>: those that none of its rules takes; where it is left out they are closed.</summary>
    [Example("[{cluster: mesh-a, weight: 90}, {cluster: mesh-b, weight: 10}]")]
    public ImmutableArray<WeightedCluster> To { get; init; } = [];

    /// <summary>tcp: rules by the name that a TLS client asks for, which is looked at and passed on untouched; <see cref="ListenerTimeouts.Header"/> is the time that the client has for it.</summary>
    [Example("[{name: shop.example.com, to: mesh-a}]")]
    public ImmutableArray<SniRule> Sni { get; init; } = [];

    /// <summary>tcp with sni: what becomes of a connection that begins with something else than a TLS ClientHello. Default close.</summary>
    public NotTls NotTls { get; init; } = NotTls.Close;

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
    [Example("{headers: 64KiB, connections_per_client: 200}")]
    public ListenerLimits Limits { get; init; } = new();

    /// <summary>Times and rates.</summary>
    [Example("{header: 10s, idle: 2m}")]
    public ListenerTimeouts Timeouts { get; init; } = new();

    /// <summary>HTTP/2.</summary>
    [Example("{concurrent_streams: 250}")]
    public Http2Config Http2 { get; init; } = new();

    /// <summary>
    /// Whether calls of gRPC-Web (<c>application/grpc-web</c> and <c>application/grpc-web-text</c>) are translated to gRPC, for clusters with <c>protocol: h2</c>. Default
    /// false: they are forwarded as any other request.
    /// </summary>
    public bool GrpcWeb { get; init; }
}
