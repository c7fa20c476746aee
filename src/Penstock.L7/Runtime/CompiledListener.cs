// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using System.Text;
using Penstock.L7.Acme;
using Penstock.L7.Admission;
using Penstock.L7.Errors;
using Penstock.L7.Http1;
using Penstock.L7.Http2;
using Penstock.L7.Metrics;
using Penstock.L7.Routing;
using Penstock.L7.Tls;
using Penstock.Linux;
using Penstock.Model.L7;

namespace Penstock.L7.Runtime;

/// <summary>A listener ready to serve: limits as numbers, routes as tables.</summary>
internal sealed class CompiledListener
{
    private readonly RouteTable _table;
    private readonly CompiledRoute[] _routes;
    private readonly TrustedProxies? _announcing;

    internal CompiledListener(ListenerConfig config, string node, RouteTable table, CompiledRoute[] routes, ProxyStatusField proxyStatus, RequestSeries unrouted)
    {
        Config = config;
        _table = table;
        _routes = routes;
        ProxyStatus = proxyStatus;
        Unrouted = unrouted;
        ViaName = Encoding.ASCII.GetBytes(node);
        TrustedProxies = new TrustedProxies(config.TrustedProxies);
        _announcing = config.ProxyProtocol is { } protocol ? new TrustedProxies(protocol.From) : null;
        HeadLimits = new HeadLimits(config.Limits.RequestLineBytes, config.Limits.HeaderBytes, config.Limits.HeaderCount);
        Http2Limits = new Http2Limits(config.Http2.ConcurrentStreams, config.Http2.StreamWindowBytes, config.Http2.ConnectionWindowBytes, HeadLimits);
        HeaderMilliseconds = (long)config.Timeouts.Header.TotalMilliseconds;
        IdleMilliseconds = (long)config.Timeouts.Idle.TotalMilliseconds;
        RequestMilliseconds = (long?)config.Timeouts.Request?.TotalMilliseconds;
        BodyMilliseconds = (int)config.Timeouts.Body.TotalMilliseconds;
    }

    /// <summary>As configured.</summary>
    internal ListenerConfig Config { get; }

    /// <summary>Where it listens.</summary>
    internal required ListenerSlot Slot { get; init; }

    /// <summary>Its TLS; null: none.</summary>
    internal TlsListener? Tls { get; init; }

    /// <summary>What a CA is answered before any route; null: nothing, as there is TLS.</summary>
    internal AcmeChallenges? Challenges { get; init; }

    /// <summary>Values of Proxy-Status.</summary>
    internal ProxyStatusField ProxyStatus { get; }

    /// <summary>Counters of requests that no route took.</summary>
    internal RequestSeries Unrouted { get; }

    /// <summary>This host's name in Via.</summary>
    internal byte[] ViaName { get; }

    /// <summary>Peers whose X-Forwarded-* fields are believed.</summary>
    internal TrustedProxies TrustedProxies { get; }

    /// <summary>Limits of a request's head.</summary>
    internal HeadLimits HeadLimits { get; }

    /// <summary>Limits of an HTTP/2 connection.</summary>
    internal Http2Limits Http2Limits { get; }

    /// <summary>Time for a head.</summary>
    internal long HeaderMilliseconds { get; }

    /// <summary>Time between two requests.</summary>
    internal long IdleMilliseconds { get; }

    /// <summary>Time for the whole of a request, where no route has less; null: no limit.</summary>
    internal long? RequestMilliseconds { get; }

    /// <summary>Time between two moves of a body, either way.</summary>
    internal int BodyMilliseconds { get; }

    /// <summary>Its rules, in file order.</summary>
    internal ImmutableArray<Route> Rules => _table.Routes;

    /// <summary>Mode tcp: the rule for connections that no other takes; null: there is none.</summary>
    internal CompiledRoute? Fallback => Config.To.IsEmpty ? null : _routes[^1];

    /// <summary>Whether a peer has to begin with a PROXY header.</summary>
    internal bool AwaitsProxyHeader(in SocketAddress peer) =>
        _announcing is { } announcing && (peer.IsUnix || announcing.Contains(ClientAddress.FromBytes(peer.Address)));

    /// <summary>Finds the route of a request.</summary>
    /// <param name="host">Lower case, without port.</param>
    /// <param name="path">As routes see it.</param>
    /// <param name="method">Method.</param>
    /// <param name="error">Why there is none.</param>
    internal CompiledRoute? Match(ReadOnlySpan<byte> host, ReadOnlySpan<byte> path, ReadOnlySpan<byte> method, out ProxyError error)
    {
        error = ProxyError.None;
        if (Challenges?.Find(path) is { } challenge)
            return new CompiledRoute(challenge, [], [Unrouted], RequestMilliseconds);
        if (_table.Match(host, path, method) is { } route)
            return _routes[route.Index];
        Span<byte> allowed = stackalloc byte[64];
        error = _table.WriteAllowed(host, path, allowed) > 0 ? ProxyError.MethodNotAllowed : ProxyError.NoRoute;
        return null;
    }

    /// <summary>Finds the route of CONNECT, of those that take it. It has no path: as OPTIONS for the server as a whole, it is what no condition on paths takes.</summary>
    /// <param name="host">Lower case, without port.</param>
    internal CompiledRoute? MatchConnect(ReadOnlySpan<byte> host) => _table.Match(host, "*"u8, Route.ConnectMethod) is { } route ? _routes[route.Index] : null;

    /// <summary>Writes the methods that a path has routes for, for Allow.</summary>
    internal int WriteAllowed(ReadOnlySpan<byte> host, ReadOnlySpan<byte> path, Span<byte> destination) => _table.WriteAllowed(host, path, destination);
}
