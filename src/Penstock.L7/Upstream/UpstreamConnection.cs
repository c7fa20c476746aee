// SPDX-License-Identifier: Apache-2.0
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using Penstock.L7.Errors;
using Penstock.L7.Forwarding;
using Penstock.L7.Http1;
using Penstock.L7.ProxyProtocol;
using Penstock.L7.Tls;
using Penstock.L7.Transport;
using Penstock.Linux;
using Penstock.Linux.Tls;
using Penstock.Model.L7;

namespace Penstock.L7.Upstream;

/// <summary>A connection to an endpoint. While it lies unused in its pool, anything the endpoint sends, its end included, removes it.</summary>
internal sealed class UpstreamConnection : OutboundConnection, IEndpointStream
{
    private bool _isSaved;

    internal UpstreamConnection(EndpointPool pool)
        : base(pool.Reactor) => Pool = pool;

    /// <summary>Where it belongs.</summary>
    public EndpointPool Pool { get; }

    /// <summary>Version of the PROXY header that it began with; null: none.</summary>
    internal ProxyProtocolVersion? Announced { get; private set; }

    /// <summary>The client connection whose requests it carries, when it began with a PROXY header; null: anybody's.</summary>
    internal OwnConnections? Owner { get; private set; }

    /// <summary>What its TLS goes by; null: it has none.</summary>
    internal TlsClient? SecuredBy { get; private set; }

    /// <summary>Requests sent over it.</summary>
    internal int Requests { get; set; }

    /// <summary>Whether it lies unused in the pool.</summary>
    internal bool IsIdle { get; set; }

    /// <summary>The turn in which it was put back: input that came with an earlier turn has been seen by now.</summary>
    internal long IdleTurn { get; set; }

    /// <summary>When it was put back, monotonic milliseconds.</summary>
    internal long IdleSince { get; set; }

    /// <summary>Whose tunnel it is where the endpoint has ended its side in order: a reset after that is found by nobody's reading. Null: none.</summary>
    internal Exchange? Tunnel { get; set; }

    /// <summary>Neighbour in the pool's list of unused connections; owned by the pool.</summary>
    internal UpstreamConnection? Older { get; set; }

    /// <summary>Neighbour in the pool's list of unused connections; owned by the pool.</summary>
    internal UpstreamConnection? Newer { get; set; }

    TransportReader IEndpointStream.Reader => Reader;

    TransportWriter IEndpointStream.Writer => Writer;

    bool IEndpointStream.IsBroken => IsBroken;

    bool IEndpointStream.IsMultiplexed => false;

    bool IEndpointStream.IsReused => Requests > 1;

    bool IEndpointStream.IsUnprocessed => false;

    bool IEndpointStream.IsDismissed => false;

    bool IEndpointStream.IsOutrun => false;

    ProxyError IEndpointStream.Failure => ProxyError.None;

    RejectReason IEndpointStream.Rejection => RejectReason.None;

    TrailerSection? IEndpointStream.Trailers => null;

    bool IEndpointStream.IsLast => Pool.IsLast(this);

    bool IEndpointStream.TakesWebSockets => true;

    void IEndpointStream.Begin() => Requests++;

    bool IEndpointStream.TryWriteHead(RequestHead head, in RequestForwarding forwarding)
    {
        RequestWriter.Write(Writer, head, forwarding);
        return true;
    }

    void IEndpointStream.WriteEnd(bool chunked, TrailerSection? trailers)
    {
        if (chunked)
            BodyWriter.AppendEnd(Writer, trailers);
    }

    void IEndpointStream.EndSending() => EndSending();

    ParseStatus IEndpointStream.ReadHead(ref ResponseHead head, in ReadResult read, in HeadLimits limits, HttpMethodKind requestMethod)
    {
        var status = head.Parse(read.Buffer, limits, requestMethod, out var consumed, out var examined);
        Reader.AdvanceTo(consumed, examined);
        return status;
    }

