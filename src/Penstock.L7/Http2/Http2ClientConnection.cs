// SPDX-License-Identifier: Apache-2.0
using Penstock.Http2;
using Penstock.Http2.Hpack;
using Penstock.L7.Errors;
using Penstock.L7.Forwarding;
using Penstock.L7.Http1;
using Penstock.L7.Metrics;
using Penstock.L7.Runtime;
using Penstock.L7.Upstream;
using Penstock.Linux;
using Penstock.Linux.Reactors;
using Penstock.Model.L7;

namespace Penstock.L7.Http2;

/// <summary>
/// A connection to an endpoint in HTTP/2. It is open when the endpoint has told its settings, so that no request goes to one that speaks something else,
/// and no more go than it takes.
/// </summary>
internal sealed partial class Http2ClientConnection : Http2Connection
{
    /// <summary>Streams that a connection may begin, of which numbers allow 2^30.</summary>
    private const int LastUsableId = int.MaxValue - 1;

    private readonly UpstreamConnection _transport;
    private readonly EndpointPool _pool;
    private readonly Worker _worker;
    private readonly List<Http2ClientStream> _unsent = [];
    private readonly LifeTimer _lifeTimer;
    private ProxyError _failure;
    private int _nextId = 1;
    private int _taken;
    private long _deadline;
    private long _idleUntil;
    private bool _blockTimed;
    private bool _draining;
    private bool _isDismissed;

    internal Http2ClientConnection(EndpointPool pool, Worker worker)
        : base(pool.Create(), LimitsOf(pool.Config.Pool), peerBegins: false)
    {
        _transport = (UpstreamConnection)Transport;
        _pool = pool;
        _worker = worker;
        _lifeTimer = new LifeTimer(this);
    }

    /// <summary>Whether requests can be sent.</summary>
    internal bool IsOpen { get; private set; }

    /// <summary>Requests that are on it, or wait for it to open.</summary>
    internal int Active { get; private set; }

    /// <summary>The outcome of the connect.</summary>
    internal Errno ConnectOutcome { get; private set; }

    /// <summary>The scheme of what is asked for over it.</summary>
    internal ReadOnlySpan<byte> Scheme => _transport.SecuredBy is null ? "http"u8 : "https"u8;

    /// <summary>Whether it takes another request.</summary>
    internal bool HasRoom => !_draining && !IsEnding && Active < Capacity && !IsUsedUp;

    private int Capacity => (int)Math.Min((uint)Limits.ConcurrentStreams, IsOpen ? Peer.MaxConcurrentStreams : _pool.Streams.Expected);

    /// <summary>Whether it has as many requests as the endpoint is likely to take over it.</summary>
    internal bool IsSpent => (_nextId >> 1) + _unsent.Count >= _pool.Streams.Quota;

    private bool IsUsedUp => _nextId >= LastUsableId - (2 * Limits.ConcurrentStreams) || (_pool.Config.Pool.MaxRequests > 0 && _taken >= _pool.Config.Pool.MaxRequests);

    private Http2Counters Counters => _worker.Counters.UpstreamHttp2;

    /// <summary>Opens it and serves it until all is over.</summary>
    /// <param name="connectMilliseconds">Time to open.</param>
    internal async Task RunAsync(int connectMilliseconds)
    {
        try
        {
            _deadline = Reactor.Now + connectMilliseconds;
            _failure = await ConnectAsync(connectMilliseconds);
            if (_failure == ProxyError.None)
                await ServeAsync();
        }
        catch (Exception e)
        {
            // The catch-all of a connection: a defect costs its requests only.
            OnDefect();
            _worker.OnDefect(e);
        }

        _pool.Streams.Remove(this);
        BreakAll();
        _transport.Close();
    }

    /// <summary>Gives a stream a place; there must be room.</summary>
    internal Http2ClientStream Take(Http2ClientStream stream)
    {
        stream.Begin(this);
        _unsent.Add(stream);
        _taken++;
        Active++;
        if (IsOpen && _lifeTimer.Deadline == TimerNode.Never)
            WatchLife(); // Otherwise it goes on: each request may be over before it is.
        return stream;
    }

    /// <summary>A stream's head is about to be sent.</summary>
    internal void OnBegun(Http2ClientStream stream)
    {
        _unsent.Remove(stream);
        stream.Number(_nextId);
        _nextId += 2;
        OnBegun(stream.Id);
        Add(stream);
        Counters.Streams++;
        OnAsking();
    }

