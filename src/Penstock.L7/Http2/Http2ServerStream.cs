// SPDX-License-Identifier: Apache-2.0
using System.Runtime.CompilerServices;
using Penstock.Http2;
using Penstock.L7.Forwarding;
using Penstock.L7.Http1;
using Penstock.L7.Transport;
using Penstock.Linux.Reactors;

namespace Penstock.L7.Http2;

/// <summary>A request of a client and its response.</summary>
internal sealed class Http2ServerStream : Http2Stream, IClientStream
{
    private readonly Action _onEnded;
    private Http2ServerConnection _server = null!; // Set by Begin, before anything else is called.
    private Exchange? _exchange;
    private ValueTask _run;

    internal Http2ServerStream(Reactor reactor)
        : base(reactor) => _onEnded = OnEnded;

    /// <inheritdoc/>
    public bool ClosesEarly { get; set; }

    /// <summary>What the client did wrong with it; <see cref="Http2Fault.None"/>: nothing.</summary>
    internal Http2Fault Fault { get; set; }

    /// <summary>With what it is reset although the client did nothing wrong, even if its response was ended in order; <see cref="Http2ErrorCode.NoError"/>: nothing has broken.</summary>
    internal Http2ErrorCode ResetCode { get; private set; }

    ClientConnection IClientStream.Connection => _server.Client;

    TransportReader IClientStream.Reader => Input;

    TransportWriter IClientStream.Writer => Output;

    bool IClientStream.IsBroken => IsBroken;

    bool IClientStream.IsMultiplexed => true;

    TrailerSection? IClientStream.Trailers => ReceivedTrailers;

    /// <summary>A request begins.</summary>
    /// <returns>Its exchange, whose head is to be filled.</returns>
    internal Exchange Begin(Http2ServerConnection server, int id)
    {
        _server = server;
        Open(server, id);
        ClosesEarly = false;
        Fault = Http2Fault.None;
        ResetCode = Http2ErrorCode.NoError;
        return _exchange = server.Worker.RentExchange(this);
    }

    /// <summary>The head is filled: goes on with the request.</summary>
    /// <param name="ended">Whether no content follows.</param>
    internal void Run(bool ended)
    {
        _run = RunAsync(ended);
        var awaiter = _run.GetAwaiter();
        if (awaiter.IsCompleted)
            OnEnded();
        else
            awaiter.UnsafeOnCompleted(_onEnded);
    }

    /// <summary>The proxy waits no longer.</summary>
    internal void CutOff() => _exchange?.CutOff();

    void IClientStream.WriteInterim(ResponseHead head, in ResponseForwarding forwarding) => ResponseFields.WriteInterim(WriteHead(), head, forwarding);

    void IClientStream.WriteHead(ResponseHead head, in ResponseForwarding forwarding) => ResponseFields.WriteHead(WriteHead(), head, forwarding);

    void IClientStream.WriteAnswer(in LocalAnswer answer)
    {
        ResponseFields.WriteAnswer(WriteHead(), answer);
        if (!answer.HeadOnly && !LocalResponse.IsBodiless(answer.Status))
            Output.Append(answer.Body);
        EndOutput();
    }

    void IClientStream.WriteEnd(bool chunked, TrailerSection? trailers)
    {
        if (trailers is not null)
            ResponseFields.WriteTrailers(WriteTrailers(), trailers);
        EndOutput();
    }

    void IClientStream.Abort()
    {
        // It is reset when the exchange is over: a WebSocket as RFC 8441 section 5 says, a tunnel of CONNECT as RFC 9113 section 8.5 says.
        var request = _exchange!.Request; // Whoever calls is the exchange.
        ResetCode = request.IsExtendedConnect ? Http2ErrorCode.Cancel
            : request.MethodKind == HttpMethodKind.Connect ? Http2ErrorCode.ConnectError
            : Http2ErrorCode.InternalError;
    }

    /// <inheritdoc/>
    protected override void OnBroken(RejectReason reason)
    {
        if (reason == RejectReason.None && _server.Client.Writer.TimedOut)
            _exchange?.OnClientStalled();
        else if (reason == RejectReason.None)
            _exchange?.OnClientGone();
        else
            _exchange?.Reject(reason);
    }

    [AsyncMethodBuilder(typeof(PooledTaskMethodBuilder))]
    private async ValueTask RunAsync(bool ended)
    {
        var exchange = _exchange!; // Set by Begin.
        try
        {
            if (exchange.TakeDecodedHead(ended) == ExchangeStep.Forward)
                await exchange.ForwardAsync();
            else
                await exchange.AnswerAsync();
        }
        catch (Exception e)
        {
            // The catch-all of a stream: a defect costs this one only.
            _server.Worker.OnDefect(e);
            exchange.Abandon();
        }
    }

    private void OnEnded()
    {
        _run.GetAwaiter().GetResult(); // Never fails; takes the task's box back.
        var exchange = _exchange!; // Set by Begin.
        _exchange = null;
        var givenUp = exchange.IsGivenUp;
        if (exchange.IsClientSlow && Fault == Http2Fault.None)
            Fault = Http2Fault.SlowStream;
        _server.Worker.ReturnExchange(exchange);
        _server.OnStreamEnded(this, givenUp);
    }
}
