// SPDX-License-Identifier: Apache-2.0
using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using System.Text;
using Penstock.L7.Errors;
using Penstock.L7.Http1;
using Penstock.L7.Transport;
using Penstock.L7.Upstream;
using Penstock.Linux;

namespace Penstock.L7.Forwarding;

/// <content>The way to an endpoint and back.</content>
internal sealed partial class Exchange
{
    /// <summary>Most endpoints tried for one request while nothing could be sent (Envoy: 3 connect retries at most by default breakers).</summary>
    private const int MaxConnectAttempts = 4;

    /// <summary>Interim responses relayed for one request; more is an endpoint gone wrong.</summary>
    private const int MaxInterims = 16;

    private UpstreamConnection? _upstream;
    private EndpointPool? _pool;
    private EndpointPool? _lastResort;
    private readonly List<EndpointPool> _triedPools = [];
    private ValueTask _pump;
    private int _interims;

    /// <summary>Forwards the request and relays the response.</summary>
    /// <returns>Whether the client's connection takes another request.</returns>
    [AsyncMethodBuilder(typeof(PooledTaskMethodBuilder<>))]
    internal async ValueTask<bool> ForwardAsync()
    {
        var mayReuse = true;
        while (true)
        {
            // 1. A connection: one used before if there is a fit one, otherwise a new one, to another endpoint if the first refuses.
            _error = PickEndpoint();
            if (_error == ProxyError.None && (!mayReuse || !TakeIdle()))
                _error = await ConnectAsync();
            if (_error != ProxyError.None)
                return await AnswerAsync();

            // 2. The request: its head, and what is there of its body in the same packets; the rest follows beside step 3.
            var upstream = _upstream!; // Set by step 1.
            var unanswered = upstream.Reader.TotalReceived;
            StartRequest(upstream);
            if (_requestBody.IsDone && !SendsChunked)
                await upstream.Writer.FlushAsync();
            else
                StartPump();

            // 3. The head of the response, after interim ones.
            BeginResponse(upstream);
            var step = ResponseStep.ReadMore;
            while (step < ResponseStep.Final)
            {
                step = ReadResponseHead(upstream, await upstream.Reader.ReadAsync());
                if (step == ResponseStep.Interim && !await RelayInterimAsync())
                    step = Fail(ClientError());
            }

            if (step == ResponseStep.Final)
                break;

            // 4. The endpoint closed before a byte came back: a lost keep-alive race, or its end. Once more if that is safe, over a
            //    new connection and to another endpoint: a process that was killed still accepts for a moment after its
            //    connections are reset. This one is the last resort, unless the connection was new.
            var unheard = mayReuse && _error == ProxyError.ConnectionTerminated && upstream.Reader.TotalReceived == unanswered;
            _triedPools.Add(upstream.Pool);
            _lastResort = upstream.Requests > 1 ? upstream.Pool : null;
            await StopPumpAsync();
            DropUpstream();
            if (!unheard || !Request.MethodKind.IsIdempotent() || _requestBody.Bytes > 0 || _interrupted != ProxyError.None)
                return await AnswerAsync();
            mayReuse = false;
            _worker.Counters.UnheardRetries++;
        }

        // 5. The response.
        return Response.Status == 101 ? await TunnelAsync() : await RelayResponseAsync();
    }

    private ProxyError PickEndpoint()
    {
        var cluster = _worker.CellOf(_route!.Targets[_target]); // Forwarding routes have targets.
        if (_triedPools.Count > 0 && cluster.PickOther(_triedPools, ref _worker.Random, out _pool) == ProxyError.None)
            return ProxyError.None;
        return cluster.Pick(ref _worker.Random, out _pool);
    }

    private bool TakeLastResort([NotNullWhen(true)] out EndpointPool? pool)
    {
        pool = _lastResort;
        _lastResort = null;
        return pool is not null;
    }

    private bool TakeIdle()
    {
        var pool = _pool!; // Set by PickEndpoint.
        _upstream = pool.Config.ProxyProtocol is null ? pool.TakeIdle() : _connection.Upstreams?.Take(pool);
        if (_upstream is null)
            return false;
        _worker.Counters.ConnectionsReused++;
        return true;
    }

