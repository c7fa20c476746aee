// SPDX-License-Identifier: Apache-2.0
using System.Runtime.CompilerServices;
using System.Text;
using Penstock.Http2;
using Penstock.L7.Admission;
using Penstock.L7.Http1;
using Penstock.L7.Http2;
using Penstock.L7.ProxyProtocol;
using Penstock.L7.Runtime;
using Penstock.L7.Tls;
using Penstock.L7.Transport;
using Penstock.L7.Upstream;
using Penstock.Linux;
using Penstock.Linux.Reactors;

namespace Penstock.L7.Forwarding;

/// <summary>A client's connection: reads one request after the other, in order, and holds an <see cref="Exchange"/> only while there is one.</summary>
internal sealed partial class ClientConnection : SocketConnection, IClientStream
{
    /// <summary>How long a closing connection waits for its client to stop sending, ms (nginx: lingering_timeout).</summary>
    private const int LingerMilliseconds = 5000;

    /// <summary>How much a closing connection throws away before it gives up, bytes.</summary>
    private const long LingerBytes = 1 << 20;

    /// <summary>After so many requests other connections have their turn where there are more already: a client may have sent many at once.</summary>
    private const int RequestsPerTurn = 64;

    private readonly Worker _worker;
    private readonly byte[] _addressText;
    private readonly ClientIdentity? _announced;
    private Exchange? _exchange;
    private Http2ServerConnection? _http2;
    private bool _cut;
    private bool _isIdle;
    private bool _tookEmptyLine;

    internal ClientConnection(Worker worker, ListenerSlot slot, in SocketAddress peer, ClientIdentity? announced, AdmissionVerdict admission)
        : base(worker.Reactor, largeReads: false)
    {
        _worker = worker;
        Slot = slot;
        Peer = ClientAddress.FromBytes(peer.Address);
        PeerPort = peer.Port;
        _announced = announced;
        Admission = admission;
        _addressText = peer.IsUnix ? [] : Encoding.ASCII.GetBytes(new System.Net.IPAddress(peer.Address).ToString());
    }

    /// <summary>Where it was accepted.</summary>
    internal ListenerSlot Slot { get; }

    /// <summary>Address and port that the client connected to, as a URL has them; empty over a Unix socket.</summary>
    internal byte[] LocalHost()
    {
        var identity = Identity;
        Span<byte> address = stackalloc byte[16];
        var length = identity.Destination.WriteBytes(address);
        return length == 0 ? [] : Encoding.ASCII.GetBytes(new System.Net.IPEndPoint(new System.Net.IPAddress(address[..length]), identity.DestinationPort).ToString());
    }

    /// <summary>Who the client is, by its PROXY header or as the socket has it.</summary>
    internal ClientIdentity Identity => _announced ?? ClientIdentity.Of(Fd, Peer, PeerPort);

    /// <summary>What its PROXY header has said beside addresses; empty: nothing.</summary>
    internal ReadOnlySpan<byte> ProxyValues => _announced is { } announced ? announced.Said.Span : default;

    /// <summary>Connections to endpoints that carry requests of this client only; null: there has been none.</summary>
    internal OwnConnections? Upstreams { get; set; }

    /// <summary>Address of the peer; none over a Unix socket.</summary>
    internal ClientAddress Peer { get; }

    /// <summary>How it was let in.</summary>
    internal AdmissionVerdict Admission { get; }

    /// <summary>The peer's address as text.</summary>
    internal ReadOnlySpan<byte> PeerAddressText => _addressText;

    /// <summary>Port of the peer.</summary>
    internal int PeerPort { get; }

    /// <summary>What ALPN has settled.</summary>
    internal ApplicationProtocol Protocol { get; private set; }

    /// <summary>The client's certificate, which was verified, as X-Forwarded-Client-Cert has it; empty: none.</summary>
    internal byte[] Certificate { get; private set; } = [];

    /// <summary>Scheme of its requests.</summary>
    internal ReadOnlySpan<byte> Scheme => Tls is null ? "http"u8 : "https"u8;

    /// <summary>Whether HTTP/2 is spoken on it.</summary>
    internal bool IsHttp2 => _http2 is not null;

    /// <summary>Requests begun.</summary>
    internal long Requests { get; set; }

    /// <inheritdoc/>
    public bool ClosesEarly { get; set; }

    ClientConnection IClientStream.Connection => this;

    TransportReader IClientStream.Reader => Reader;

    TransportWriter IClientStream.Writer => Writer;

    bool IClientStream.IsBroken => IsBroken;

