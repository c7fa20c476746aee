// SPDX-License-Identifier: Apache-2.0
using System.Net;
using System.Net.Sockets;
using Penstock.Tests;

namespace Penstock.Peers.Tests.Harness;

/// <summary>An origin that follows a script on each connection and records what it received.</summary>
internal sealed class RawOrigin : IAsyncDisposable
{
    /// <summary>A short good answer.</summary>
    public const string Ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

    private readonly Socket _listener;
    private readonly Func<OriginConnection, Task> _script;
    private readonly List<WireMessage> _requests = [];
    private readonly List<Socket> _sockets = [];
    private readonly Task _accepting;
    private int _connections;

    /// <summary>An origin with a script.</summary>
    /// <param name="script">Runs for each connection; its exceptions end that connection.</param>
    /// <param name="bind">Where it listens; null: a free port of 127.0.0.1.</param>
    public RawOrigin(Func<OriginConnection, Task> script, EndPoint? bind = null)
    {
        _script = script;
        Address = bind ?? new IPEndPoint(IPAddress.Loopback, FreePort.Next());
        _listener = new Socket(Address.AddressFamily, SocketType.Stream, Address is IPEndPoint ? ProtocolType.Tcp : ProtocolType.Unspecified);
        _listener.Bind(Address);
        _listener.Listen(4096);
        _accepting = AcceptAsync();
    }

    /// <summary>Where it listens.</summary>
    public EndPoint Address { get; }

    /// <summary>Its address as the configuration writes it.</summary>
    public string Endpoint => Address is IPEndPoint ip ? ip.ToString() : $"unix:{Address}";

    /// <summary>Connections accepted so far.</summary>
    public int Connections => Volatile.Read(ref _connections);

    /// <summary>Requests whose head has come, in order.</summary>
    public IReadOnlyList<WireMessage> Requests
    {
        get
        {
            lock (_requests)
            {
                return [.. _requests];
            }
        }
    }

    /// <summary>An origin that answers every request with the same bytes.</summary>
    public static RawOrigin Answering(string response = Ok) => new(connection => AnswerAsync(connection, _ => response));

    /// <summary>Answers every request on a connection until it ends.</summary>
    public static async Task AnswerAsync(OriginConnection connection, Func<WireMessage, string> response)
    {
        while (await connection.ReadRequestAsync() is { } request)
        {
            await connection.SendAsync(response(request));
        }
    }

    /// <summary>Notes a request; <see cref="OriginConnection"/> calls it.</summary>
    public void Record(WireMessage request)
    {
        lock (_requests)
        {
            _requests.Add(request);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _listener.Dispose();
        lock (_sockets)
        {
            _sockets.ForEach(socket => socket.Dispose());
        }

        await _accepting;
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var socket = await _listener.AcceptAsync();
                lock (_sockets)
                {
                    _sockets.Add(socket);
                }

                _ = ServeAsync(socket);
            }
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // Disposed: no more connections.
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        try
        {
            await _script(new OriginConnection(this, socket, Interlocked.Increment(ref _connections)));
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException or InvalidDataException or FormatException or TimeoutException)
        {
            // The connection is over; what was recorded, and what the client saw, are what tests assert on.
        }
        finally
        {
            socket.Dispose();
        }
    }
}