    /// <summary>A stream's request is over.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="isOver">Whether the endpoint has reset it after a whole response.</param>
    internal void End(Http2ClientStream stream, bool isOver)
    {
        Leave(stream, isOver);
        Release(stream);
        _pool.Streams.Return(stream);
        OnLeft();
    }

    /// <summary>A stream's request is over by a defect: what may still have the stream finds it broken, and never another request's.</summary>
    internal void Abandon(Http2ClientStream stream)
    {
        Leave(stream, isOver: false);
        Remove(stream);
        GiveBack(stream.Input.Buffered);
        stream.Break(RejectReason.None);
        OnLeft();
    }

    /// <summary>Takes no more requests, and closes after those it has.</summary>
    internal void Drain()
    {
        _draining = true;
        if (Active == 0 && IsOpen)
            Finish();
    }

    /// <summary>Closes it at once.</summary>
    internal void Close() => _transport.Close();

    /// <summary>Why a stream broke about which nothing else is known.</summary>
    internal ProxyError FailureOfStream()
    {
        if (_failure != ProxyError.None)
            return _failure;
        if (!IsEnding || Fault != Http2Fault.None)
            return ProxyError.StreamProtocolError; // Reset here, or all of the connection is of no use.
        return ProxyError.None;
    }

    /// <inheritdoc/>
    protected override Http2Fault OnMessage(int id, bool ended, Http2Fault refused, ReadOnlySpan<byte> block)
    {
        var stream = (Http2ClientStream)Find(id)!; // The endpoint begins none, so it is one of those there are.
        var head = stream.NextHead();
        var reason = RejectReason.None;
        if ((id >> 1) + 1 >= _pool.Streams.Quota && !_isDismissed)
            _pool.Streams.ForgetQuota();
        BeginBlock();
        while (true)
        {
            var status = ReadField(ref block, out var field);
            if (status == HpackStatus.Rejected)
                return Http2Fault.FieldBlockInvalid;
            if (status == HpackStatus.End)
                break;
            if (reason == RejectReason.None)
                reason = head.Take(field.Name, field.Value, Limits.Head);
        }

        head.End(ended, reason, stream.Method);
        if (refused != Http2Fault.None)
            return Reset(stream, refused);
        return stream.TryTakeHead(head, ended) ? Http2Fault.None : Reset(stream, Http2Fault.MessageMalformed, RejectReason.TooManyInterimResponses);
    }

    /// <inheritdoc/>
    protected override void OnSettingsTaken()
    {
        if (IsOpen)
            return;
        IsOpen = true;
        Counters.Connections++;
        _pool.Streams.Expect(Peer.MaxConcurrentStreams);
        if (Capacity == 0)
        {
            _failure = ProxyError.StreamRefused;
            Finish();
            return;
        }

        if (Active > 0)
            WatchLife();
        var places = Capacity;
        foreach (var stream in _unsent.ToArray())
        {
            if (_unsent.Contains(stream)) // Who waited goes on at once: it may be another connection's by now.
                stream.OnOpen(admitted: places-- > 0);
        }

        if (_draining)
            Drain();
    }

    /// <inheritdoc/>
    protected override void OnGoingAway(int lastStreamId, Http2ErrorCode code)
    {
        _draining = true;
        var inOrder = code == Http2ErrorCode.NoError;
        var outrun = inOrder && lastStreamId > 0;
        if (outrun && !_isDismissed && lastStreamId <= LastStreamId)
        {
            // Otherwise it is about to end, and says later after which.
            _isDismissed = true;
            _pool.Streams.OnEnded((lastStreamId >> 1) + 1);
        }

        foreach (var stream in Streams.ToArray())
        {
            if (stream.Id <= lastStreamId || !ReferenceEquals(Find(stream.Id), stream))
                continue;
            Remove(stream);
            Forget(stream.Id);
            ((Http2ClientStream)stream).Refuse(ProxyError.StreamRefused, inOrder, outrun);
        }

        RefuseUnsent(ProxyError.StreamRefused, inOrder, outrun);
        if (Active == 0)
            Finish();
    }

    /// <inheritdoc/>
    protected override void OnStreamReset(Http2Fault fault) => Counters.Resets[(int)fault]++;

    /// <inheritdoc/>
    protected override void OnFault(Http2Fault fault) => Counters.Ends[(int)fault]++;

    /// <inheritdoc/>
    protected override void OnDefect() => _failure = ProxyError.InternalError;