    bool IClientStream.IsMultiplexed => false;

    TrailerSection? IClientStream.Trailers => null;

    /// <summary>Neighbour in the worker's list of connections; owned by the worker.</summary>
    internal ClientConnection? NextConnection { get; set; }

    /// <summary>Neighbour in the worker's list of connections; owned by the worker.</summary>
    internal ClientConnection? PreviousConnection { get; set; }

    /// <summary>Serves it until it is closed.</summary>
    internal async Task ServeAsync()
    {
        try
        {
            Reader.Guard.Until(Reactor.Now + _worker.ListenerOf(Slot).HeaderMilliseconds);
            var keep = (_worker.ListenerOf(Slot).Tls is not { } tls || await AgreeAsync(tls)) && !await ServeHttp2Async();
            while (keep)
            {
                var read = await Reader.ReadAsync();
                _isIdle = false;
                if (read.IsCanceled || read.Buffer.IsEmpty)
                    break;
                if (CountEmptyLines(read.Buffer) is { } lines)
                {
                    keep = TakeEmptyLines(read, lines);
                    continue;
                }

                var exchange = _exchange = _worker.RentExchange(this);
                exchange.Request.FollowsEmptyLine = _tookEmptyLine;
                _tookEmptyLine = false;
                Reader.Guard.Until(Reactor.Now + exchange.Listener.HeaderMilliseconds);
                var step = exchange.ReadHead(read);
                while (step == ExchangeStep.ReadMore)
                    step = exchange.ReadHead(await Reader.ReadAsync());
                keep = step == ExchangeStep.Forward ? await exchange.ForwardAsync() : await exchange.AnswerAsync();
                _exchange = null;
                keep &= PrepareNext(exchange.Listener);
                _worker.ReturnExchange(exchange);
                if (Requests % RequestsPerTurn == 0 && (Reader.HasBuffered || HasUnreadEvent))
                    await Reactor.YieldTurn();
            }

            await EndAsync();
        }
        catch (Exception e)
        {
            // The catch-all of a connection: a defect costs this one only.
            _worker.OnDefect(e);
            _exchange?.Abandon();
            _http2?.OnClientGone();
            Abort();
        }
    }

    void IClientStream.WriteInterim(ResponseHead head, in ResponseForwarding forwarding) => ResponseWriter.WriteInterim(Writer, head, forwarding);

    void IClientStream.WriteHead(ResponseHead head, in ResponseForwarding forwarding) => ResponseWriter.Write(Writer, head, forwarding);

    void IClientStream.WriteAnswer(in LocalAnswer answer) => LocalResponse.Write(Writer, answer);

    void IClientStream.WriteEnd(bool chunked, TrailerSection? trailers)
    {
        if (chunked)
            BodyWriter.AppendEnd(Writer, trailers);
    }

    void IClientStream.Abort() => Abort();

    /// <summary>The proxy stops: a connection between requests closes now, another after its request.</summary>
    internal void Drain()
    {
        if (_http2 is { } http2)
        {
            http2.Drain();
            return;
        }

        // What has come already is still served, and what a client that has just connected is about to ask for.
        if (_exchange is not null || Reader.HasBuffered || HasInput())
            return;
        if (Requests == 0)
            EndSoon();
        else
            Reader.CancelPendingRead();
    }

    /// <summary>It began while its listener ends: what it asks for at once is answered.</summary>
    internal void EndSoon()
    {
        Reader.Guard.Until(Reactor.Now + PeekedConnection.DrainMilliseconds);
        Reader.RestartWait();
    }

    /// <summary>The time for stopping is over.</summary>
    internal void Cut()
    {
        _cut = true;
        _exchange?.CutOff();
        _http2?.Cut();
        if (_exchange is not null || _http2 is not null)
            return;
        Writer.CancelPendingFlush();
        Reader.CancelPendingRead();
    }

    /// <inheritdoc/>
    protected override void OnClosed()
    {
        Upstreams?.Close();
        _worker.OnClosed(this);
    }

    /// <inheritdoc/>
    protected override void OnHangUp(bool error)
    {
        base.OnHangUp(error);
        if (!error)
            return;
        _exchange?.OnClientGone();
        _http2?.OnClientGone();
    }

    /// <summary>A request has begun, though none of it can be read yet: it has the time for its head from here on, not that of an idle connection.</summary>
    internal override void OnRecordBegun()
    {
        if (!_isIdle)
            return;
        _isIdle = false;
        Reader.Guard.Until(Reactor.Now + _worker.ListenerOf(Slot).HeaderMilliseconds);
        Reader.RestartWait();
    }

