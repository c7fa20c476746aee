// SPDX-License-Identifier: Apache-2.0
using Penstock.Http2;
using Penstock.L7.Http1;
using Penstock.Linux.Reactors;

namespace Penstock.L7.Http2;

/// <summary>A stream of a connection (RFC 9113 section 5), of either role: its windows, what it has received and what it waits to send.</summary>
internal abstract class Http2Stream
{
    private readonly FieldBlock _headFields = new();
    private FieldBlock? _trailerFields;
    private TrailerSection? _trailers;
    private bool _headWaits;
    private bool _trailersWait;
    private bool _endWaits;
    private int _unacknowledged;
    private FloodMeter _emptyFrames;
    private long _contentLeft;

    protected Http2Stream(Reactor reactor)
    {
        Input = new Http2StreamReader(this, reactor);
        Output = new Http2StreamWriter(this, reactor);
    }

    /// <summary>Its connection; set before anything else is called.</summary>
    internal Http2Connection Connection { get; private set; } = null!; // As said.

    /// <summary>Its number.</summary>
    internal int Id { get; private set; }

    /// <summary>What comes.</summary>
    internal Http2StreamReader Input { get; }

    /// <summary>What goes.</summary>
    internal Http2StreamWriter Output { get; }

    /// <summary>The head of the peer's message has come: what comes now is content, and trailers.</summary>
    internal bool HeadReceived { get; private protected set; }

    /// <summary>Whether a head has come that nobody has read.</summary>
    internal virtual bool HasHead => false;

    /// <summary>The peer has ended its side.</summary>
    internal bool RemoteEnded { get; private set; }

    /// <summary>This side is ended.</summary>
    internal bool LocalEnded { get; private set; }

    /// <summary>It was reset by either end, or its connection broke.</summary>
    internal bool IsBroken { get; private set; }

    /// <summary>Bytes the peer lets this side send; below 0 after it has made its windows smaller (RFC 9113 section 6.9.2).</summary>
    internal int SendWindow { get; set; }

    /// <summary>Bytes this side lets the peer send.</summary>
    internal int ReceiveWindow { get; private set; }

    /// <summary>Whether fields behind the content may have any name that is not about connections or framing: it is the answer to a call of gRPC, and who gets it speaks HTTP/2, too, or gRPC-Web.</summary>
    internal bool TakesMetadata { get; private protected set; }

    /// <summary>Fields behind the content that has come; null: none.</summary>
    internal TrailerSection? ReceivedTrailers { get; private set; }

    /// <summary>Whether something waits to be sent.</summary>
    internal bool HasUnsent => !Output.HasFailed && (_headWaits || Output.Waiting > 0 || (_endWaits && !LocalEnded));

    /// <summary>Whether what comes next is content, for which both windows need room.</summary>
    internal bool NeedsWindow => !_headWaits && Output.Waiting > 0;

    /// <summary>Whether something could be sent now, as far as the stream's own window goes.</summary>
    internal bool CanSend => HasUnsent && (!NeedsWindow || SendWindow > 0);

    /// <summary>Whether what comes next waits for the stream's own window, which its peer alone opens.</summary>
    internal bool IsShut => HasUnsent && NeedsWindow && SendWindow <= 0;

    /// <summary>Whether the connection has it in its list of streams that have something to send; owned by the connection.</summary>
    internal bool IsQueued { get; set; }

    /// <summary>Neighbour in that list; owned by the connection.</summary>
    internal Http2Stream? NextQueued { get; set; }

    /// <summary>Neighbour in that list; owned by the connection.</summary>
    internal Http2Stream? PreviousQueued { get; set; }

    /// <summary>It begins.</summary>
    /// <param name="connection">Its connection.</param>
    /// <param name="id">Its number; 0: it gets one by <see cref="Number"/> when its head is sent.</param>
    internal void Open(Http2Connection connection, int id)
    {
        Connection = connection;
        Number(id);
        HeadReceived = id != 0;
        ReceiveWindow = connection.StreamWindow;
        Input.Guard.Shared = connection.SharedReads;
        RemoteEnded = LocalEnded = IsBroken = TakesMetadata = false;
        _headWaits = _trailersWait = _endWaits = false;
        _unacknowledged = 0;
        _contentLeft = -1;
        ReceivedTrailers = null;
        _emptyFrames = FloodMeter.OfEmptyFrames(connection.Reactor.Now);
    }

    /// <summary>Its number is known, and with it the window that it begins with.</summary>
    internal void Number(int id)
    {
        Id = id;
        SendWindow = Connection.Peer.InitialWindow;
    }

    /// <summary>Lets everything go, for another use.</summary>
    internal virtual void Release()
    {
        Input.Reset();
        Output.Reset();
        ReceivedTrailers = null;
        _trailers?.Reset();
    }

    /// <summary>Whether it may get another frame without content; counts it.</summary>
    internal bool TakesEmptyFrame() => _emptyFrames.TryAdd(Connection.Reactor.Now);