    [AsyncMethodBuilder(typeof(PooledTaskMethodBuilder<>))]
    private async ValueTask<ProxyError> ConnectAsync()
    {
        var cluster = _worker.CellOf(_route!.Targets[_target]); // As above.
        for (var attempt = 1; ; attempt++)
        {
            var pool = _pool!; // Set by PickEndpoint, and by Pick below.
            var failure = ProxyError.PoolExhausted;
            if (pool.Config.ProxyProtocol is null ? pool.MayConnect : pool.MakeRoom())
            {
                _upstream = pool.Create();
                var deadline = _worker.Reactor.Now + _route!.Targets[_target].ConnectMilliseconds; // As above.
                var outcome = await _upstream.ConnectAsync(pool.Address, _route!.Targets[_target].ConnectMilliseconds);
                failure = outcome == Errno.None && _interrupted == ProxyError.None ? await BeginAsync(_upstream, deadline) : ErrorOf(outcome);
                if (_interrupted != ProxyError.None)
                {
                    DropUpstream();
                    return _interrupted;
                }

                if (failure == ProxyError.None)
                {
                    _worker.Counters.ConnectionsOpened++;
                    return ProxyError.None;
                }

                _attempts++;
                _upstream = null;
                if (outcome == Errno.EMFILE && attempt < MaxConnectAttempts && _worker.DropUnusedUpstream())
                    continue; // To the same endpoint, with the descriptor that is free now.
                if (ProxyErrors.Of(failure).Fault == Fault.Ours)
                    _worker.Descriptors.OnConnectRefused(outcome);
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

    /// <summary>What goes before the first request of a connection: a PROXY header, then TLS.</summary>
    private ValueTask<ProxyError> BeginAsync(UpstreamConnection upstream, long deadline)
    {
        if (upstream.Pool.Config.ProxyProtocol is { } version)
            upstream.Announce(version, _connection.Identity, _connection.Upstreams ??= new OwnConnections(_worker.Descriptors));
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

    private void StartRequest(UpstreamConnection upstream)
    {
        var pool = upstream.Pool;
        _attempts++;
        upstream.Requests++;
        pool.OnRequest();
        upstream.Writer.Guard.Between(_route!.Targets[_target].BodyMilliseconds, bytesPerSecond: 0); // As above.
        WriteRequestHead(upstream);
    }

    private void BeginResponse(UpstreamConnection upstream)
    {
        _interims = 0;
        Response.Reset();
        if (_pumping)
            upstream.Reader.Guard.Off();
        else
            upstream.Reader.Guard.Until(_worker.Reactor.Now + _route!.Targets[_target].ResponseMilliseconds); // As above.
    }

    /// <summary>Takes what has come of a response's head.</summary>
    private ResponseStep ReadResponseHead(UpstreamConnection upstream, in ReadResult read)
    {
        if (read.IsCanceled)
            return Fail(Cancelled(ProxyError.ResponseTimeout));
        var status = Response.Parse(read.Buffer, _route!.Targets[_target].HeadLimits, Request.MethodKind, out var consumed, out var examined); // As above.
        upstream.Reader.AdvanceTo(consumed, examined);
        if (status == ParseStatus.NeedMore && !read.IsCompleted)
            return ResponseStep.ReadMore;
        if (status == ParseStatus.NeedMore)
            return Fail(read.Buffer.IsEmpty && _interims == 0 ? ProxyError.ConnectionTerminated : ProxyError.ResponseIncomplete);
        _upstreamTicks = Stopwatch.GetTimestamp();
        var error = status == ParseStatus.Rejected ? RejectResponse(Response.Rejection) : CheckResponse();
        if (error != ProxyError.None)
            return Fail(error);
        return Response.IsInterim ? ResponseStep.Interim : ResponseStep.Final;
    }

    private ResponseStep Fail(ProxyError error)
    {
        _error = error;
        return ResponseStep.Failed;
    }

    /// <summary>Why a read from the endpoint was cancelled.</summary>
    /// <param name="timeout">What it is if nothing else has happened.</param>
    private ProxyError Cancelled(ProxyError timeout) =>
        _interrupted != ProxyError.None ? _interrupted : _pumpError != ProxyError.None ? _pumpError : timeout;

    private ProxyError RejectResponse(RejectReason reason)
    {
        _rejection = reason;
        return _rejection is RejectReason.HeadTooLarge or RejectReason.TooManyFields ? ProxyError.ResponseHeaderTooLarge : ProxyError.ResponseRejected;
    }

    private ProxyError CheckResponse()
    {
        if (Response.IsInterim)
            return ++_interims <= MaxInterims ? ProxyError.None : RejectResponse(RejectReason.TooManyInterimResponses);
        return Response.Status == 101 && !IsUpgradeAskedFor() ? ProxyError.UpgradeFailed : ProxyError.None;
    }

    /// <summary>Whether the endpoint switches to a protocol that the client asked for, after all of its request.</summary>
    private bool IsUpgradeAskedFor()
    {
        if (Request.Upgrade.IsEmpty || !_requestBody.IsDone || _pumping)
            return false;
        foreach (var range in Request.Upgrade.Split((byte)','))
        {
            if (Ascii.EqualsIgnoreCase(Request.Upgrade[range].Trim(" \t"u8), Response.Upgrade))
                return true;
        }

        return false;
    }

    /// <summary>Closes the endpoint's connection, which is of no more use.</summary>
    private void DropUpstream()
    {
        if (_upstream is not { } upstream)
            return;
        _upstream = null;
        if (upstream.Requests > 0)
            upstream.Pool.OnRequestEnded(failed: ProxyErrors.Of(_error).Fault == Fault.Upstream);
        upstream.Close();
    }

    /// <summary>Gives the endpoint's connection back to its pool if its response ended cleanly, else closes it.</summary>
    private void SettleUpstream()
    {
        var upstream = _upstream!; // Called once, after a whole response.
        _upstream = null;
        upstream.Pool.OnRequestEnded(failed: false);
        if (Response.KeepAlive && _requestBody.IsDone && !_stopPump && _interrupted == ProxyError.None)
            upstream.Pool.PutBack(upstream);
        else
            upstream.Close();
    }
}
