// SPDX-License-Identifier: Apache-2.0
using Penstock.Http2;
using Penstock.Http2.Hpack;
using Penstock.L7.Forwarding;
using Penstock.L7.Http1;
using Penstock.L7.Runtime;
using Penstock.L7.Transport;
using Penstock.Linux.Reactors;

namespace Penstock.L7.Http2;

/// <summary>A client's connection in HTTP/2: each stream is an <see cref="Exchange"/> of its own.</summary>
internal sealed class Http2ServerConnection : Http2Connection
{
    /// <summary>How long streams that the client began before it heard of the end are still taken, ms: a long round trip.</summary>
    private const int DrainMilliseconds = 1000;

    /// <summary>Time that what was sent is worth at most, ms: a window of 65535 bytes, with which connections begin, at 240 bytes a second.</summary>
    private const long MostCreditMilliseconds = 300_000;

    private static readonly byte[] s_drainPing = "draining"u8.ToArray();

    private readonly ListenerSlot _slot;
    private readonly DrainTimer _drainTimer;
    private readonly HeldTimer _heldTimer;
    private readonly SharedWaits _sharedReads = new();
    private readonly bool _takesProtocol;
    private TaskCompletionSource? _over;
    private int _active;
    private long _idleUntil;
    private bool _blockTimed;
    private Draining _draining;
    private WaitGuard _held;
    private FloodMeter _slow;

    internal Http2ServerConnection(ClientConnection client, Worker worker, CompiledListener listener)
        : base(client, listener.Http2Limits, peerBegins: true)
    {
        Client = client;
        Worker = worker;
        _slot = client.Slot;
        _drainTimer = new DrainTimer(this);
        _heldTimer = new HeldTimer(this);
        _slow = new FloodMeter(burst: 100, perSecond: 0.1, Reactor.Now);
        _takesProtocol = listener.Config.Http2.ExtendedConnect;
    }

    private enum Draining
    {
        No,
        Announced,
        Final,
    }

    /// <summary>Its worker.</summary>
    internal Worker Worker { get; }

    /// <summary>The connection that carries it.</summary>
    internal ClientConnection Client { get; }

    /// <inheritdoc/>
    internal override bool BoundsSending => true;

    /// <inheritdoc/>
    internal override SharedWaits SharedReads => _sharedReads;

    private CompiledListener Listener => Worker.ListenerOf(_slot);

    /// <summary>Serves it until all is over; what is written is sent then, or nobody takes it.</summary>
    internal async Task ServeAsync()
    {
        Worker.Counters.Http2.Connections++;
        _idleUntil = Reactor.Now + Listener.IdleMilliseconds;
        BoundSending(ref Client.Writer.Guard);
        BoundSending(ref _held);
        WriteSettings(
        [
            (SettingId.MaxConcurrentStreams, Limits.ConcurrentStreams),
            (SettingId.InitialWindowSize, Limits.StreamWindow),
            (SettingId.MaxHeaderListSize, Limits.Head.HeadBytes),
            (SettingId.EnableConnectProtocol, _takesProtocol ? 1 : 0),
        ]);
        var sending = SendAsync();
        try
        {
            await ReceiveAsync();
        }
        finally
        {
            // Also after a defect: nothing that belongs to it goes on.
            Reactor.Timers.Remove(_drainTimer);
            Reactor.Timers.Remove(_heldTimer);
            ReleaseBlock();
            BreakStreams();
            EndSending();
        }

        if (_active > 0)
        {
            _over = new TaskCompletionSource();
            await _over.Task;
        }

        await sending;
    }

    /// <summary>No more requests are taken, in two steps so that none is lost that is on its way (RFC 9113 section 6.8).</summary>
    internal void Drain()
    {
        if (_draining != Draining.No || IsEnding)
            return;
        _draining = Draining.Announced;
        WriteGoAway(int.MaxValue, Http2ErrorCode.NoError);
        WritePing(s_drainPing);
        Reactor.Timers.Arm(_drainTimer, Reactor.Now + DrainMilliseconds);
    }

