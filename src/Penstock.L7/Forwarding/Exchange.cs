// SPDX-License-Identifier: Apache-2.0
using System.Diagnostics;
using System.IO.Pipelines;
using Penstock.L7.Errors;
using Penstock.L7.Http1;
using Penstock.L7.Runtime;
using Penstock.L7.Transport;
using Penstock.Linux.Reactors;

namespace Penstock.L7.Forwarding;

/// <summary>
/// One request and its response. Its life: <see cref="ReadHead"/> parses and routes; then either <see cref="AnswerAsync"/>, or
/// <see cref="ForwardAsync"/>: connect, send, await the response's head, relay the body, and settle both connections.
/// Only the connection that rents it calls it, on one reactor.
/// </summary>
internal sealed partial class Exchange
{
    private readonly Worker _worker;
    private readonly BodyDecoder _requestBody = new();
    private readonly BodyDecoder _responseBody = new();
    private readonly ExchangeTimer _timer;
    private readonly byte[] _requestId = new byte[RequestIds.Length];
    private IClientStream _client = null!; // Set by Begin, before anything else is called.
    private ClientConnection _connection = null!; // As above.
    private TransportReader _clientReader = null!; // As above.
    private TransportWriter _clientWriter = null!; // As above.
    private CompiledRoute? _route;
    private int _target;
    private ProxyError _error;
    private RejectReason _rejection;
    private ProxyError _interrupted;
    private long _startTicks;
    private long _headTicks;
    private long _upstreamTicks;
    private int _status;
    private int _attempts;
    private long _responseStart;
    private long? _ownBytes;
    private byte[] _path = new byte[256];
    private byte[] _location = [];
    private int _pathLength;
    private ResponseHead _response = new();
    private bool _trusted;
    private bool _ended;
    private ProxyError _timeout;

    internal Exchange(Worker worker)
    {
        _worker = worker;
        _timer = new ExchangeTimer(this);
    }

    /// <summary>What the reactor has said when the request began; owned by the worker.</summary>
    internal int Begun { get; set; }

    /// <summary>The request's head.</summary>
    internal RequestHead Request { get; } = new();

    /// <summary>The response's head.</summary>
    internal ResponseHead Response => _response;

    /// <summary>The listener as of the snapshot this request uses.</summary>
    internal CompiledListener Listener { get; private set; } = null!; // As above.

    /// <summary>Least mean rate of the request's body, bytes per second.</summary>
    private int LeastRequestRate => Listener.Config.Timeouts.MinRequestBytesPerSecond;

    /// <summary>The same for the response.</summary>
    private int LeastResponseRate => Listener.Config.Timeouts.MinResponseBytesPerSecond;

    /// <summary>A request begins.</summary>
    internal void Begin(IClientStream client)
    {
        _client = client;
        _connection = client.Connection;
        _clientReader = client.Reader;
        _clientWriter = client.Writer;
        Listener = _worker.ListenerOf(_connection.Slot);
        _route = null;
        _target = -1;
        _error = _interrupted = ProxyError.None;
        _rejection = RejectReason.None;
        _startTicks = Stopwatch.GetTimestamp();
        _headTicks = _upstreamTicks = 0;
        _status = _attempts = _outruns = 0;
        _pathLength = 0;
        _ownBytes = null;
        _grpcStatus = null;
        BeginWeb();
        _callBounds = default;
        _tunnelBytes = 0;
        _trusted = _ended = _isSent = _opensWebSocket = false;
        _upstream = null;
        _pool = null;
        _pumpError = ProxyError.None;
        IsPumping = _stopPump = _relaying = _resending = false;
        _requestBody.Start(BodyFraming.None, contentLength: 0, Listener.HeadLimits);
        _responseBody.Start(BodyFraming.None, contentLength: 0, Listener.HeadLimits);
        _connection.Requests++;
    }

    /// <summary>Everything it refers to is let go.</summary>
    internal void Reset()
    {
        _worker.Reactor.Timers.Remove(_timer);
        Request.Reset();
        Response.Reset();
        _requestBody.Release();
        _responseBody.Release();
        _triedPools.Clear();
        ReleaseKept();
        _client = null!; // Nothing is called until the next Begin.
        _connection = null!; // As above.
        _clientReader = null!; // As above.
        _clientWriter = null!; // As above.
        _route = null;
        _upstream = null;
        _pool = _lastResort = null;
    }

