// SPDX-License-Identifier: Apache-2.0
using Penstock.L7.Transport;
using Penstock.Linux;
using Penstock.Linux.Reactors;
using Penstock.Linux.Tls;

namespace Penstock.L7.Tls;

/// <summary>The reading half of a connection with TLS. An end of the connection that the peer has not announced (close_notify) marks it as broken.</summary>
internal sealed class TlsReader : SocketReader
{
    private readonly TlsTransport _tls;
    private bool _isWide;

    internal TlsReader(SocketConnection connection, TlsTransport tls, bool large, bool ended)
        : base(connection, large)
    {
        _tls = tls;
        IsReady = true;
        if (ended)
            tls.Session.OnInput(ended: true);
    }

    /// <inheritdoc/>
    internal override bool IsPlain => false;

    /// <inheritdoc/>
    internal override void OnReady(bool ended)
    {
        _tls.Session.OnInput(ended);
        base.OnReady(ended);
    }

    /// <summary>Throws away what there is in the socket, past TLS.</summary>
    /// <returns>Bytes; 0: none for now. Below: the end.</returns>
    internal int Discard(Span<byte> scratch)
    {
        var result = SocketCalls.Receive(_connection.Fd, scratch);
        IsReady = result.Value > 0;
        return result.Value > 0 ? result.Value : result.Error is Errno.EAGAIN or Errno.EINTR ? 0 : -1;
    }

    /// <summary>The handshake has used what there was.</summary>
    internal void OnHandshakeStep() => IsReady = _tls.Session.HasMore;

    /// <summary>Takes what TLS has to say, session tickets for one.</summary>
    /// <returns>False: there was something else, part of a record that may be something else, or an end.</returns>
    internal bool IsQuiet()
    {
        Span<byte> one = stackalloc byte[1];
        _tls.Session.OnInput(ended: false);
        return ReceiveInto(one).Error == Errno.EAGAIN && !IsReady && !_tls.Session.HasPartialRecord;
    }

    /// <inheritdoc/>
    private protected override IoResult ReceiveInto(Span<byte> room)
    {
        var session = _tls.Session;
        if (_isWide != room.Length > BufferPool.SmallSize && room.Length > 1)
            session.ReceiveUpTo((_isWide = !_isWide) ? BufferPool.LargeSize : TlsSession.RecordBytes);
        var result = session.Read(room);
        if (result.IsError && result.Error != Errno.EAGAIN && !session.Stray.IsEmpty)
            _tls.Writer.SendAlert();
        IsReady = session.HasMore;
        if (result.Error == Errno.EAGAIN && session.HasPartialRecord)
            _connection.OnRecordBegun();
        return result;
    }
}
