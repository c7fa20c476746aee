// SPDX-License-Identifier: Apache-2.0
using System.Net.Sockets;
using Penstock.Linux;
using Penstock.Linux.Tls;
using Penstock.Model.L7;

namespace Penstock.L7.Tests.Tls;

/// <summary>One side of TLS over a socket, in the test's own thread; it allocates nothing once it has agreed.</summary>
internal sealed class TlsPeer : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);
    private readonly byte[] _room = GC.AllocateArray<byte>(64 << 10, pinned: true);
    private readonly Socket _socket;
    private readonly TlsSession _session;

    private TlsPeer(Socket socket, TlsSession session)
    {
        (_socket, _session) = (socket, session);
        _socket.Blocking = false;
        while (true)
        {
            _session.OutputTo(_room);
            var result = _session.Handshake();
            _session.EndOutput();
            _socket.Send(_room.AsSpan(0, _session.OutputUsed));
            if (!result.IsError)
                return;
            result.Error.ShouldBe(Errno.EAGAIN, session.VerifyError);
            Wait();
        }
    }

    /// <summary>A client of shop.example.com.</summary>
    public static TlsPeer Connect(Socket socket, string ca) =>
        new(socket, TlsClient.Create(new TlsClientOptions(ca, Certificate: null, Key: null, "shop.example.com", [], Verifies: true, "http/1.1")).Connect((int)socket.Handle, earlier: null));

    /// <summary>A server with a certificate.</summary>
    public static TlsPeer Accept(Socket socket, CertificateConfig certificate)
    {
        var context = new TlsContext();
        context.AddCertificate(certificate.Cert, certificate.Key);
        return new TlsPeer(socket, TlsSession.Accept(context, (int)socket.Handle, ahead: []));
    }

    /// <summary>Sends bytes as one record, or the first bytes of it.</summary>
    public void Write(ReadOnlySpan<byte> bytes, int? first = null)
    {
        _session.OutputTo(_room);
        _session.Write(bytes);
        _session.EndOutput();
        _socket.Send(_room.AsSpan(0, first ?? _session.OutputUsed));
    }

    /// <summary>Receives some bytes.</summary>
    /// <exception cref="EndOfStreamException">There is the end, announced or not.</exception>
    public int Read(Span<byte> buffer)
    {
        while (true)
        {
            var result = _session.Read(buffer);
            if (result.Value > 0)
                return result.Value;
            if (result.Error != Errno.EAGAIN)
                throw new EndOfStreamException();
            Wait();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _session.Dispose();

    private void Wait()
    {
        if (!_socket.Poll(s_patience, SelectMode.SelectRead))
            throw new TimeoutException("nothing came");
        _session.OnInput(ended: false);
    }
}