    /// <summary>Takes what has come of the head.</summary>
    internal ExchangeStep ReadHead(in ReadResult read)
    {
        var status = Request.Parse(read.Buffer, Listener.HeadLimits, out var consumed, out var examined);
        _clientReader.AdvanceTo(consumed, examined);
        switch (status)
        {
            case ParseStatus.Done:
                return TakeHead(Request.Framing);
            case ParseStatus.Rejected:
                return RejectHead();
            default:
                if (read.IsCanceled)
                    return Refuse(_clientReader.TimedOut ? ProxyError.RequestHeaderTimeout : ProxyError.ShuttingDown);
                return read.IsCompleted ? Refuse(ProxyError.RequestIncomplete) : ExchangeStep.ReadMore;
        }
    }

    /// <summary>The head is complete: finds out where the request goes.</summary>
    /// <param name="framing">How the end of the body is found in what the client's reader gives.</param>
    private ExchangeStep TakeHead(BodyFraming framing)
    {
        _headTicks = Stopwatch.GetTimestamp();
        _requestBody.Start(framing, Request.ContentLength, Listener.HeadLimits);
        RequestIds.Write(_requestId, ref _worker.Random);
        FindWeb();
        var error = Decide();
        if (error == ProxyError.None && _route!.IsForwarding)
            return ExchangeStep.Forward;
        LimitOwnAnswer();
        return Refuse(error);
    }

    private ExchangeStep RejectHead()
    {
        _rejection = Request.Rejection;
        return Refuse(ProxyError.RequestRejected);
    }

    /// <summary>The client has reset its connection.</summary>
    internal void OnClientGone() => Interrupt(ProxyError.ClientClosed);

    /// <summary>The client takes nothing of its connection any more.</summary>
    internal void OnClientStalled() => Interrupt(ProxyError.ResponseNotTaken);

    /// <summary>The proxy stops and waits no longer.</summary>
    internal void CutOff() => Interrupt(ProxyError.ShuttingDown);

    /// <summary>A defect: frees what it holds, and ends what else runs of it as far as that can be ended at once.</summary>
    internal void Abandon()
    {
        _worker.Reactor.Timers.Remove(_timer);
        EndPump();
        if (_upstream is not { } upstream)
            return;
        _upstream = null;
        if (_isSent)
            upstream.Pool.OnRequestEnded(failed: false);
        upstream.Abort();
    }

    private ExchangeStep Refuse(ProxyError error)
    {
        _error = error;
        return ExchangeStep.Answer;
    }

    /// <summary>Ends whatever waits, on either side; it finds the first reason in <see cref="_interrupted"/>. What waits after that, to tell the client, is ended by the next.</summary>
    /// <param name="reason">Why.</param>
    /// <param name="mayTell">Whether an end is sent to the client behind what it has taken.</param>
    private void Interrupt(ProxyError reason, bool mayTell = false)
    {
        if (_ended)
            return;
        if (_interrupted == ProxyError.None)
            _interrupted = reason;
        if (_tunnel is { } tunnel)
        {
            tunnel.Stop();
            return;
        }

        // Whoever waited goes on at once, perhaps to the end of the exchange.
        if (mayTell)
            _clientWriter.WithdrawPendingFlush();
        else
            _clientWriter.CancelPendingFlush();
        if (!_ended && _clientReader.IsWaiting)
            _clientReader.CancelPendingRead();
        if (!_ended && _upstream is { } upstream)
        {
            upstream.Writer.CancelPendingFlush();
            if (ReferenceEquals(_upstream, upstream)) // A stream may be another request's by now.
                upstream.Reader.CancelPendingRead();
        }
    }

    private sealed class ExchangeTimer(Exchange exchange) : TimerNode
    {
        public override void OnExpired()
        {
            if (exchange._interrupted == ProxyError.None)
                exchange.Interrupt(exchange._timeout, mayTell: exchange.IsGrpc && !exchange._isWebResponse); // Of gRPC-Web what is thrown away would be missed before the status.
        }
    }
}
