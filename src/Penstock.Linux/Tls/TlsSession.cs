// SPDX-License-Identifier: Apache-2.0
using System.Runtime.InteropServices;

namespace Penstock.Linux.Tls;

/// <summary>
/// TLS on one non-blocking socket. It receives by itself; what it sends goes to memory that it is given. One thread at a time.
/// OpenSSL keeps no buffers for a session that is idle.
/// </summary>
public sealed unsafe class TlsSession : IDisposable
{
    /// <summary>Most plain bytes in a record (RFC 8446 section 5.1).</summary>
    public const int RecordBytes = 16 << 10;

    /// <summary>No record is longer than its plain bytes and this much; TLS 1.2 with AEAD takes 29, TLS 1.3 22.</summary>
    public const int RecordOverhead = 64;

    // Above what a handshake has, and the tickets that follow it; then one more for each stretch of data, which is far more than any peer has use for.
    private const int MessagesAtOnce = 48;
    private const int BytesBetweenMessages = 1 << 20;

    private const int ErrorWantRead = 2;
    private const int ErrorWantWrite = 3;
    private const int ErrorZeroReturn = 6;
    private const int BothEnded = 3; // SSL_SENT_SHUTDOWN, SSL_RECEIVED_SHUTDOWN

    private readonly TlsContext _context; // Its callbacks are called while there are sessions.
    private nint _ssl;
    private TlsChannel* _channel;
    private bool _isOver;
    private int _bytesBetween;
    private bool _isStarved;

    private TlsSession(TlsContext context, int descriptor, ReadOnlySpan<byte> ahead)
    {
        _context = context;
        _channel = (TlsChannel*)NativeMemory.AllocZeroed((nuint)sizeof(TlsChannel));
        _channel->Descriptor = descriptor;
        _channel->MayReceive = 1;
        if (!ahead.IsEmpty)
        {
            _channel->Ahead = (byte*)NativeMemory.Alloc((nuint)ahead.Length);
            _channel->AheadLength = ahead.Length;
            ahead.CopyTo(new Span<byte>(_channel->Ahead, ahead.Length));
        }

        _ssl = Libssl.SSL_new(context.Pointer);
        if (_ssl == 0)
        {
            Dispose();
            throw TlsException.Of("a session");
        }

        var bio = TlsBio.Create(_channel);
        Libssl.SSL_set_bio(_ssl, bio, bio);
        _channel->MessagesLeft = MessagesAtOnce;
        _ = Libssl.SSL_ctrl(_ssl, Libssl.ControlMessageCallbackArgument, 0, _channel);
    }

    /// <summary>Whether the handshake is done.</summary>
    public bool IsEstablished { get; private set; }

    /// <summary>Whether there may be input that was not read yet: in the socket, or received and not deciphered; or an end.</summary>
    public bool HasMore => _isOver || (!_isStarved && (_channel->MayReceive != 0 || _channel->AheadLength > 0 || Libssl.SSL_has_pending(_ssl) != 0));

    /// <summary>
    /// Whether part of a record has come, for which OpenSSL holds a buffer of a whole one; asked after a read that gave EAGAIN. It counts a header that is all
    /// there (state RB, of SSL_rstate_string(3)) as used, and only what is beyond it as pending.
    /// </summary>
    public bool HasPartialRecord => _isStarved && (Libssl.SSL_has_pending(_ssl) != 0 || Libssl.SSL_rstate_string(_ssl)[1] == 'B');

    /// <summary>Whether the handshake went on from an earlier session.</summary>
    public bool IsResumed => Libssl.SSL_session_reused(_ssl) != 0;

    /// <summary>What ALPN has settled (RFC 7301); empty: nothing.</summary>
    public ReadOnlySpan<byte> Protocol
    {
        get
        {
            byte* name;
            uint length;
            Libssl.SSL_get0_alpn_selected(_ssl, &name, &length);
            return new ReadOnlySpan<byte>(name, (int)length);
        }
    }

    /// <summary>The name that the client has asked for (SNI); empty: none.</summary>
    public ReadOnlySpan<byte> ServerName => MemoryMarshal.CreateReadOnlySpanFromNullTerminated(Libssl.SSL_get_servername(_ssl, 0));

    /// <summary>The version, such as <c>TLSv1.3</c>.</summary>
    public ReadOnlySpan<byte> Version => MemoryMarshal.CreateReadOnlySpanFromNullTerminated(Libssl.SSL_get_version(_ssl));

