// SPDX-License-Identifier: Apache-2.0
using System.Net.Sockets;
using Penstock.Linux;
using Penstock.Linux.Tls;
using Penstock.Model;
using Penstock.Model.L7;

namespace Penstock.Health;

/// <summary>What a check sends and receives over: a connection of its own, with TLS or without.</summary>
internal sealed class CheckStream : IDisposable
{
    private const int RoomBytes = 64 << 10;

    private readonly Socket _socket;
    private readonly TlsSession? _session;
    private readonly byte[] _room;

    private CheckStream(Socket socket, TlsClient? tls)
    {
        _socket = socket;
        _session = tls?.Connect((int)socket.Handle, earlier: null);
        _room = tls is null ? [] : GC.AllocateUninitializedArray<byte>(RoomBytes, pinned: true);
    }

    /// <summary>Whether HTTP/2 may be spoken: by ALPN where there is TLS, by prior knowledge where there is none (RFC 9113 section 3).</summary>
    public bool TakesHttp2 => _session is null || _session.Protocol.SequenceEqual("h2"u8);

    /// <summary>Connects, and agrees upon TLS.</summary>
    /// <param name="endpoint">Where to.</param>
    /// <param name="announce">Version of the PROXY header to begin with; null: none.</param>
    /// <param name="mark">Packet mark; 0: none.</param>
    /// <param name="tls">Whom to believe; null: no TLS.</param>
    /// <param name="cancel">Ends it.</param>
    /// <exception cref="SocketException">It can't connect.</exception>
    /// <exception cref="TlsException">It can't agree.</exception>
    public static async Task<CheckStream> OpenAsync(SocketEndpoint endpoint, ProxyProtocolVersion? announce, uint mark, TlsClient? tls, CancellationToken cancel)
    {
        var stream = new CheckStream(await CheckSocket.ConnectAsync(endpoint, announce, mark, cancel), tls);
        try
        {
            if (tls is not null)
                await stream.AgreeAsync(tls, cancel);
            return stream;
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

    /// <summary>Sends all of it: less than a record holds.</summary>
    public Task SendAsync(byte[] bytes, CancellationToken cancel)
    {
        if (_session is null)
            return SendPlainAsync(bytes, cancel);
        _session.OutputTo(_room);
        _ = _session.Write(bytes);
        _session.EndOutput();
        return SendPlainAsync(_room.AsMemory(0, _session.OutputUsed), cancel);
    }

    /// <summary>Receives some bytes; 0: the end.</summary>
    public async ValueTask<int> ReceiveAsync(Memory<byte> buffer, CancellationToken cancel)
    {
        if (_session is null)
            return await _socket.ReceiveAsync(buffer, SocketFlags.None, cancel);
        while (true)
        {
            var result = _session.Read(buffer.Span);
            if (result.Error != Errno.EAGAIN)
                return result.IsError ? 0 : result.Value;
            await WaitAsync(cancel);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _session?.Dispose();
        _socket.Dispose();
    }

    private async Task AgreeAsync(TlsClient tls, CancellationToken cancel)
    {
        var session = _session!; // There is TLS.
        while (true)
        {
            session.OutputTo(_room);
            var result = session.Handshake();
            session.EndOutput();
            await SendPlainAsync(_room.AsMemory(0, session.OutputUsed), cancel);
            if (!result.IsError)
                break;
            if (result.Error != Errno.EAGAIN)
                throw new TlsException(Reason(session));
            await WaitAsync(cancel);
        }

        if (!tls.IsExpected(session))
            throw new TlsException("the certificate has none of the names in san");
    }

    private static string Reason(TlsSession session) => session.LastReason switch
    {
        TlsErrors.CertificateVerifyFailed => $"the certificate is refused: {session.VerifyError}",
        >= TlsErrors.AlertOffset => $"the endpoint sent alert {session.LastReason - TlsErrors.AlertOffset}",
        0 => "closed in the handshake",
        _ => "the endpoint does not speak TLS, or no version or cipher that is allowed",
    };

    private async Task SendPlainAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancel)
    {
        while (!bytes.IsEmpty)
            bytes = bytes[await _socket.SendAsync(bytes, SocketFlags.None, cancel)..];
    }

    // A receive of nothing ends when there is something.
    private async Task WaitAsync(CancellationToken cancel)
    {
        await _socket.ReceiveAsync(Memory<byte>.Empty, SocketFlags.None, cancel);
        _session!.OnInput(ended: false); // There is TLS.
    }
}
