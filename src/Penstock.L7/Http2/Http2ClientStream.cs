// SPDX-License-Identifier: Apache-2.0
using System.IO.Pipelines;
using Penstock.Http2;
using Penstock.L7.Errors;
using Penstock.L7.Forwarding;
using Penstock.L7.Grpc;
using Penstock.L7.Http1;
using Penstock.L7.Transport;
using Penstock.L7.Upstream;
using Penstock.Linux;

namespace Penstock.L7.Http2;

/// <summary>A request to an endpoint and its response.</summary>
internal sealed class Http2ClientStream(EndpointPool pool) : Http2Stream(pool.Reactor), IEndpointStream
{
    /// <summary>Heads that may wait to be relayed: more interim ones than any request is given.</summary>
    private const int MaxHeads = 16;

    private readonly Queue<ResponseHead> _heads = new();
    private ResponseHead? _spareHead = new();
    private int _headBytes;
    private Http2ClientConnection _client = null!; // Set by Begin, before anything else is called.
    private bool _isReused;
    private bool _isStopped;
    private Exchange? _tunnel;

    /// <inheritdoc/>
    public EndpointPool Pool => pool;

    /// <inheritdoc/>
    public bool IsUnprocessed { get; private set; }

    /// <inheritdoc/>
    public bool IsDismissed { get; private set; }

    /// <inheritdoc/>
    public bool IsOutrun { get; private set; }

    /// <inheritdoc/>
    public ProxyError Failure { get; private set; }

    /// <inheritdoc/>
    public RejectReason Rejection { get; private set; }

    /// <summary>The connection takes its frames.</summary>
    internal bool IsAdmitted { get; private set; }

    /// <summary>Its connection was not open in time, or had no place for it, nor those after it.</summary>
    internal bool IsTooLate => Output.TimedOut;

    /// <summary>The request's method, which decides about the response's body.</summary>
    internal HttpMethodKind Method { get; private set; }

    /// <summary>The outcome of the connect.</summary>
    internal Errno ConnectOutcome => _client.ConnectOutcome;

    /// <inheritdoc/>
    internal override bool HasHead => _heads.Count > 0;

    TransportReader IEndpointStream.Reader => Input;

    TransportWriter IEndpointStream.Writer => Output;

    bool IEndpointStream.IsBroken => IsBroken && !IsWhole;

    bool IEndpointStream.IsMultiplexed => true;

    bool IEndpointStream.IsReused => _isReused;

    bool IEndpointStream.IsLast => false;

    bool IEndpointStream.TakesWebSockets => _client.Peer.EnableConnectProtocol;

    TrailerSection? IEndpointStream.Trailers => ReceivedTrailers;

    /// <summary>Whether the endpoint has sent all of a response that is well-formed.</summary>
    private bool IsWhole => RemoteEnded && Rejection == RejectReason.None;

    /// <summary>It has its place on a connection.</summary>
    internal void Begin(Http2ClientConnection client)
    {
        _client = client;
        Open(client, id: 0);
        _isReused = client.IsOpen;
        IsAdmitted = client.IsOpen;
        IsUnprocessed = IsDismissed = IsOutrun = _isStopped = false;
        Failure = ProxyError.None;
        Rejection = RejectReason.None;
        Method = HttpMethodKind.Other;
        _tunnel = null;
    }

    /// <summary>Waits until its connection is open, and has a place for it or not.</summary>
    /// <param name="deadline">When the time for that is over, monotonic milliseconds.</param>
    internal ValueTask<FlushResult> WaitOpenAsync(long deadline) => IsAdmitted || IsBroken ? default : Output.WaitOpenAsync(deadline);

    /// <summary>The connection is open.</summary>
    /// <param name="admitted">Whether it has a place for this one.</param>
    internal void OnOpen(bool admitted)
    {
        IsAdmitted = admitted;
        Output.OnOpen();
    }

    /// <summary>The endpoint takes it not: it was never begun there.</summary>
    /// <param name="failure">What that is to the client.</param>
    /// <param name="inOrder">Whether the endpoint has ended the connection in order.</param>
    /// <param name="outrun">Whether it has so, and taken requests before this one.</param>
    internal void Refuse(ProxyError failure, bool inOrder, bool outrun)
    {
        IsUnprocessed = true;
        IsDismissed = inOrder;
        IsOutrun = outrun;
        IsAdmitted = false;
        Failure = failure;
        Break(RejectReason.None);
    }

    /// <summary>A tunnel begins, which hears of it when the endpoint takes no more after its own end: nobody's reading finds that.</summary>
    internal void BeginTunnel(Exchange tunnel)
    {
        _tunnel = tunnel;
        if (_isStopped || (IsBroken && IsWhole))
            tunnel.OnEndpointStopped(_isStopped ? ProxyError.None : ProxyError.TunnelReset);
    }