    BodyFraming IEndpointStream.FramingOf(ResponseHead head) => head.Framing;

    void IEndpointStream.Settle(bool reuse)
    {
        if (reuse)
            Pool.PutBack(this);
        else
            Close();
    }

    void IEndpointStream.Abort() => Abort();

    /// <summary>Writes a PROXY header, the first bytes of the connection; they go with what follows.</summary>
    internal void Announce(ProxyProtocolVersion version, ClientIdentity client, OwnConnections owner)
    {
        (Announced, Owner) = (version, owner);
        Writer.Advance(ProxyHeaderWriter.Write(Writer.GetSpan(ProxyHeaderWriter.MaxLength), version, client));
    }

    /// <summary>Agrees with the endpoint upon TLS; what was written before goes before it.</summary>
    /// <param name="tls">Whom to believe.</param>
    /// <param name="deadline">When the time is over, monotonic milliseconds.</param>
    /// <param name="handshakes">Takes how it ended.</param>
    /// <returns>What is wrong; the connection is closed then.</returns>
    [AsyncMethodBuilder(typeof(PooledTaskMethodBuilder<>))]
    internal async ValueTask<ProxyError> AgreeAsync(TlsClient tls, long deadline, TlsCounters handshakes)
    {
        Writer.Guard.Until(deadline);
        Reader.Guard.Until(deadline);
        var result = HandshakeResult.Closed;
        if (!(await Writer.FlushAsync()).IsCompleted && !IsClosed)
        {
            var transport = Secure(tls.Connect(Fd, Pool.SavedSession));
            result = await transport.HandshakeAsync();
            if (result is HandshakeResult.Full or HandshakeResult.Resumed && !tls.IsExpected(transport.Session))
                result = HandshakeResult.CertificateRefused;
            else if (result is HandshakeResult.Full or HandshakeResult.Resumed && Pool.Config.Protocol == UpstreamProtocol.H2 && TlsHandshake.ProtocolOf(transport) != ApplicationProtocol.Http2)
                result = HandshakeResult.NoApplicationProtocol;
        }

        handshakes.Count(result);
        Writer.Guard.Off();
        Reader.Guard.Off();
        var error = ErrorOf(result);
        if (error != ProxyError.None)
            Close();
        else
            SecuredBy = tls;
        if (result == HandshakeResult.Full)
            Pool.OnVerified();
        return error;
    }

    /// <summary>Leaves what the next connection can go on with.</summary>
    internal void SaveSession()
    {
        if (_isSaved || SecuredBy is not { } by || Tls is not { Session.IsEstablished: true } tls)
            return;
        _isSaved = true;
        Pool.Keep(tls.Session.Save(), by);
    }

    /// <inheritdoc/>
    public override void OnEvents(EpollEvents events)
    {
        base.OnEvents(events);
        if (IsIdle && (IsBroken || (Reader.IsReady && (Tls is null || !IsQuiet()))))
            Pool.DropIdle(this);
    }

    /// <inheritdoc/>
    protected override void OnHangUp(bool error)
    {
        base.OnHangUp(error);
        if (error)
            Tunnel?.OnEndpointGone();
    }

    /// <inheritdoc/>
    protected override void OnClosed()
    {
        Tunnel = null;
        SaveSession();
        Pool.OnConnectionClosed();
    }

    private static ProxyError ErrorOf(HandshakeResult result) => result switch
    {
        HandshakeResult.Full or HandshakeResult.Resumed => ProxyError.None,
        HandshakeResult.TimedOut => ProxyError.ConnectionTimeout,
        HandshakeResult.Closed => ProxyError.ConnectionTerminated,
        HandshakeResult.CertificateRefused => ProxyError.TlsCertificateError,
        HandshakeResult.RefusedByPeer => ProxyError.TlsAlertReceived,
        _ => ProxyError.TlsProtocolError,
    };
}
