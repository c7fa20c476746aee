// SPDX-License-Identifier: Apache-2.0
using Penstock.L7.Errors;
using Penstock.L7.Grpc;
using Penstock.L7.Http1;

namespace Penstock.L7.Forwarding;

/// <content>Which route and which cluster a request goes to.</content>
internal sealed partial class Exchange
{
    private ProxyError Decide()
    {
        if (Request.MethodKind == HttpMethodKind.Connect)
            return DecideTunnel();
        if (Request.IsExtendedConnect && !IsWebSocket)
            return ProxyError.TunnelNotCarried;
        if (Request.MaxForwards == 0 && Request.MethodKind is HttpMethodKind.Trace or HttpMethodKind.Options)
            return ProxyError.MethodNotImplemented;
        if (Listener.Config.Limits.BodyBytes is { } limit && Request.Framing == BodyFraming.Length && Request.ContentLength > limit)
            return ProxyError.RequestBodyTooLarge;
        _trusted = !Listener.TrustedProxies.IsEmpty && Listener.TrustedProxies.Contains(_connection.Peer);
        if (!_worker.Paths.TryNormalize(Request.Path, out var path))
            return ProxyError.BadPath;
        _route = Listener.Match(Request.Host, path.Match, Request.Method, out var error);
        if (_route is null)
            return error;
        KeepPath(path.Forward);
        if (!_route.IsForwarding)
            return Request.IsExtendedConnect && _route.Route.Respond is { Status: >= 200 and < 300 } ? ProxyError.TunnelNotCarried : ProxyError.None;
        _target = _route.Route.PickTarget(ref _worker.Random);
        if (_target < 0)
            return ProxyError.NoTarget;
        SettleWeb();
        return LimitTime();
    }

    /// <summary>CONNECT, over either version: without a route that takes it, it is refused.</summary>
    private ProxyError DecideTunnel()
    {
        if (Request.ContentLength >= 0 || (Request.Framing != BodyFraming.None && !_client.IsMultiplexed))
            return ProxyError.TunnelNotCarried;
        var route = Listener.MatchConnect(Request.Host);
        if (route is null)
            return ProxyError.ConnectNotRouted;
        _trusted = !Listener.TrustedProxies.IsEmpty && Listener.TrustedProxies.Contains(_connection.Peer);
        _route = route;
        _target = route.Route.PickTarget(ref _worker.Random);
        return _target < 0 ? ProxyError.NoTarget : ProxyError.None;
    }

    /// <summary>The time for the whole request where the proxy answers itself: for the client to take the answer, and to send the rest of its body.</summary>
    private void LimitOwnAnswer()
    {
        _timeout = ProxyError.RequestTimeout;
        if ((_route is null ? Listener.RequestMilliseconds : _route.TimeoutMilliseconds) is { } milliseconds)
            _worker.Reactor.Timers.Arm(_timer, _worker.Reactor.Now + milliseconds);
    }

    private ProxyError LimitTime()
    {
        var limit = _route!.TimeoutMilliseconds; // Called with a route.
        _timeout = ProxyError.RequestTimeout;
        if (IsGrpc && GrpcFields.Timeout(Request) is { } given && !(given >= limit))
            (limit, _timeout) = (given, ProxyError.GrpcTimeout);
        if (limit == 0)
            return _timeout; // No endpoint is asked in vain.
        if (limit is { } milliseconds)
            _worker.Reactor.Timers.Arm(_timer, _worker.Reactor.Now + milliseconds);
        return ProxyError.None;
    }

    /// <summary>The path to send on: as received, normalised, or rewritten by the route.</summary>
    private ReadOnlySpan<byte> ForwardPath() => _pathLength > 0 ? _path.AsSpan(0, _pathLength) : Request.Path;

    private void KeepPath(ReadOnlySpan<byte> forward)
    {
        var rewrite = _route!.Route.Rewrite; // Called with a route.
        if (rewrite is null && forward.Overlaps(Request.Path))
            return;
        var needed = rewrite?.MaxLength(forward.Length) ?? forward.Length;
        if (_path.Length < needed)
            _path = new byte[needed];
        if (rewrite is not null)
        {
            _pathLength = rewrite.Write(forward, _path);
            return;
        }

        forward.CopyTo(_path);
        _pathLength = forward.Length;
    }
}
