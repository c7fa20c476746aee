// SPDX-License-Identifier: Apache-2.0
using System.Buffers;
using Penstock.Http2;
using Penstock.Http2.Hpack;
using Penstock.L7.Http1;
using Penstock.L7.Transport;
using Penstock.Linux.Reactors;

namespace Penstock.L7.Http2;

/// <summary>
/// A connection that carries streams (RFC 9113), of either role: framing, compression, flow control and the defences against a peer that
/// asks for much at little cost. It reads as long as it lasts, since what streams hold is bounded by their windows; a sender of its own
/// writes what streams and connection have to send, streams taking turns frame by frame.
/// </summary>
internal abstract partial class Http2Connection
{
    /// <summary>Most frames taken before other connections have their turn.</summary>
    private const int FramesPerTurn = 256;

    private readonly SocketConnection _transport;
    private readonly HpackDecoder _decoder = new(Http2Settings.DefaultHeaderTableSize);
    private readonly HpackEncoder _encoder = new(Http2Settings.DefaultHeaderTableSize);
    private readonly Dictionary<int, Http2Stream> _streams = [];
    private Http2Settings _peer = new();
    private bool _batching;
    private readonly bool _peerBegins;
    private bool _settingsSeen;

    /// <summary>A connection.</summary>
    /// <param name="transport">What carries it.</param>
    /// <param name="limits">Bounds.</param>
    /// <param name="peerBegins">Whether the peer begins the streams: it is the client.</param>
    protected Http2Connection(SocketConnection transport, in Http2Limits limits, bool peerBegins)
    {
        _transport = transport;
        Limits = limits;
        _peerBegins = peerBegins;
        var now = transport.Reactor.Now;
        _resets = new FloodMeter(burst: 1000, perSecond: 33, now);
        _controls = peerBegins ? new FloodMeter(burst: 1000, perSecond: 100, now) : new FloodMeter(burst: 10_000, perSecond: 1000, now); // gRPC servers measure by PING.
        _emptyFrames = FloodMeter.OfEmptyFrames(now);
        _late = new FloodMeter(burst: 10_000, perSecond: 330, now);
        _windowUpdates = WindowUpdateCredit;
        _receiveWindow = Http2Settings.DefaultWindow;
        _wake = GoOn;
    }

    /// <summary>What carries it.</summary>
    protected SocketConnection Transport => _transport;

    /// <summary>Its reactor.</summary>
    internal Reactor Reactor => _transport.Reactor;

    /// <summary>Bounds.</summary>
    internal Http2Limits Limits { get; }

    /// <summary>What the peer has said of itself.</summary>
    internal ref readonly Http2Settings Peer => ref _peer;

    /// <summary>Window of a new stream towards this end, bytes.</summary>
    internal int StreamWindow => Limits.StreamWindow;

    /// <summary>Whether waits for its window, and for what carries it, are bounded here as those of all streams; a stream bounds those for its own window. Otherwise each stream bounds all of its waits.</summary>
    internal virtual bool BoundsSending => false;

    /// <summary>What streams share the time in that waits for their content; null: each has its own.</summary>
    internal virtual SharedWaits? SharedReads => null;

    /// <summary>Bytes have come, whole frames or not.</summary>
    protected virtual void OnReceived(long bytes)
    {
    }

    /// <summary>Why it ends; <see cref="Http2Fault.None"/>: no fault of the peer.</summary>
    internal Http2Fault Fault { get; private set; }

    /// <summary>Nothing more is read: the peer is gone, broke the rules, or all is done.</summary>
    protected bool IsEnding { get; private set; }

    /// <summary>Frames of messages that have come, HEADERS and DATA, whatever became of them.</summary>
    protected long MessageFrames { get; private set; }

    /// <summary>The highest stream that has begun.</summary>
    protected int LastStreamId { get; private set; }

    /// <summary>Streams that are open.</summary>
    protected Dictionary<int, Http2Stream>.ValueCollection Streams => _streams.Values;

    /// <summary>Reads frames until the connection is over.</summary>
    protected async Task ReceiveAsync()
    {
        var reader = _transport.Reader;
        reader.LargeBlocks = true;
        while (!IsEnding)
        {
            ArmWait();
            var received = reader.TotalReceived;
            var read = await reader.ReadAsync();
            OnReceived(reader.TotalReceived - received);
            Reactor.DeferFlushes();
            if (read.IsCanceled)
            {
                reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
                OnReadCanceled(reader.TimedOut);
                continue;
            }

            var input = read.Buffer;
            var more = TakeFrames(ref input) == FramesPerTurn;
            reader.AdvanceTo(input.Start, more ? input.Start : read.Buffer.End);
            WakeSender();
            if (read.IsCompleted && !more)
                IsEnding = true;
            if (more)
                await Reactor.YieldTurn();
        }
    }

    /// <summary>A read ended without input: the time was over, or somebody wants something else.</summary>
    protected abstract void OnReadCanceled(bool timedOut);

    /// <summary>Bounds the next wait for the peer.</summary>
    protected abstract void ArmWait();

    /// <summary>Ends the reading, now or as soon as what is being read is done.</summary>
    protected void StopReading()
    {
        IsEnding = true;
        if (_transport.Reader.IsWaiting)
            _transport.Reader.CancelPendingRead();
    }

    /// <summary>Puts a stream into the table.</summary>
    protected void Add(Http2Stream stream) => _streams.Add(stream.Id, stream);

    /// <summary>The stream of a number; null: there is none, or no more.</summary>
    protected Http2Stream? Find(int id) => _streams.GetValueOrDefault(id);