    /// <summary>The time for stopping is over: the client is told where it ends, if it takes that at once.</summary>
    internal void Cut()
    {
        if (_draining != Draining.Final && !IsEnding)
            EndTaking();
        foreach (var stream in Streams.ToArray())
            ((Http2ServerStream)stream).CutOff();
        StopReading();
        Client.Writer.CancelPendingFlush();
    }

    /// <summary>The client has reset the connection.</summary>
    internal void OnClientGone()
    {
        StopReading();
        BreakStreams();
    }

    /// <summary>A stream's exchange is over.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="givenUp">Whether the client has let an endpoint begin in vain, which counts as a reset of it does.</param>
    internal void OnStreamEnded(Http2ServerStream stream, bool givenUp)
    {
        if (!stream.IsBroken)
        {
            Settle(stream);
            var flood = givenUp ? CountReset() : Http2Fault.None;
            if (flood != Http2Fault.None)
                Fail(flood);
            else if (stream.Fault == Http2Fault.SlowStream)
                CountSlow();
        }

        Release(stream);
        Worker.ReturnStream(stream);
        _active--;
        _idleUntil = Reactor.Now + Listener.IdleMilliseconds;
        if (_active > 0)
            return;
        if (_over is { } over)
        {
            over.TrySetResult(); // Whoever waited goes on at once, to the connection's end.
            return;
        }

        if (_draining == Draining.Final)
            StopReading();
        ArmWait();
        Client.Reader.RestartWait();
    }

    /// <inheritdoc/>
    protected override Http2Fault OnMessage(int id, bool ended, Http2Fault refused, ReadOnlySpan<byte> block)
    {
        if (_draining == Draining.Final)
        {
            // Beyond what the last GOAWAY has said: the client sends it again elsewhere.
            Ignore(id);
            return SkipLate(block);
        }

        if (refused == Http2Fault.None && _active >= Limits.ConcurrentStreams)
            refused = Http2Fault.StreamRefused;
        if (refused != Http2Fault.None)
        {
            var skipped = Skip(block);
            if (skipped != Http2Fault.None)
                return skipped;
            ResetById(id, refused.Code());
            OnStreamReset(refused);
            return CountReset();
        }

        var stream = Worker.RentStream();
        var exchange = stream.Begin(this, id);
        var fault = ReadHead(exchange, ended, block);
        if (fault != Http2Fault.None)
        {
            Worker.ReturnExchange(exchange);
            Release(stream);
            Worker.ReturnStream(stream);
            return fault;
        }

        Add(stream);
        _active++;
        Worker.Counters.Http2.Streams++;
        if (Client.EndsAfter(exchange.Listener))
            Drain();
        if (ended)
            stream.TryEndRemote();
        else if (exchange.Request.ContentLength >= 0)
            stream.ExpectContent(exchange.Request.ContentLength);
        var malformed = exchange.Request.Rejection != RejectReason.None && exchange.Request.Rejection.Status() == 400;
        if (malformed)
            stream.Fault = Http2Fault.MessageMalformed;
        stream.Run(ended);
        return malformed ? CountReset() : Http2Fault.None;
    }

    /// <inheritdoc/>
    protected override void OnStreamReset(Http2Fault fault) => Worker.Counters.Http2.Resets[(int)fault]++;

    /// <inheritdoc/>
    protected override void OnFault(Http2Fault fault) => Worker.Counters.Http2.Ends[(int)fault]++;

    /// <inheritdoc/>
    protected override void OnPong()
    {
        if (_draining == Draining.Announced)
            EndTaking();
    }

    /// <inheritdoc/>
    protected override void OnReadCanceled(bool timedOut)
    {
        if (!timedOut || (_active > 0 && !IsWithinBlock))
            return;
        WriteGoAway(LastStreamId, Http2ErrorCode.NoError);
        StopReading();
    }

    /// <inheritdoc/>
    protected override void ArmWait()
    {
        if (IsWithinBlock && !_blockTimed)
            Client.Reader.Guard.Until(Reactor.Now + Listener.HeaderMilliseconds);
        _blockTimed = IsWithinBlock;
        if (_blockTimed || LastStreamId == 0)
            return; // The time for a head, which began with its first byte or the connection's.
        if (_active > 0)
            Client.Reader.Guard.Off(); // Streams bound their own waits.
        else
            Client.Reader.Guard.Until(_idleUntil);
    }

