// SPDX-License-Identifier: Apache-2.0
using System.Buffers.Binary;
using Penstock.Http2;

namespace Penstock.L7.Http2;

/// <content>Frames about the connection: settings, pings, windows, and its end.</content>
internal abstract partial class Http2Connection
{
    /// <summary>Bytes of control frames that may wait for a peer that does not read: some thousand answers to PING (Envoy: max_outbound_control_frames 1000).</summary>
    private const int MaxControlBytes = 32 << 10;

    /// <summary>WINDOW_UPDATE frames that a peer may send in advance of what it gets.</summary>
    private const int WindowUpdateCredit = 1000;

    /// <summary>WINDOW_UPDATE frames for each frame of content sent (Envoy: max_inbound_window_update_frames_per_data_frame_sent 10).</summary>
    private const int UpdatesPerFrame = 10;

    private FloodMeter _controls;
    private int _windowUpdates;
    private int _receiveWindow;
    private int _givenBack;
    private byte[] _control = new byte[128];
    private int _controlLength;
    private int _lastSaid = int.MaxValue;

    /// <summary>Gives bytes of the connection's window back: some at a time, and no more than one stream may have of it, so that what streams hold that stand still keeps it from no other.</summary>
    internal void GiveBack(int bytes)
    {
        _givenBack += bytes;
        if (_givenBack < Math.Min(Limits.ConnectionWindow, Limits.StreamWindow) / 2 || IsEnding)
            return;
        WriteWindowUpdate(0, _givenBack);
        _receiveWindow += _givenBack;
        _givenBack = 0;
        TellOpen();
    }

    /// <summary>Has waits for content stand while what streams hold leaves no frame of the connection's window: the peer could not send it.</summary>
    private void TellOpen() => SharedReads?.Stand(_receiveWindow < Http2Settings.DefaultMaxFrameSize, Reactor.Now);

    /// <summary>Lets the peer send more.</summary>
    internal void WriteWindowUpdate(int streamId, int increment)
    {
        Span<byte> payload = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(payload, increment);
        WriteControl(FrameType.WindowUpdate, FrameFlags.None, streamId, payload);
    }

    /// <summary>Tells what this end bounds, and opens the connection's window.</summary>
    /// <param name="settings">The settings.</param>
    protected void WriteSettings(ReadOnlySpan<(SettingId Id, int Value)> settings)
    {
        Span<byte> payload = stackalloc byte[Http2Settings.EntryLength * 8];
        var length = 0;
        foreach (var (id, value) in settings)
        {
            BinaryPrimitives.WriteUInt16BigEndian(payload[length..], (ushort)id);
            BinaryPrimitives.WriteInt32BigEndian(payload[(length + 2)..], value);
            length += Http2Settings.EntryLength;
        }

        WriteControl(FrameType.Settings, FrameFlags.None, 0, payload[..length]);
        if (Limits.ConnectionWindow <= _receiveWindow)
            return;
        WriteWindowUpdate(0, Limits.ConnectionWindow - _receiveWindow);
        _receiveWindow = Limits.ConnectionWindow;
    }

    /// <summary>Asks for a sign of life.</summary>
    protected void WritePing(ReadOnlySpan<byte> opaque) => WriteControl(FrameType.Ping, FrameFlags.None, 0, opaque);

    /// <summary>The peer has answered a PING.</summary>
    protected abstract void OnPong();

    /// <summary>Tells that no stream beyond the given one is served.</summary>
    protected void WriteGoAway(int lastStreamId, Http2ErrorCode code)
    {
        _lastSaid = Math.Min(_lastSaid, lastStreamId); // RFC 9113 section 6.8: it never grows.
        Span<byte> payload = stackalloc byte[8];
        BinaryPrimitives.WriteInt32BigEndian(payload, _lastSaid);
        BinaryPrimitives.WriteUInt32BigEndian(payload[4..], (uint)code);
        WriteControl(FrameType.GoAway, FrameFlags.None, 0, payload);
    }