    /// <summary>A stream begins.</summary>
    protected void OnBegun(int id)
    {
        LastStreamId = id;
        _windowUpdates = Math.Min(WindowUpdateCredit, _windowUpdates + UpdatesPerFrame);
    }

    /// <summary>Takes a stream out: frames find it no more. What it holds stays its own until <see cref="Release"/>.</summary>
    protected void Remove(Http2Stream stream)
    {
        Dequeue(stream);
        TellHeld();
        if (_streams.TryGetValue(stream.Id, out var present) && ReferenceEquals(present, stream))
            _streams.Remove(stream.Id);
    }

    /// <summary>Streams that wait for the connection's window.</summary>
    protected Http2Stream[] HeldStreams() => [.. _streams.Values.Where(static stream => stream.IsQueued && stream.NeedsWindow)];

    /// <summary>A stream's work is over: what it has not consumed is given back to the connection's window.</summary>
    protected void Release(Http2Stream stream)
    {
        Remove(stream);
        if (stream.Input.Buffered > 0)
            GiveBack(stream.Input.Buffered);
        stream.Release();
    }

    /// <summary>Every stream's work ends: the connection is gone.</summary>
    protected void BreakStreams()
    {
        while (_streams.Count > 0)
        {
            var stream = _streams.Values.First();
            Remove(stream);
            stream.Break(RejectReason.None);
        }
    }

    /// <summary>The peer broke the rules: tells it, and ends.</summary>
    protected void Fail(Http2Fault fault)
    {
        if (IsEnding)
            return;
        Fault = fault;
        OnFault(fault); // Before the peer hears of it: who asks then finds it counted.
        WriteGoAway(_peerBegins ? LastStreamId : 0, fault.Code());
        IsEnding = true;
        if (_transport.Reader.IsWaiting)
            Reactor.Yield(StopReading); // Not at once: a stream may have come here that goes on with what it does.
    }

    /// <summary>Counts a fault that ends the connection.</summary>
    protected abstract void OnFault(Http2Fault fault);

    /// <summary>It ends by a defect, of which its streams hear next.</summary>
    protected virtual void OnDefect()
    {
    }

    private int TakeFrames(ref ReadOnlySequence<byte> input)
    {
        var frames = 0;
        _batching = true;
        try
        {
            while (!IsEnding && frames < FramesPerTurn && TryReadFrame(ref input))
                frames++;
        }
        finally
        {
            _batching = false; // Also after a defect: the sender is to end, too.
        }

        return frames;
    }

    /// <summary>Takes the next frame off the input.</summary>
    /// <returns>False when it is not complete.</returns>
    private bool TryReadFrame(ref ReadOnlySequence<byte> input)
    {
        if (input.Length < FrameHeader.Size)
            return false;
        Span<byte> bytes = stackalloc byte[FrameHeader.Size];
        var header = FrameHeader.Read(Contiguous(input.Slice(0, FrameHeader.Size), bytes));
        var fault = header.Check(Http2Settings.DefaultMaxFrameSize);
        if (fault == Http2Fault.None && !_settingsSeen && (header.Type != FrameType.Settings || header.Has(FrameFlags.Ack)))
            fault = Http2Fault.PrefaceInvalid; // RFC 9113 section 3.4.
        if (fault == Http2Fault.None && _blockOf != 0 && (header.Type != FrameType.Continuation || header.StreamId != _blockOf))
            fault = Http2Fault.ContinuationExpected;
        if (fault != Http2Fault.None)
        {
            Fail(fault);
            return false;
        }

        if (input.Length < FrameHeader.Size + header.Length)
            return false;
        var payload = input.Slice(FrameHeader.Size, header.Length);
        input = input.Slice(payload.End);
        if (header.Type is FrameType.Data or FrameType.Headers)
            MessageFrames++;
        fault = header.Type == FrameType.Data ? OnData(header, payload) : OnFrame(header, payload);
        if (fault != Http2Fault.None)
            Fail(fault);
        return true;
    }

    private Http2Fault OnFrame(in FrameHeader header, in ReadOnlySequence<byte> payload)
    {
        if (payload.IsSingleSegment)
            return OnFrame(header, payload.FirstSpan);
        var bytes = ArrayPool<byte>.Shared.Rent(header.Length);
        payload.CopyTo(bytes);
        var fault = OnFrame(header, bytes.AsSpan(0, header.Length));
        ArrayPool<byte>.Shared.Return(bytes);
        return fault;
    }

    private Http2Fault OnFrame(in FrameHeader header, ReadOnlySpan<byte> payload)
    {
        switch (header.Type)
        {
            case FrameType.Headers: return OnHeaders(header, payload);
            case FrameType.Continuation: return OnContinuation(header, payload);
            case FrameType.RstStream: return OnReset(header, payload);
            case FrameType.Settings: return OnSettings(header, payload);
            case FrameType.WindowUpdate: return OnWindowUpdate(header, payload);
            case FrameType.Priority: return OnPriority(header, payload);
            case FrameType.Ping: return OnPing(header, payload);
            case FrameType.GoAway: return OnGoAway(payload);
            case FrameType.PushPromise: return Http2Fault.PushNotAllowed;
            default: return CountControl(); // RFC 9113 section 4.1: unknown types are ignored.
        }
    }

    private static ReadOnlySpan<byte> Contiguous(in ReadOnlySequence<byte> bytes, Span<byte> scratch)
    {
        if (bytes.IsSingleSegment)
            return bytes.FirstSpan;
        bytes.CopyTo(scratch);
        return scratch;
    }
}