    /// <summary>OpenSSL's name of the cipher, such as <c>TLS_AES_128_GCM_SHA256</c>.</summary>
    public ReadOnlySpan<byte> Cipher => MemoryMarshal.CreateReadOnlySpanFromNullTerminated(Libssl.SSL_CIPHER_get_name(Libssl.SSL_get_current_cipher(_ssl)));

    /// <summary>Why the last call failed, one of <see cref="TlsErrors"/>; 0: no reason of OpenSSL's.</summary>
    public int LastReason { get; private set; }

    /// <summary>Bytes written to the memory given by <see cref="OutputTo"/>.</summary>
    public int OutputUsed => _channel->OutputUsed;

    /// <summary>Records that were to be sent while no memory was given.</summary>
    public ReadOnlySpan<byte> Stray => new(_channel->Stray, _channel->StrayUsed);

    /// <summary>Why the server's certificate was refused, in OpenSSL's words.</summary>
    public string VerifyError => Marshal.PtrToStringUTF8(Libcrypto.X509_verify_cert_error_string(Libssl.SSL_get_verify_result(_ssl))) ?? "";

    /// <summary>The server's side of a session that begins on a connected socket.</summary>
    /// <param name="context">Certificates and rules.</param>
    /// <param name="descriptor">The socket; whoever owns it closes it after this.</param>
    /// <param name="ahead">What was received before and belongs to the session.</param>
    /// <exception cref="TlsException">OpenSSL makes none.</exception>
    public static TlsSession Accept(TlsContext context, int descriptor, ReadOnlySpan<byte> ahead)
    {
        var session = new TlsSession(context, descriptor, ahead);
        Libssl.SSL_set_accept_state(session._ssl);
        return session;
    }

    /// <summary>The client's side of one.</summary>
    /// <param name="context">Whom it believes.</param>
    /// <param name="descriptor">The socket; whoever owns it closes it after this.</param>
    /// <param name="serverName">Name that it asks for (SNI); null: none.</param>
    /// <param name="verifiesName">Whether the server's certificate has to be for that name.</param>
    /// <param name="earlier">A session to go on with; null: none.</param>
    /// <exception cref="TlsException">OpenSSL makes none.</exception>
    public static TlsSession Connect(TlsContext context, int descriptor, string? serverName, bool verifiesName, TlsSavedSession? earlier)
    {
        const uint noPartialWildcards = 4; // X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS
        var session = new TlsSession(context, descriptor, ahead: []);
        Libssl.SSL_set_connect_state(session._ssl);
        if (serverName is not null)
        {
            var name = Marshal.StringToCoTaskMemUTF8(serverName);
            _ = Libssl.SSL_ctrl(session._ssl, Libssl.ControlHostName, 0, (void*)name);
            Marshal.FreeCoTaskMem(name);
            Libssl.SSL_set_hostflags(session._ssl, noPartialWildcards);
            if (verifiesName && Libssl.SSL_set1_host(session._ssl, serverName) != 1)
            {
                session.Dispose();
                throw TlsException.Of("a name");
            }
        }

        if (earlier is not null)
            _ = Libssl.SSL_set_session(session._ssl, earlier.DangerousGetHandle());
        GC.KeepAlive(earlier);
        return session;
    }

    /// <summary>What is to be kept of a client's session to go on with it; null: the server has not made that possible, or not yet.</summary>
    public TlsSavedSession? Save()
    {
        var session = Libssl.SSL_get1_session(_ssl);
        if (session == 0)
            return null;
        if (Libssl.SSL_SESSION_is_resumable(session) == 1)
            return new TlsSavedSession(session);
        Libssl.SSL_SESSION_free(session);
        return null;
    }

    /// <summary>Epoll has reported input, or an end.</summary>
    public void OnInput(bool ended)
    {
        _channel->MayReceive = 1;
        _isStarved = false;
        if (ended)
            _channel->HasEnd = 1;
    }

    /// <summary>Gives memory for what is sent.</summary>
    /// <param name="pinned">Memory that stays where it is until <see cref="EndOutput"/>.</param>
    public void OutputTo(Span<byte> pinned)
    {
        fixed (byte* first = pinned)
        {
            _channel->Output = first;
        }

        _channel->OutputFree = pinned.Length;
        _channel->OutputUsed = 0;
    }

    /// <summary>The memory is written to no more.</summary>
    public void EndOutput() => _channel->Output = null;