    /// <inheritdoc/>
    protected override void OnReadCanceled(bool timedOut)
    {
        if (!timedOut)
            return;
        if (!IsOpen)
            _failure = ProxyError.ConnectionTimeout;
        if (!IsOpen || _isReset || IsWithinBlock || Active == 0)
            Finish();
    }

    /// <inheritdoc/>
    protected override void ArmWait()
    {
        ref var guard = ref _transport.Reader.Guard;
        if (IsWithinBlock && !_blockTimed)
            guard.Until(Reactor.Now + (long)_pool.Config.Timeouts.Response.TotalMilliseconds);
        _blockTimed = IsWithinBlock;
        if (_blockTimed)
            return;
        if (!IsOpen || _isReset)
            guard.Until(_deadline);
        else if (Active > 0)
            guard.Off(); // Streams bound their own waits.
        else
            guard.Until(_idleUntil);
    }

    /// <summary>The windows of all streams together are the connection's: a client that takes nothing holds nobody else.</summary>
    private static Http2Limits LimitsOf(PoolLimits pool) => new(
        pool.MaxStreams,
        pool.StreamWindowBytes,
        (int)Math.Min((long)pool.MaxStreams * pool.StreamWindowBytes, int.MaxValue / 2),
        new HeadLimits(pool.ResponseHeaderBytes, pool.ResponseHeaderBytes, pool.ResponseHeaderCount));

    private async ValueTask<ProxyError> ConnectAsync(int milliseconds)
    {
        ConnectOutcome = await _transport.ConnectAsync(_pool.Address, milliseconds);
        if (ConnectOutcome != Errno.None)
            return Exchange.ErrorOf(ConnectOutcome);
        return _pool.Tls is { } tls ? await _transport.AgreeAsync(tls, _deadline, _worker.Counters.Handshakes) : ProxyError.None;
    }

    private async Task ServeAsync()
    {
        _worker.Counters.ConnectionsOpened++;
        _transport.Writer.Guard.Between((int)_pool.Config.Timeouts.Body.TotalMilliseconds, bytesPerSecond: 0);
        _transport.Writer.Append(Http2Preface.Bytes);
        WriteSettings(
        [
            (SettingId.EnablePush, 0),
            (SettingId.InitialWindowSize, Limits.StreamWindow),
            (SettingId.MaxHeaderListSize, Limits.Head.HeadBytes),
        ]);
        var sending = SendAsync();
        try
        {
            await ReceiveAsync();
        }
        catch
        {
            OnDefect(); // Before its streams hear that it ends.
            throw;
        }
        finally
        {
            // Also after a defect: nothing that belongs to it goes on.
            Reactor.Timers.Remove(_lifeTimer);
            _pool.Streams.Remove(this);
            ReleaseBlock();
            BreakAll();
            EndSending();
        }

        await sending;
    }

    private void Leave(Http2ClientStream stream, bool isOver)
    {
        if (stream.Id == 0)
        {
            _unsent.Remove(stream);
        }
        else if (stream.LocalEnded && stream.RemoteEnded)
        {
            Forget(stream.Id);
        }
        else if (!stream.IsBroken && !isOver)
        {
            ResetStream(stream, Http2ErrorCode.Cancel);
            OnStreamReset(Http2Fault.None);
        }
    }

    private void OnLeft()
    {
        if (--Active > 0)
            return;
        _idleUntil = Reactor.Now + (long)_pool.Config.Timeouts.Idle.TotalMilliseconds;
        if (!IsOpen || IsEnding)
            return;
        if (_draining || IsUsedUp || IsSpent || _pool.IsRetired || _pool.Config.Pool.MaxIdle == 0)
        {
            Finish();
            return;
        }

        ArmWait();
        _transport.Reader.RestartWait();
    }

    private void BreakAll()
    {
        BreakStreams();
        RefuseUnsent(_failure != ProxyError.None ? _failure : Fault != Http2Fault.None ? ProxyError.StreamProtocolError : ProxyError.ConnectionTerminated, inOrder: false, outrun: false);
    }

    private void RefuseUnsent(ProxyError failure, bool inOrder, bool outrun)
    {
        foreach (var stream in _unsent.ToArray())
        {
            if (_unsent.Contains(stream)) // As above.
                stream.Refuse(failure, inOrder, outrun);
        }
    }

    private void Finish()
    {
        if (IsEnding)
            return;
        WriteGoAway(0, Http2ErrorCode.NoError);
        StopReading();
    }
}
