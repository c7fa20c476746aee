// SPDX-License-Identifier: Apache-2.0
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using BenchmarkDotNet.Attributes;
using Penstock.Linux;
using Penstock.Linux.Tls;

namespace Penstock.Micro;

/// <summary>
/// TLS 1.3 on one core: libssl as the proxy uses it against SslStream. Handshakes are whole ones, ECDSA P-256, with the same client on the other
/// side (its share is the same in both); bulk is what enciphering 64 KiB costs, without sending it.
/// </summary>
[MemoryDiagnoser]
public class TlsBenchmarks
{
    private readonly byte[] _plain = GC.AllocateArray<byte>(64 << 10, pinned: true);
    private readonly byte[] _room = GC.AllocateArray<byte>(80 << 10, pinned: true);
    private readonly byte[] _clientRoom = GC.AllocateArray<byte>(16 << 10, pinned: true);
    private readonly string _folder = Directory.CreateTempSubdirectory("penstock-micro-").FullName;
    private X509Certificate2 _certificate = null!; // Made by Setup, before anything is measured.
    private SslServerAuthenticationOptions _options = null!; // As above.
    private TlsContext _context = null!; // As above.
    private TlsClient _client = null!; // As above.
    private (Socket Server, Socket Client) _pair;
    private TlsSession _session = null!; // As above.
    private SslStream _stream = null!; // As above.
    private Wire _wire = null!; // As above.

    [GlobalSetup]
    public void Setup()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var made = new CertificateRequest("CN=bench", key, HashAlgorithmName.SHA256).CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(9));
        var (file, keyFile) = (Path.Combine(_folder, "a.crt"), Path.Combine(_folder, "a.key"));
        File.WriteAllText(file, made.ExportCertificatePem());
        File.WriteAllText(keyFile, key.ExportPkcs8PrivateKeyPem());
        _certificate = X509Certificate2.CreateFromPemFile(file, keyFile);
        _context = new TlsContext();
        _context.AddCertificate(file, keyFile);
        _options = new SslServerAuthenticationOptions { ServerCertificateContext = SslStreamCertificateContext.Create(_certificate, additionalCertificates: null, offline: true), EnabledSslProtocols = SslProtocols.Tls13 };
        _client = TlsClient.Create(new TlsClientOptions(Ca: null, Certificate: null, Key: null, ServerName: null, [], Verifies: false, "http/1.1"));
        _pair = Connect();
        _session = TlsSession.Accept(_context, (int)_pair.Server.Handle, ahead: []);
        using var client = _client.Connect((int)_pair.Client.Handle, earlier: null);
        Agree(_session, _pair.Server, client, _pair.Client);
        (_stream, _wire) = AgreeByStream();
    }

    [GlobalCleanup]
    public void Cleanup() => Directory.Delete(_folder, recursive: true);

    [Benchmark]
    public void HandshakeOfLibssl()
    {
        var (server, other) = Connect();
        using var a = server;
        using var b = other;
        using var session = TlsSession.Accept(_context, (int)server.Handle, ahead: []);
        using var client = _client.Connect((int)other.Handle, earlier: null);
        Agree(session, server, client, other);
    }

    [Benchmark]
    public void HandshakeOfSslStream()
    {
        var (stream, wire) = AgreeByStream();
        stream.Dispose();
        wire.Dispose();
    }

    [Benchmark]
    public int BulkOfLibssl()
    {
        var used = 0;
        for (var at = 0; at < _plain.Length; at += TlsSession.RecordBytes)
        {
            _session.OutputTo(_room.AsSpan(used));
            _ = _session.Write(_plain.AsSpan(at, TlsSession.RecordBytes));
            used += _session.OutputUsed;
            _session.EndOutput();
        }

        return used;
    }

    [Benchmark]
    public void BulkOfSslStream() => _stream.Write(_plain);

    private (SslStream Stream, Wire Wire) AgreeByStream()
    {
        var (server, other) = Connect();
        var client = _client.Connect((int)other.Handle, earlier: null);
        var wire = new Wire(server, () => Step(client, other, _clientRoom)) { Owned = [server, other, client] };
        var stream = new SslStream(wire);
        stream.AuthenticateAsServer(_options);
        wire.IsMuted = true;
        return (stream, wire);
    }

    private void Agree(TlsSession session, Socket server, TlsSession client, Socket other)
    {
        while (!session.IsEstablished || !client.IsEstablished)
        {
            Step(client, other, _clientRoom);
            Step(session, server, _room);
        }
    }

    private static void Step(TlsSession session, Socket socket, byte[] room)
    {
        session.OnInput(ended: false);
        session.OutputTo(room);
        var result = session.Handshake();
        session.EndOutput();
        if (result.IsError && result.Error != Errno.EAGAIN)
            throw new InvalidOperationException($"the handshake failed: {result.Error} {session.LastReason}");
        if (session.OutputUsed > 0)
            socket.Send(room.AsSpan(0, session.OutputUsed));
    }

    private static (Socket Server, Socket Client) Connect()
    {
        using var listener = new Socket(SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        var client = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        client.Connect(listener.LocalEndPoint!); // It is bound.
        var server = listener.Accept();
        server.NoDelay = true;
        server.Blocking = client.Blocking = false;
        return (server, client);
    }

    /// <summary>The server's end as a stream; when it has nothing to read, the client takes a step.</summary>
    private sealed class Wire(Socket socket, Action step) : Stream
    {
        public bool IsMuted { get; set; }

        public IDisposable[] Owned { get; init; } = [];

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override int Read(byte[] buffer, int offset, int count)
        {
            while (true)
            {
                var read = socket.Receive(buffer, offset, count, SocketFlags.None, out var error);
                if (error == SocketError.Success)
                    return read;
                step();
            }
        }

        public override void Write(byte[] buffer, int offset, int count)
        {
            if (!IsMuted)
                socket.Send(buffer, offset, count, SocketFlags.None);
        }

        public override void Flush()
        {
            // Nothing is held.
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            foreach (var one in Owned)
                one.Dispose();
            base.Dispose(disposing);
        }
    }
}
