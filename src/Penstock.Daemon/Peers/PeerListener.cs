// SPDX-License-Identifier: Apache-2.0
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Penstock.Daemon.Admin;
using Penstock.Telemetry.Http;

namespace Penstock.Daemon.Peers;

/// <summary>The socket that peers ask at.</summary>
/// <param name="handler">Answers them.</param>
/// <param name="logger">Log.</param>
/// <param name="time">Clock.</param>
internal sealed class PeerListener(ControlHttpHandler handler, ILogger logger, TimeProvider time) : IAsyncDisposable
{
    /// <summary>Bounds for each client: a question has a line and three fields. Who has not shown a certificate goes first when there are too many.</summary>
    public static ControlHttpLimits Limits { get; } = new()
    {
        HeadBytes = 4 << 10,
        HeaderCount = 16,
        BodyBytes = 0,
        Connections = 48,
        Transfer = TimeSpan.FromSeconds(5),
        Idle = TimeSpan.FromSeconds(75),
    };

    // A handshake takes a millisecond of a core. What peers need is one a minute each; more come where they start anew, or with bad certificates.
    private const int HandshakesAtOnce = 64, HandshakesPerSecond = 16;

    // Who knocks with a bad certificate does so again and again.
    private static readonly TimeSpan s_quiet = TimeSpan.FromMinutes(1);

    private readonly Lock _gate = new();
    private readonly Dictionary<PeerFaultKind, long> _refusals = [];
    private readonly Dictionary<bool, (double Left, long At)> _handshakes = [];
    private ControlHttpServer? _server;
    private (string Text, long At)? _last;
    private (string Text, long At)? _logged;

    /// <summary>Whether it listens.</summary>
    public bool IsOpen => _server is not null;

    /// <summary>Clients that were refused, by reason.</summary>
    public IReadOnlyList<(PeerFaultKind Kind, long Count)> Refusals
    {
        get
        {
            lock (_gate)
                return [.. _refusals.Select(one => (one.Key, one.Value))];
        }
    }

    /// <summary>The last client that was refused, for people; null: none within a minute.</summary>
    public string? LastRefusal
    {
        get
        {
            lock (_gate)
                return _last is { } last && time.GetElapsedTime(last.At) < s_quiet ? last.Text : null;
        }
    }

    /// <summary>Begins to listen.</summary>
    /// <param name="address">Where.</param>
    /// <param name="tls">By which it makes sure of who asks.</param>
    /// <param name="names">Nodes that may ask.</param>
    /// <param name="known">Addresses that peers are known by: strangers do not use up their handshakes.</param>
    /// <returns>Where it listens: with a port chosen for port 0.</returns>
    /// <exception cref="SocketException">It can't.</exception>
    public IPEndPoint Open(IPEndPoint address, PeerTls tls, IReadOnlyCollection<string> names, IReadOnlyCollection<IPAddress> known)
    {
        var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Bind(address);
            socket.Listen(ControlSocket.Backlog);
        }
        catch (SocketException)
        {
            socket.Dispose();
            throw;
        }

        var bound = (IPEndPoint)socket.LocalEndPoint!; // bound
        _server = new ControlHttpServer(socket, handler, Failed, Limits, time, (client, cancellation) => GreetAsync(client, tls, names, known, cancellation));
        return bound;
    }

    /// <summary>Ends it, and every connection.</summary>
    public async ValueTask CloseAsync()
    {
        if (_server is { } server)
            await server.DisposeAsync();
        _server = null;
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => CloseAsync();

    private async ValueTask<Stream> GreetAsync(Socket socket, PeerTls tls, IReadOnlyCollection<string> names, IReadOnlyCollection<IPAddress> known, CancellationToken cancellation)
    {
        try
        {
            _ = await socket.ReceiveAsync(Memory<byte>.Empty, cancellation); // who says nothing costs nothing
            if (!MayGreet(known.Contains(Address(socket))))
                throw new PeerFaultException(PeerFaultKind.Busy, "too many handshakes");
            return await tls.AcceptAsync(socket, names, cancellation);
        }
        catch (PeerFaultException fault)
        {
            Refuse(socket, fault.Kind, fault.Message);
            throw;
        }
        catch (OperationCanceledException)
        {
            Refuse(socket, PeerFaultKind.Timeout, "it did not show in time who it is");
            throw;
        }
        catch (IOException)
        {
            Refuse(socket, PeerFaultKind.Closed, "it has gone before it showed who it is");
            throw;
        }
    }

    private bool MayGreet(bool isKnown)
    {
        lock (_gate)
        {
            var now = time.GetTimestamp();
            var (left, at) = _handshakes.GetValueOrDefault(isKnown, (HandshakesAtOnce, now));
            left = Math.Min(HandshakesAtOnce, left + (time.GetElapsedTime(at, now).TotalSeconds * HandshakesPerSecond));
            _handshakes[isKnown] = (left >= 1 ? left - 1 : left, now);
            return left >= 1;
        }
    }

    private void Refuse(Socket socket, PeerFaultKind kind, string reason)
    {
        var text = $"{Remote(socket)} was refused at the peers' channel: {reason}";
        lock (_gate)
        {
            _refusals[kind] = _refusals.GetValueOrDefault(kind) + 1;

            // Who comes and goes without a word, as a port scan does, is no peer with a bad certificate.
            if (kind is not (PeerFaultKind.Certificate or PeerFaultKind.Tls))
                return;
            _last = (text, time.GetTimestamp());
            if (_logged is { } logged && string.Equals(logged.Text, text, StringComparison.Ordinal) && time.GetElapsedTime(logged.At) < s_quiet)
                return;
            if (_logged is { } other && time.GetElapsedTime(other.At) < TimeSpan.FromSeconds(1))
                return;
            _logged = _last;
        }

        logger.LogWarning("{Refusal}", text);
    }

    private static string Remote(Socket socket) => Address(socket) is { } address && !address.Equals(IPAddress.None) ? address.ToString() : "somebody";

    private static IPAddress Address(Socket socket)
    {
        try
        {
            return (socket.RemoteEndPoint as IPEndPoint)?.Address ?? IPAddress.None;
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            return IPAddress.None; // gone meanwhile
        }
    }

    private void Failed(Exception error) => logger.LogError(error, "a peer's question failed");
}