    private void WriteReset(int streamId, Http2ErrorCode code)
    {
        Span<byte> payload = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(payload, (uint)code);
        WriteControl(FrameType.RstStream, FrameFlags.None, streamId, payload);
    }

    private Http2Fault OnSettings(in FrameHeader header, ReadOnlySpan<byte> payload)
    {
        _settingsSeen = true;
        if (header.Has(FrameFlags.Ack))
            return CountControl();
        var before = _peer.InitialWindow;
        var fault = _peer.Apply(payload, ofServer: !_peerBegins);
        if (fault == Http2Fault.None)
            fault = CountControl();
        if (fault == Http2Fault.None)
            fault = MoveWindows(_peer.InitialWindow - (long)before);
        if (fault != Http2Fault.None)
            return fault;
        _encoder.Allow((int)Math.Min(_peer.HeaderTableSize, Http2Settings.DefaultHeaderTableSize));
        fault = WriteControl(FrameType.Settings, FrameFlags.Ack, 0, payload: default);
        if (fault == Http2Fault.None)
            OnSettingsTaken();
        return fault;
    }

    /// <summary>The peer has told what it bounds, or told it anew.</summary>
    protected virtual void OnSettingsTaken()
    {
    }

    private Http2Fault MoveWindows(long by)
    {
        if (by == 0)
            return Http2Fault.None;
        foreach (var stream in _streams.Values)
        {
            if (stream.SendWindow + by > int.MaxValue)
                return Http2Fault.WindowOverflow;
            stream.SendWindow = (int)(stream.SendWindow + by);
            stream.Output.OnWindow();
        }

        EnqueueAll();
        return Http2Fault.None;
    }

    private Http2Fault OnPing(in FrameHeader header, ReadOnlySpan<byte> payload)
    {
        var fault = CountControl();
        if (fault != Http2Fault.None)
            return fault;
        if (!header.Has(FrameFlags.Ack))
            return WriteControl(FrameType.Ping, FrameFlags.Ack, 0, payload);
        OnPong();
        return Http2Fault.None;
    }

    /// <summary>The peer begins no more streams, or takes none beyond the given one: those there are up to it go on.</summary>
    /// <param name="lastStreamId">The last stream it takes.</param>
    /// <param name="code">Why.</param>
    protected virtual void OnGoingAway(int lastStreamId, Http2ErrorCode code)
    {
    }

    private Http2Fault OnGoAway(ReadOnlySpan<byte> payload)
    {
        var fault = CountControl();
        if (fault == Http2Fault.None)
            OnGoingAway((int)(BinaryPrimitives.ReadUInt32BigEndian(payload) & int.MaxValue), (Http2ErrorCode)BinaryPrimitives.ReadUInt32BigEndian(payload[4..]));
        return fault;
    }

    private Http2Fault CountControl() => _controls.TryAdd(Reactor.Now) ? Http2Fault.None : Http2Fault.ControlFlood;

    private Http2Fault WriteControl(FrameType type, FrameFlags flags, int streamId, ReadOnlySpan<byte> payload)
    {
        var needed = _controlLength + FrameHeader.Size + payload.Length;
        if (needed > MaxControlBytes && type != FrameType.GoAway)
        {
            Fail(Http2Fault.ControlQueueFull); // Here, since not every frame is an answer whose reader could say so.
            return Http2Fault.ControlQueueFull;
        }

        if (needed > _control.Length)
            Array.Resize(ref _control, Math.Max(needed, _control.Length * 2));
        new FrameHeader(payload.Length, type, flags, streamId).Write(_control.AsSpan(_controlLength));
        payload.CopyTo(_control.AsSpan(_controlLength + FrameHeader.Size));
        _controlLength = needed;
        WakeSender();
        return Http2Fault.None;
    }
}