    /// <summary>The content must have so many bytes.</summary>
    internal void ExpectContent(long length) => _contentLeft = length;

    /// <summary>Content of a DATA frame has come, without its padding.</summary>
    /// <param name="data">The content.</param>
    /// <param name="flowControlled">Bytes of the frame's payload, which count against the window.</param>
    /// <param name="ended">Whether it is the last.</param>
    /// <returns>False when the content has not the length that was announced (RFC 9113 section 8.1.1).</returns>
    internal bool TryAccept(in System.Buffers.ReadOnlySequence<byte> data, int flowControlled, bool ended)
    {
        var left = _contentLeft - data.Length;
        if (_contentLeft >= 0 && (left < 0 || (ended && left > 0)))
            return false;
        _contentLeft = Math.Max(-1, left);
        ReceiveWindow -= flowControlled;
        Input.Accept(data);
        return !ended || TryEndRemote();
    }

    /// <summary>The peer has ended its side.</summary>
    /// <returns>False when content is missing.</returns>
    internal bool TryEndRemote()
    {
        RemoteEnded = true;
        if (_contentLeft > 0)
            return false;
        Input.End();
        return true;
    }

    /// <summary>Where trailers are put that have come.</summary>
    internal TrailerSection ReceiveTrailers() => ReceivedTrailers = _trailers ??= new TrailerSection();

    /// <summary>It was reset, or its connection broke: whoever waits is woken.</summary>
    /// <param name="reason">What is wrong with what came; <see cref="RejectReason.None"/>: nothing.</param>
    internal void Break(RejectReason reason)
    {
        if (IsBroken)
            return;
        IsBroken = true;
        Input.End();
        Output.Fail();
        OnBroken(reason);
    }

    /// <summary>The peer has reset it.</summary>
    internal virtual void OnReset(Http2ErrorCode code) => Break(RejectReason.None);

    /// <summary>Content was consumed: it is given back to both windows, that of the stream while more may come.</summary>
    internal void OnConsumed(int bytes)
    {
        Connection.GiveBack(bytes);
        if (RemoteEnded || IsBroken)
            return;
        _unacknowledged += bytes;
        if (_unacknowledged < Connection.StreamWindow / 2)
            return;
        Connection.WriteWindowUpdate(Id, _unacknowledged);
        ReceiveWindow += _unacknowledged;
        _unacknowledged = 0;
    }

    /// <summary>Bytes of a frame that were never content, padding, are given back at once.</summary>
    internal void OnPadding(int bytes)
    {
        if (bytes > 0)
            OnConsumed(bytes);
    }

    /// <summary>A head to fill, which is sent with the next flush.</summary>
    internal FieldBlock WriteHead()
    {
        _headWaits = true;
        _headFields.Clear();
        return _headFields;
    }

    /// <summary>Trailers to fill, which are sent behind the content.</summary>
    internal FieldBlock WriteTrailers()
    {
        _trailersWait = true;
        _trailerFields ??= new FieldBlock();
        _trailerFields.Clear();
        return _trailerFields;
    }

    /// <summary>Nothing follows what was written.</summary>
    internal void EndOutput() => _endWaits = true;

    /// <summary>Takes back what was written and not sent.</summary>
    internal void DiscardHead() => _headWaits = _trailersWait = _endWaits = false;

    /// <summary>Writes the next frames to the connection: the head, one frame of content, the end.</summary>
    /// <returns>Whether anything was written.</returns>
    internal bool TryEmit()
    {
        var any = false;
        if (Output.HasFailed)
            return any; // What waited is gone: its end must not pass for that of the whole.
        if (_headWaits)
        {
            _headWaits = false;
            OnSendingHead();
            var last = _endWaits && Output.Waiting == 0 && !_trailersWait;
            Output.OnHeadSent(Connection.WriteFields(Id, _headFields, endStream: last));
            LocalEnded |= last;
            any = true;
        }

        var waiting = Output.Waiting;
        var count = Math.Min(waiting, Math.Min(Connection.MaxContent, Math.Min(SendWindow, Connection.SendWindow)));
        if (count > 0)
        {
            var last = _endWaits && count == waiting && !_trailersWait;
            Output.Take(Connection.WriteContent(Id, count, endStream: last));
            SendWindow -= count;
            LocalEnded |= last;
            any = true;
        }

        if (_endWaits && !LocalEnded && Output.Waiting == 0)
        {
            if (_trailersWait)
                Connection.WriteFields(Id, _trailerFields!, endStream: true); // Set with the flag.
            else
                Connection.WriteContent(Id, 0, endStream: true);
            LocalEnded = true;
            any = true;
        }

        return any;
    }

    /// <summary>Its head is about to be sent.</summary>
    protected virtual void OnSendingHead()
    {
    }

    /// <summary>It was reset, or its connection broke.</summary>
    /// <param name="reason">What is wrong with what came; <see cref="RejectReason.None"/>: nothing.</param>
    protected abstract void OnBroken(RejectReason reason);
}