    /// <summary>A head to fill with what has come.</summary>
    internal ResponseHead NextHead()
    {
        var head = _spareHead ?? new ResponseHead();
        _spareHead = null;
        return head;
    }

    /// <summary>A head has come.</summary>
    /// <param name="head">The head.</param>
    /// <param name="ended">Whether no content follows.</param>
    /// <returns>False when there are too many, or too large interim ones: heads are outside flow control.</returns>
    internal bool TryTakeHead(ResponseHead head, bool ended)
    {
        if (_heads.Count >= MaxHeads || (head.IsInterim && _headBytes + head.Length > _client.Limits.Head.HeadBytes))
            return false;
        _heads.Enqueue(head);
        _headBytes += head.Length;
        HeadReceived = !head.IsInterim || head.Rejection != RejectReason.None;
        if (ended)
            TryEndRemote();
        else if (HeadReceived && head.Rejection == RejectReason.None)
            ExpectContent(head.Framing switch
            {
                BodyFraming.None => 0,
                BodyFraming.Length => head.ContentLength,
                _ => -1,
            });
        Input.Wake();
        return true;
    }

    void IEndpointStream.Begin()
    {
        // It begins with its head, if that is ever sent.
    }

    bool IEndpointStream.TryWriteHead(RequestHead head, in RequestForwarding forwarding)
    {
        Method = forwarding.OpensWebSocket ? HttpMethodKind.Connect : head.MethodKind;
        TakesMetadata = !forwarding.ContentType.IsEmpty || (head.Version == 20 && GrpcFields.IsCall(head));
        var block = WriteHead();
        RequestFields.WriteHead(block, head, forwarding, _client.Scheme);
        return block.ListSize <= _client.Peer.MaxHeaderListSize;
    }

    void IEndpointStream.WriteEnd(bool chunked, TrailerSection? trailers)
    {
        if (trailers is { FieldCount: > 0 })
            ResponseFields.WriteTrailers(WriteTrailers(), trailers);
        EndOutput();
    }

    void IEndpointStream.EndSending() => EndOutput();

    ParseStatus IEndpointStream.ReadHead(ref ResponseHead head, in ReadResult read, in HeadLimits limits, HttpMethodKind requestMethod)
    {
        Input.AdvanceTo(read.Buffer.Start);
        if (!_heads.TryDequeue(out var next))
            return ParseStatus.NeedMore;
        _headBytes -= next.Length;
        head.Reset();
        _spareHead = head;
        head = next;
        return next.Rejection == RejectReason.None ? ParseStatus.Done : ParseStatus.Rejected;
    }

    BodyFraming IEndpointStream.FramingOf(ResponseHead head) => IsWhole && Input.Buffered == 0 ? BodyFraming.None : BodyFraming.UntilClose;

    /// <inheritdoc/>
    public void Settle(bool reuse) => _client.End(this, isOver: _isStopped);

    void IEndpointStream.Abort()
    {
        _tunnel = null;
        _client.Abandon(this);
    }

    /// <inheritdoc/>
    internal override void Release()
    {
        base.Release();
        while (_heads.TryDequeue(out var head))
        {
            head.Reset();
            _spareHead = head;
        }

        _headBytes = 0;
        _tunnel = null;
    }

    /// <inheritdoc/>
    internal override void OnReset(Http2ErrorCode code)
    {
        if (IsWhole)
        {
            // The response stays: the endpoint wants no more of the request (RFC 9113 section 8.1).
            _isStopped = true;
            Output.Fail();
            if (_tunnel is { } tunnel)
                tunnel.OnEndpointStopped(LocalEnded || code == Http2ErrorCode.NoError ? ProxyError.None : ProxyError.TunnelReset);
            else
                Output.CancelPendingFlush();
            return;
        }

        IsUnprocessed = code == Http2ErrorCode.RefusedStream && !HeadReceived;
        Failure = IsUnprocessed ? ProxyError.StreamRefused : ProxyError.StreamReset;
        Break(RejectReason.None);
    }

    /// <inheritdoc/>
    protected override void OnSendingHead() => _client.OnBegun(this);

    /// <inheritdoc/>
    protected override void OnBroken(RejectReason reason)
    {
        Rejection = reason;
        if (reason != RejectReason.None)
            Failure = ProxyError.ResponseRejected;
        else if (Failure == ProxyError.None)
            Failure = _client.FailureOfStream();
        if (IsWhole && !LocalEnded && _tunnel is { } tunnel)
        {
            tunnel.OnEndpointStopped(ProxyError.TunnelReset); // What has come is whole.
            return;
        }

        Output.CancelPendingFlush(); // Who waits goes on at once, perhaps to the end of the request.
        Input.Wake();
    }
}
