// SPDX-License-Identifier: Apache-2.0
using System.Runtime.CompilerServices;
using Penstock.L7.Errors;
using Penstock.L7.ProxyProtocol;
using Penstock.L7.Transport;
using Penstock.L7.Upstream;
using Penstock.Linux;
using Penstock.Model.L7;

namespace Penstock.L7.Forwarding;

/// <content>Connections to endpoints for requests that find none.</content>
internal sealed partial class Exchange
{
    [AsyncMethodBuilder(typeof(PooledTaskMethodBuilder<>))]
    private async ValueTask<ProxyError> ConnectAsync()
    {
        var cluster = _worker.CellOf(_route!.Targets[_target]); // Forwarding routes have targets.
        for (var attempt = 1; ; attempt++)
        {
            var pool = _pool!; // Set by PickEndpoint, and by Pick below.
            _connectOutcome = Errno.None;
            var failure = pool.Config.Protocol == UpstreamProtocol.H2 ? await OpenStreamAsync(pool) : await OpenConnectionAsync(pool);
            if (_interrupted != ProxyError.None)
            {
                DropUpstream();
                return _interrupted;
            }

            if (failure == ProxyError.None)
                return ProxyError.None;
            _upstream = null;
            if (failure != ProxyError.PoolExhausted)
            {
                _attempts++;
                if (_connectOutcome == Errno.EMFILE && attempt < MaxConnectAttempts && _worker.DropUnusedUpstream())
                    continue; // To the same endpoint, with the descriptor that is free now.
                if (ProxyErrors.Of(failure).Fault == Fault.Ours)
                    _worker.Descriptors.OnConnectRefused(_connectOutcome);
                else
                    pool.OnFailure();
            }

            _triedPools.Add(pool);
            cluster = _worker.CellOf(_route!.Targets[_target]); // As above; a reload may have come during the connect.
            if (attempt == MaxConnectAttempts || (cluster.PickOther(_triedPools, ref _worker.Random, out var other) != ProxyError.None && !TakeLastResort(out other)))
                return failure;
            _pool = other;
            _worker.Counters.ConnectRetries++;
        }
    }

    /// <summary>A connection for this request alone.</summary>
    [AsyncMethodBuilder(typeof(PooledTaskMethodBuilder<>))]
    private async ValueTask<ProxyError> OpenConnectionAsync(EndpointPool pool)
    {
        if (!pool.MakeRoom()) // What lies unused is of no use here: it names another client, or this is not the first endpoint that was tried, and a new connection tells whether it is there.
            return ProxyError.PoolExhausted;
        var connection = pool.Create();
        _upstream = connection;
        var deadline = _worker.Reactor.Now + _route!.Targets[_target].ConnectMilliseconds; // As above.
        _connectOutcome = await connection.ConnectAsync(pool.Address, _route!.Targets[_target].ConnectMilliseconds);
        var failure = _connectOutcome == Errno.None && _interrupted == ProxyError.None ? await BeginAsync(connection, deadline) : ErrorOf(_connectOutcome);
        if (failure == ProxyError.None && _interrupted == ProxyError.None)
            _worker.Counters.ConnectionsOpened++;
        return failure;
    }

    /// <summary>A place on a connection that is open, or opens for this request and others.</summary>
    [AsyncMethodBuilder(typeof(PooledTaskMethodBuilder<>))]
    private async ValueTask<ProxyError> OpenStreamAsync(EndpointPool pool)
    {
        var deadline = _worker.Reactor.Now + _route!.Targets[_target].ConnectMilliseconds; // As above.
        while (pool.Streams.Take(_worker, _route!.Targets[_target].ConnectMilliseconds) is { } stream) // As above.
        {
            _upstream = stream;
            await stream.WaitOpenAsync(deadline);
            if (_interrupted != ProxyError.None || stream.IsAdmitted)
                return ProxyError.None;
            var failure = stream.IsTooLate ? ProxyError.ConnectionTimeout : stream.Failure;
            _connectOutcome = stream.ConnectOutcome;
            _upstream = null;
            stream.Settle(reuse: false);
            if (failure != ProxyError.None)
                return failure; // Otherwise the endpoint takes fewer at once than have waited.
        }

        return ProxyError.PoolExhausted;
    }

    /// <summary>What goes before the first request of a connection: a PROXY header, then TLS.</summary>
    private ValueTask<ProxyError> BeginAsync(UpstreamConnection upstream, long deadline)
    {
        if (upstream.Pool.Config.ProxyProtocol is { } version)
            upstream.Announce(version, _connection.Tls is { } own ? ProxyValues.AddTo(_connection.Identity, own.Session) : _connection.Identity, _connection.Upstreams ??= new OwnConnections(_worker.Descriptors));
        return upstream.Pool.Tls is { } tls ? upstream.AgreeAsync(tls, deadline, _worker.Counters.Handshakes) : new ValueTask<ProxyError>(ProxyError.None);
    }

    /// <summary>What the outcome of a connect is to clients.</summary>
    internal static ProxyError ErrorOf(Errno connectOutcome) => connectOutcome switch
    {
        Errno.ETIMEDOUT => ProxyError.ConnectionTimeout,
        Errno.ENETUNREACH or Errno.EHOSTUNREACH or Errno.EADDRNOTAVAIL or Errno.EAFNOSUPPORT => ProxyError.EndpointUnreachable,
        Errno.EMFILE or Errno.ENFILE => ProxyError.DescriptorsExhausted,
        Errno.ENOMEM or Errno.ENOBUFS => ProxyError.InternalError,
        _ => ProxyError.ConnectionRefused,
    };
}
