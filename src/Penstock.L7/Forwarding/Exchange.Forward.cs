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
using Penstock.Model.L7;

namespace Penstock.L7.Forwarding;

/// <content>The way to an endpoint and back.</content>
internal sealed partial class Exchange
{
    /// <summary>Most endpoints tried for one request while nothing could be sent (Envoy: 3 connect retries at most by default breakers).</summary>
    private const int MaxConnectAttempts = 4;

    /// <summary>Most connections that may end in order before a request's turn comes on them, beyond those: each has carried others', so that they tell nothing against the next (gRPC sends again what no server has begun on, until its time is over).</summary>
    private const int MaxOutruns = 32;

    /// <summary>Interim responses relayed for one request; more is an endpoint gone wrong.</summary>
    private const int MaxInterims = 16;

    private IEndpointStream? _upstream;
    private Errno _connectOutcome;
    private bool _isSent;
    private EndpointPool? _pool;
    private EndpointPool? _lastResort;
    private readonly List<EndpointPool> _triedPools = [];
    private ValueTask _pump;
    private int _interims;
    private int _outruns;

    /// <summary>Forwards the request and relays the response.</summary>
    /// <returns>Whether the client's connection takes another request.</returns>
    [AsyncMethodBuilder(typeof(PooledTaskMethodBuilder<>))]
    internal async ValueTask<bool> ForwardAsync()
    {
        if (Request.MethodKind == HttpMethodKind.Connect)
            return await OpenTunnelAsync();
        var mayReuse = true;
        while (true)
        {
            // 1. A connection: one used before if there is a fit one, otherwise a new one, to another endpoint if the first refuses.
            _error = PickEndpoint();
            if (_error == ProxyError.None && !TakeOpen(mayReuse))
                _error = await ConnectAsync();
            if (_error != ProxyError.None)
                return await AnswerAsync();

            // 2. The request: its head, and what is there of its body in the same packets; the rest follows beside step 3.
            var upstream = _upstream!; // Set by step 1.
            var unanswered = upstream.Reader.TotalReceived;
            var step = StartRequest(upstream);
            if (step == ResponseStep.ReadMore && (await SendRequestAsync(upstream)).IsCompleted && upstream.Writer.TimedOut)
                step = Fail(ProxyError.ConnectionWriteTimeout); // Why else it failed is found by reading.

            // 3. The head of the response, after interim ones.
            BeginResponse(upstream);
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
            //    What the endpoint has said that it did not begin is safe whatever the method, and tried as often as a connect, or more often
            //    where it was others' turn; so is what was not sent, a head that is too large or a WebSocket, which another endpoint may take.
            if (upstream.IsOutrun)
                _outruns++;
            var unsent = IsUnfit;
            var unprocessed = unsent ? _triedPools.Count < MaxConnectAttempts - 1 : upstream.IsUnprocessed && _pumpError == ProxyError.None && _outruns <= MaxOutruns && _attempts - _outruns < MaxConnectAttempts;
            var unheard = mayReuse && _error == ProxyError.ConnectionTerminated && upstream.Reader.TotalReceived == unanswered && Request.MethodKind.IsIdempotent();
            _triedPools.Add(upstream.Pool);
            _lastResort = upstream.IsReused ? upstream.Pool : null;
            await StopPumpAsync();
            DropUpstream();
            if (_requestBody.Bytes != (unprocessed ? _keptBytes : 0) || !(unprocessed || unheard) || _interrupted != ProxyError.None)
                return await AnswerAsync();
            mayReuse = mayReuse && unprocessed;
            if (!unsent)
                _worker.Counters.UnheardRetries++;
        }

        // 5. The response.
        return BeginsTunnel ? await TunnelAsync() : await RelayResponseAsync();
    }

    /// <summary>Whether the endpoint has said that it is none for the request, which was not sent.</summary>
    private bool IsUnfit => _error is ProxyError.EndpointHeadLimit or ProxyError.WebSocketNotTaken;

    private ProxyError PickEndpoint()
    {
        var cluster = _worker.CellOf(_route!.Targets[_target]); // Forwarding routes have targets.
        var last = _pool;
        if (_triedPools.Count > 0 && cluster.PickOther(_triedPools, ref _worker.Random, out _pool) == ProxyError.None)
            return ProxyError.None;
        if (IsUnfit)
        {
            _pool = last;
            return _error; // There is no other, and this one takes no more than before.
        }

        return cluster.Pick(ref _worker.Random, out _pool);
    }

    private bool TakeLastResort([NotNullWhen(true)] out EndpointPool? pool)
    {
        pool = _lastResort;
        _lastResort = null;
        return pool is not null;
    }

    /// <summary>Takes a connection that is open.</summary>
    /// <param name="mayReuse">Whether one that lies unused will do; one that other requests are on always does.</param>
    private bool TakeOpen(bool mayReuse)
    {
        var pool = _pool!; // Set by PickEndpoint.
        if (pool.Config.Protocol == UpstreamProtocol.H2)
            _upstream = pool.Streams.TakeOpen();
        else if (mayReuse)
            _upstream = pool.Config.ProxyProtocol is null ? pool.TakeIdle() : _connection.Upstreams?.Take(pool);
        if (_upstream is null)
            return false;
        _worker.Counters.ConnectionsReused++;
        return true;
    }