    /// <summary>Whether it takes no request after the present one.</summary>
    internal bool EndsAfter(CompiledListener listener) =>
        _worker.IsDraining || _worker.EndsConnections || Slot.IsRemoved
        || (listener.Config.Limits.RequestsPerConnection > 0 && Requests >= listener.Config.Limits.RequestsPerConnection);

    /// <summary>Serves a client that begins with HTTP/2's preface, to its end.</summary>
    /// <returns>False when it does not, and may speak HTTP/1.1.</returns>
    [AsyncMethodBuilder(typeof(PooledTaskMethodBuilder<>))]
    private async ValueTask<bool> ServeHttp2Async()
    {
        var listener = _worker.ListenerOf(Slot);
        if (Tls is null ? !listener.Config.Http2.Enabled : Protocol != ApplicationProtocol.Http2)
            return false; // Over TLS, ALPN has to say so (RFC 9113 section 3.2).
        while (true)
        {
            var read = await Reader.ReadAsync();
            var matches = Http2Preface.Matches(read.Buffer, out var isWhole);
            if (!isWhole)
            {
                var more = matches && !read.IsCompleted && !read.IsCanceled;
                Reader.AdvanceTo(read.Buffer.Start, more ? read.Buffer.End : read.Buffer.Start);
                if (more)
                    continue;
                if (read.IsCanceled && (read.Buffer.IsEmpty || !Reader.TimedOut))
                    Reader.CancelPendingRead(); // For whoever reads next; a head that has begun is answered when its time is over.
                return Protocol == ApplicationProtocol.Http2;
            }

            Reader.AdvanceTo(read.Buffer.GetPosition(Http2Preface.Length));
            break;
        }

        _http2 = new Http2ServerConnection(this, _worker, listener);
        await _http2.ServeAsync();
        _http2 = null;
        ClosesEarly = true;
        return true;
    }

    [AsyncMethodBuilder(typeof(PooledTaskMethodBuilder<>))]
    private async ValueTask<bool> AgreeAsync(TlsListener listener)
    {
        var result = await TlsHandshake.RunAsync(this, listener);
        Slot.CountersOf(_worker.Index).Tls.Count(result);
        if (Tls is not { } tls || result is HandshakeResult.TimedOut or HandshakeResult.Closed)
            return false;
        if (result is not (HandshakeResult.Full or HandshakeResult.Resumed))
        {
            await DiscardAsync(tls.Reader);
            return false;
        }

        Protocol = TlsHandshake.ProtocolOf(tls);
        if (Protocol == ApplicationProtocol.AcmeTls)
            return false;
        if (tls.Session.PeerCertificate() is { } certificate)
            Certificate = ClientCertificateField.Of(certificate);
        return true;
    }

    /// <summary>Closes so that what was sent arrives: while the client still sends, closing at once would reset it away.</summary>
    [AsyncMethodBuilder(typeof(PooledTaskMethodBuilder))]
    private async ValueTask EndAsync()
    {
        if (Tls is { } tls && !IsBroken && !IsClosed)
        {
            tls.Writer.Guard.Until(Reactor.Now + LingerMilliseconds);
            await tls.Writer.EndAsync();
        }

        if (!IsBroken && !IsClosed && (ClosesEarly || Reader.HasBuffered || Reader.IsReady))
        {
            EndSending();
            var begun = Reader.TotalReceived;
            Reader.Guard.Until(Reactor.Now + LingerMilliseconds);
            while (Reader.TotalReceived - begun < LingerBytes)
            {
                var read = await Reader.ReadAsync();
                Reader.AdvanceTo(read.Buffer.End);
                if (read.IsCompleted || (read.IsCanceled && (Reader.TimedOut || _cut)))
                    break;
            }
        }

        Close();
    }

    /// <summary>After a handshake that failed, for a client that has not heard of it yet and sends on: what it was told must not be reset away.</summary>
    [AsyncMethodBuilder(typeof(PooledTaskMethodBuilder))]
    private async ValueTask DiscardAsync(TlsReader reader)
    {
        SocketCalls.ShutdownWrite(Fd);
        reader.Guard.Until(Reactor.Now + LingerMilliseconds);
        var left = LingerBytes;
        while (left > 0 && !IsClosed && !IsBroken)
        {
            var count = reader.Discard(_worker.Peeked);
            if (count < 0)
                break;
            left -= count;
            if (count > 0)
                continue;
            var read = await reader.WaitReadableAsync();
            if (read.IsCompleted || read.IsCanceled)
                break;
        }
    }
}
