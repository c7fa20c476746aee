// SPDX-License-Identifier: Apache-2.0
using System.Runtime.CompilerServices;
using Penstock.L7.Transport;
using Penstock.Linux;
using Penstock.Linux.Tls;

namespace Penstock.L7.Tls;

/// <summary>TLS of one connection.</summary>
internal sealed class TlsTransport
{
    internal TlsTransport(SocketConnection connection, TlsSession session, bool ended)
    {
        Session = session;
        Writer = new TlsWriter(connection, session);
        Reader = new TlsReader(connection, this, connection.Reader.LargeBlocks, ended);
    }

    /// <summary>The session.</summary>
    internal TlsSession Session { get; }

    /// <summary>What the peer sends.</summary>
    internal TlsReader Reader { get; }

    /// <summary>What the peer gets.</summary>
    internal TlsWriter Writer { get; }

    /// <summary>Agrees with the peer, within the time of both guards.</summary>
    [AsyncMethodBuilder(typeof(PooledTaskMethodBuilder<>))]
    internal async ValueTask<HandshakeResult> HandshakeAsync()
    {
        while (true)
        {
            // What it gave is sent even if it failed: an alert says why. The connection may be closed meanwhile, and the session with it.
            var sending = Writer.HandshakeAsync(out var result);
            Reader.OnHandshakeStep();
            var outcome = !result.IsError ? Session.IsResumed ? HandshakeResult.Resumed : HandshakeResult.Full
                : result.Error is Errno.EAGAIN or Errno.ENOBUFS ? HandshakeResult.None
                : ResultOf(Session.LastReason);
            var isGone = (await sending).IsCompleted;
            if (outcome is not (HandshakeResult.None or HandshakeResult.Full or HandshakeResult.Resumed))
                return outcome;
            if (isGone)
                return Writer.TimedOut ? HandshakeResult.TimedOut : HandshakeResult.Closed;
            if (outcome != HandshakeResult.None)
                return outcome;
            if (result.Error != Errno.EAGAIN)
                continue;
            var read = await Reader.WaitReadableAsync();
            if (read.IsCanceled || read.IsCompleted)
                return Reader.TimedOut ? HandshakeResult.TimedOut : HandshakeResult.Closed;
        }
    }

    private static HandshakeResult ResultOf(int reason) => reason switch
    {
        0 => HandshakeResult.Closed,
        TlsErrors.HttpRequest => HandshakeResult.PlainHttp,
        TlsErrors.UnsupportedProtocol => HandshakeResult.UnsupportedVersion,
        TlsErrors.NoSharedCipher => HandshakeResult.NoSharedCipher,
        TlsErrors.NoApplicationProtocol => HandshakeResult.NoApplicationProtocol,
        TlsErrors.CallbackFailed => HandshakeResult.NoCertificateYet,
        TlsErrors.NoPeerCertificate => HandshakeResult.NoCertificate,
        TlsErrors.CertificateVerifyFailed => HandshakeResult.CertificateRefused,
        >= TlsErrors.AlertOffset => HandshakeResult.RefusedByPeer,
        _ => HandshakeResult.ProtocolError,
    };
}