    private ResponseStep StartRequest(IEndpointStream upstream)
    {
        upstream.Begin();
        upstream.Writer.Guard.Between(_route!.Targets[_target].BodyMilliseconds, bytesPerSecond: 0); // As above.
        _opensWebSocket = upstream.IsMultiplexed && AsksForWebSocket;
        if (_opensWebSocket && !upstream.TakesWebSockets)
            return Fail(ProxyError.WebSocketNotTaken);
        if (!TryWriteRequestHead(upstream))
            return Fail(ProxyError.EndpointHeadLimit);
        _attempts++;
        _isSent = true;
        upstream.Pool.OnRequest();
        return ResponseStep.ReadMore;
    }

    private ValueTask<FlushResult> SendRequestAsync(IEndpointStream upstream)
    {
        if (!_requestBody.IsDone || SendsChunked || _requestBody.Bytes > 0)
        {
            StartPump();
            return default; // Which has its own end.
        }

        if (!_opensWebSocket)
            upstream.WriteEnd(chunked: false, trailers: null);
        return upstream.Writer.FlushAsync();
    }

    private void BeginResponse(IEndpointStream upstream)
    {
        _interims = 0;
        Response.Reset();
        if (IsPumping)
            upstream.Reader.Guard.Off();
        else
            upstream.Reader.Guard.Until(_worker.Reactor.Now + _route!.Targets[_target].ResponseMilliseconds); // As above.
    }

    /// <summary>Takes what has come of a response's head.</summary>
    private ResponseStep ReadResponseHead(IEndpointStream upstream, in ReadResult read)
    {
        if (read.IsCanceled)
            return Fail(Cancelled(ProxyError.ResponseTimeout));
        var status = upstream.ReadHead(ref _response, read, _route!.Targets[_target].HeadLimits, Request.MethodKind); // As above.
        if (status == ParseStatus.NeedMore && !read.IsCompleted)
            return ResponseStep.ReadMore;
        if (status == ParseStatus.NeedMore)
            return Fail(EndOf(upstream, read.Buffer.IsEmpty && _interims == 0 ? ProxyError.ConnectionTerminated : ProxyError.ResponseIncomplete));
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

    /// <summary>Why the endpoint sends no more.</summary>
    /// <param name="upstream">The endpoint's side.</param>
    /// <param name="gone">What it is if it has just gone.</param>
    private ProxyError EndOf(IEndpointStream upstream, ProxyError gone) => upstream.Failure switch
    {
        ProxyError.None => gone,
        ProxyError.ResponseRejected => RejectResponse(upstream.Rejection),
        var failure => failure,
    };

    private ProxyError RejectResponse(RejectReason reason)
    {
        _rejection = reason;
        return _rejection is RejectReason.HeadTooLarge or RejectReason.TooManyFields ? ProxyError.ResponseHeaderTooLarge : ProxyError.ResponseRejected;
    }

    private ProxyError CheckResponse()
    {
        if (Response.IsInterim)
            return ++_interims <= MaxInterims ? ProxyError.None : RejectResponse(RejectReason.TooManyInterimResponses);
        if (Request.IsExtendedConnect && !_opensWebSocket)
            return CheckWebSocket();
        return Response.Status == 101 && !IsUpgradeAskedFor() ? ProxyError.UpgradeFailed : ProxyError.None;
    }

    /// <summary>Whether the endpoint switches to a protocol that the client asked for, after all of its request. One that names none has not said what follows (RFC 9110 section 15.2.2).</summary>
    private bool IsUpgradeAskedFor()
    {
        if (Request.Upgrade.IsEmpty || Response.Upgrade.IsEmpty || !_requestBody.IsDone || IsPumping)
            return false;
        foreach (var range in Request.Upgrade.Split((byte)','))
        {
            if (Ascii.EqualsIgnoreCase(Request.Upgrade[range].Trim(" \t"u8), Response.Upgrade))
                return true;
        }

        return false;
    }

    /// <summary>Lets the endpoint go, whose response did not come or broke off.</summary>
    /// <param name="reset">Whether it must see that something broke.</param>
    private void DropUpstream(bool reset = false)
    {
        if (_upstream is not { } upstream)
            return;
        _upstream = null;
        if (_isSent)
            upstream.Pool.OnRequestEnded(failed: ProxyErrors.Of(_error).Fault == Fault.Upstream && !upstream.IsDismissed);
        _isSent = false;
        if (reset && !upstream.IsMultiplexed)
            upstream.Abort(); // A stream that is not over is reset as it is.
        else
            upstream.Settle(reuse: false);
    }

    /// <summary>Gives the endpoint's connection back to its pool if its response ended cleanly, else closes it.</summary>
    private void SettleUpstream()
    {
        var upstream = _upstream!; // Called once, after a whole response.
        _upstream = null;
        _isSent = false;
        upstream.Pool.OnRequestEnded(failed: false);
        upstream.Settle(Response.KeepAlive && _requestBody.IsDone && !_stopPump && _pumpError == ProxyError.None && _interrupted == ProxyError.None);
    }
}