    /// <summary>The stray records are sent.</summary>
    public void TakeStray() => _channel->StrayUsed = 0;

    /// <summary>Goes on with the handshake.</summary>
    /// <returns>Without an error: it is done. EAGAIN: it waits for the peer. ENOBUFS: it needs more memory to send. EPROTO and others: it has failed.</returns>
    public IoResult Handshake()
    {
        Libcrypto.ERR_clear_error();
        var result = Libssl.SSL_do_handshake(_ssl);
        if (result != 1)
            return Failed(result);
        IsEstablished = true;
        return default;
    }

    /// <summary>Reads deciphered bytes: as many as were received, and fit.</summary>
    /// <returns>How many; 0: the peer has ended the stream in order. EAGAIN: none yet. ECONNABORTED: the connection ended without saying so.</returns>
    public IoResult Read(Span<byte> buffer)
    {
        Libcrypto.ERR_clear_error();
        var total = 0;
        fixed (byte* first = buffer)
        {
            do
            {
                var result = Libssl.SSL_read(_ssl, first + total, buffer.Length - total);
                if (result <= 0)
                {
                    var failed = Failed(result);
                    _isOver |= failed.Error != Errno.EAGAIN;
                    return total > 0 ? IoResult.Of(total) : failed;
                }

                total += result;
                if ((_bytesBetween += result) >= BytesBetweenMessages)
                    (_bytesBetween, _channel->MessagesLeft) = (0, Math.Min(_channel->MessagesLeft + 1, MessagesAtOnce));
            }
            while (total < buffer.Length && Libssl.SSL_has_pending(_ssl) != 0);
        }

        return IoResult.Of(total);
    }

    /// <summary>Enciphers bytes as one record, or a few where they are more than one holds.</summary>
    /// <returns>All of them, or ENOBUFS: the same bytes must be given again with more memory.</returns>
    public IoResult Write(ReadOnlySpan<byte> bytes)
    {
        Libcrypto.ERR_clear_error();
        fixed (byte* first = bytes)
        {
            var result = Libssl.SSL_write(_ssl, first, bytes.Length);
            return result > 0 ? IoResult.Of(result) : Failed(result);
        }
    }

    /// <summary>Writes the record that ends this side's stream (close_notify), once.</summary>
    public void End()
    {
        Libcrypto.ERR_clear_error();
        if (Libssl.SSL_shutdown(_ssl) < 0)
            Libcrypto.ERR_clear_error();
    }

    /// <summary>Has OpenSSL receive up to so much with one call from the next time that it has no bytes buffered.</summary>
    /// <param name="bytes">A record's worth at least.</param>
    public void ReceiveUpTo(int bytes) => Libssl.SSL_set_default_read_buffer_len(_ssl, (nuint)bytes);

    /// <summary>Sends the peer new keys, and asks it for new ones, with the next bytes (TLS 1.3 only).</summary>
    internal bool UpdateKeys() => Libssl.SSL_key_update(_ssl, 1) == 1;

    /// <summary>The peer's certificate, which has been verified; null: it has shown none.</summary>
    public TlsPeerCertificate? PeerCertificate()
    {
        var certificate = Libssl.SSL_get1_peer_certificate(_ssl);
        if (certificate == 0)
            return null;
        try
        {
            return TlsPeerCertificate.Of(certificate);
        }
        finally
        {
            Libcrypto.X509_free(certificate);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_ssl != 0)
        {
            // Ended in order or not, what was agreed upon stays good for another session.
            Libssl.SSL_set_shutdown(_ssl, BothEnded);
            Libssl.SSL_free(_ssl);
        }

        _ssl = 0;
        if (_channel is null)
            return;
        NativeMemory.Free(_channel->Ahead);
        NativeMemory.Free(_channel);
        _channel = null;
        GC.KeepAlive(_context);
    }

    private IoResult Failed(int result)
    {
        switch (Libssl.SSL_get_error(_ssl, result))
        {
            case ErrorWantRead:
                _isStarved = true; // What is there is part of a record.
                return IoResult.Failed(Errno.EAGAIN);
            case ErrorWantWrite:
                return IoResult.Failed(Errno.ENOBUFS);
            case ErrorZeroReturn:
                return default;
        }

        LastReason = TlsErrors.TakeReason();
        return IoResult.Failed(LastReason != 0 ? Errno.EPROTO : _channel->Failure != 0 ? (Errno)_channel->Failure : Errno.ECONNABORTED);
    }
}
