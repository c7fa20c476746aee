// SPDX-License-Identifier: Apache-2.0
using System.IO.Pipelines;
using Penstock.L7.Transport;
using Penstock.Linux;
using Penstock.Linux.Tls;

namespace Penstock.L7.Tls;

/// <summary>
/// The writing half of a connection with TLS. A flush enciphers all that was written, into as few records as its blocks allow, and sends them with one call;
/// between flushes nothing is enciphered, so that what was not flushed can still be thrown away.
/// </summary>
internal sealed class TlsWriter : SocketWriter
{
    /// <summary>Room for an alert.</summary>
    private const int AlertBytes = 128;

    private readonly TlsSession _session;
    private bool _isEnded;

    internal TlsWriter(SocketConnection connection, TlsSession session)
        : base(connection) => _session = session;

    /// <inheritdoc/>
    internal override bool IsPlain => false;

    /// <inheritdoc/>
    public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
    {
        if (!HasFailed && !_connection.IsClosed)
            Seal();
        return base.FlushAsync(cancellationToken);
    }

    /// <summary>Takes a step of the handshake, and sends what it gave.</summary>
    /// <param name="result">How it went, see <see cref="TlsSession.Handshake"/>.</param>
    /// <returns>Done when all is on its way.</returns>
    internal ValueTask<FlushResult> HandshakeAsync(out IoResult result)
    {
        var block = _connection.Reactor.Buffers.Rent(large: true);
        _session.OutputTo(block.Block);
        result = _session.Handshake();
        _session.EndOutput();
        Append(block.Block.AsSpan(0, _session.OutputUsed));
        _connection.Reactor.Buffers.Return(block);
        return base.FlushAsync();
    }

    /// <summary>Sends bytes past TLS: the answer to a client that does not speak it.</summary>
    internal ValueTask<FlushResult> SendPlainAsync(ReadOnlySpan<byte> bytes)
    {
        Append(bytes);
        return base.FlushAsync();
    }

    /// <summary>Ends the stream: what was flushed has arrived when the peer sees the end.</summary>
    internal ValueTask<FlushResult> EndAsync()
    {
        AppendEnd();
        return base.FlushAsync();
    }

    /// <inheritdoc/>
    internal override void End()
    {
        // The peer takes the announcement for the end, whether or not the socket is half closed, too.
        AppendEnd();
        if (!IsWaiting)
            SendUnawaited();
    }

    /// <inheritdoc/>
    internal override void OnClosing()
    {
        if (_isEnded || HasFailed || IsWaiting || !_session.IsEstablished || !TryDiscard())
            return;
        AppendEnd();
        SendUnawaited();
    }

    /// <summary>Sends the alert that OpenSSL had to say when reading failed, behind the records that are on their way, if the socket takes it.</summary>
    internal void SendAlert()
    {
        if (!IsWaiting)
            _ = SocketCalls.Send(_connection.Fd, _session.Stray); // Nothing follows it.
        _session.TakeStray();
    }

    private void AppendEnd()
    {
        if (_isEnded || !_session.IsEstablished)
            return;
        _isEnded = true;
        AppendStray();
        Span<byte> alert = stackalloc byte[AlertBytes];
        _session.OutputTo(alert);
        _session.End();
        _session.EndOutput();
        Append(alert[.._session.OutputUsed]);
    }

    /// <summary>What OpenSSL had to say while it read, new keys: it goes before what is enciphered with them, and has time until then (RFC 8446 section 4.6.3).</summary>
    private void AppendStray()
    {
        if (_session.Stray.IsEmpty)
            return;
        Append(_session.Stray);
        _session.TakeStray();
    }

    private void Seal()
    {
        var sealing = TakeUnflushed(out var external, out var suffix);
        AppendStray();
        while (sealing is not null)
        {
            var next = sealing.NextSegment;
            Encipher(sealing.Block.AsSpan(sealing.Start, sealing.End - sealing.Start));
            _connection.Reactor.Buffers.Return(sealing);
            sealing = next;
        }

        Encipher(external.Span);
        Encipher(suffix.Span);
    }

    private void Encipher(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty && !HasFailed)
        {
            var record = bytes[..Math.Min(bytes.Length, TlsSession.RecordBytes)];
            _session.OutputTo(GetSpan(record.Length + TlsSession.RecordOverhead));
            var result = _session.Write(record);
            _session.EndOutput();
            Advance(_session.OutputUsed);
            if (!result.IsError)
            {
                bytes = bytes[record.Length..];
            }
            else if (result.Error != Errno.ENOBUFS)
            {
                _connection.MarkBroken();
                Fail();
            }
        }
    }
}