    /// <inheritdoc/>
    protected override void OnContentSent(int bytes) => _held.Moved(bytes);

    /// <inheritdoc/>
    protected override void OnHeld(bool held)
    {
        if (held)
        {
            ArmHeld();
            return;
        }

        _held.End(Reactor.Now);
        TimingWheel.Stop(_heldTimer);
    }

    private void ArmHeld() => Reactor.Timers.Arm(_heldTimer, _held.Begin(Reactor.Now));

    /// <inheritdoc/>
    protected override void OnReceived(long bytes)
    {
        var least = Listener.Config.Timeouts.MinRequestBytesPerSecond;
        if (bytes > 0 && least > 0)
            _sharedReads.Credit(bytes * 1000.0 / least, Reactor.Now);
    }

    /// <summary>Bounds waits that are the whole connection's, from its begin on.</summary>
    private void BoundSending(ref WaitGuard guard) => guard.Between(Listener.BodyMilliseconds, Listener.Config.Timeouts.MinResponseBytesPerSecond, MostCreditMilliseconds);

    /// <summary>Those that wait for the connection's window have their time anew.</summary>
    private void RestartHeld()
    {
        BoundSending(ref _held);
        if (_held.IsWaiting)
            ArmHeld();
    }

    /// <summary>
    /// Counts a stream that the client was too slow for. What it held of the connection's window comes back to others only now. Too many end the connection, in order: it may be a proxy's, whose other
    /// clients are not slow.
    /// </summary>
    private void CountSlow()
    {
        RestartHeld();
        if (_slow.TryAdd(Reactor.Now) || _draining != Draining.No || IsEnding)
            return;
        OnFault(Http2Fault.SlowStreamFlood);
        Drain();
    }

    /// <summary>The client does not open the connection's window, which holds streams: they end, unless it is others that keep it from that, which have more time for theirs.</summary>
    private void OnHeldTooLong()
    {
        if (Streams.Any(static stream => stream.IsShut && stream.Output.IsWaiting))
        {
            RestartHeld();
            return;
        }

        foreach (var stream in HeldStreams())
            stream.Output.ExpirePendingFlush();
    }

    private Http2Fault ReadHead(Exchange exchange, bool ended, ReadOnlySpan<byte> block)
    {
        var reason = RejectReason.None;
        exchange.Request.TakesProtocol = _takesProtocol;
        BeginBlock();
        while (true)
        {
            var status = ReadField(ref block, out var field);
            if (status == HpackStatus.Rejected)
                return Http2Fault.FieldBlockInvalid;
            if (status == HpackStatus.End)
                break;
            if (reason == RejectReason.None)
                reason = exchange.Request.Take(field.Name, field.Value, Limits.Head);
        }

        exchange.Request.End(ended, reason);
        return Http2Fault.None;
    }

    private void Settle(Http2ServerStream stream)
    {
        if (stream.LocalEnded && stream.RemoteEnded)
        {
            Forget(stream.Id);
            return;
        }

        // The response is whole: what is left of the request is not wanted (RFC 9113 section 8.1). Otherwise the client must see that it is not.
        var code = stream.Fault == Http2Fault.SlowStream && stream.LocalEnded ? Http2ErrorCode.NoError
            : stream.Fault != Http2Fault.None ? stream.Fault.Code()
            : stream.ResetCode != Http2ErrorCode.NoError ? stream.ResetCode
            : stream.LocalEnded ? Http2ErrorCode.NoError
            : Http2ErrorCode.InternalError;
        ResetById(stream.Id, code);
        OnStreamReset(stream.Fault);
    }

    private void EndTaking()
    {
        Reactor.Timers.Remove(_drainTimer);
        _draining = Draining.Final;
        WriteGoAway(LastStreamId, Http2ErrorCode.NoError);
        if (_active == 0)
            StopReading();
    }

    private sealed class HeldTimer(Http2ServerConnection connection) : TimerNode
    {
        public override void OnExpired() => connection.OnHeldTooLong();
    }

    private sealed class DrainTimer(Http2ServerConnection connection) : TimerNode
    {
        public override void OnExpired() => connection.EndTaking();
    }
}
