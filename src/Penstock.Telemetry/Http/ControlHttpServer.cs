// SPDX-License-Identifier: Apache-2.0
using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;

namespace Penstock.Telemetry.Http;

/// <summary>
/// A small HTTP/1.1 server for the daemon's own listeners (admin API, /metrics, the peers' channel): whole requests and answers, strict, and
/// bounded by <see cref="ControlHttpLimits"/>. Not for clients' traffic; a web framework would cost more memory than the rest of the daemon.
/// </summary>
public sealed class ControlHttpServer : IAsyncDisposable
{
    private readonly Socket _listener;
    private readonly ControlHttpHandler _handler;
    private readonly ControlHttpHandshake? _handshake;
    private readonly Action<Exception> _onError;
    private readonly ControlHttpLimits _limits;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _lock = new();
    private readonly Dictionary<ControlHttpConnection, Task> _connections = [];
    private readonly Task _accepting;

    /// <summary>Serves a listening socket at once.</summary>
    /// <param name="listener">Bound and listening; owned by the server from here on.</param>
    /// <param name="handler">Answers requests.</param>
    /// <param name="onError">Told of what the handler throws; the client gets 500.</param>
    /// <param name="limits">Bounds; null: the defaults.</param>
    /// <param name="time">Clock of the Date field; null: the system's.</param>
    /// <param name="handshake">Makes sure of each client; null: whoever connects is served.</param>
    public ControlHttpServer(
        Socket listener,
        ControlHttpHandler handler,
        Action<Exception> onError,
        ControlHttpLimits? limits = null,
        TimeProvider? time = null,
        ControlHttpHandshake? handshake = null)
    {
        _listener = listener;
        _handler = handler;
        _handshake = handshake;
        _onError = onError;
        _limits = limits ?? new ControlHttpLimits();
        _time = time ?? TimeProvider.System;
        LocalEndPoint = listener.LocalEndPoint;
        _accepting = AcceptAsync();
    }

    /// <summary>Where it listens.</summary>
    public EndPoint? LocalEndPoint { get; }

    /// <summary>Stops accepting, cancels the answers under way, and returns when every connection is closed.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_stop.IsCancellationRequested) return;
        await _stop.CancelAsync();
        _listener.Dispose();
        await _accepting;
        Task[] open;
        lock (_lock) open = [.. _connections.Values];
        await Task.WhenAll(open);
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                Admit(await _listener.AcceptAsync(_stop.Token));
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (SocketException exception) when (!_stop.IsCancellationRequested)
            {
                // Out of descriptors, or the client left before it was accepted.
                _onError(exception);
                await Task.Delay(TimeSpan.FromMilliseconds(100), _time, CancellationToken.None);
            }
            catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
            {
                return;
            }
        }
    }

    /// <summary>Serves a connection. Clients that only hold theirs must not lock others out: when there are too many, the one that has idled longest goes.</summary>
    private void Admit(Socket socket)
    {
        lock (_lock)
        {
            if (_connections.Count >= _limits.Connections && !Evict())
            {
                socket.Dispose();
                return;
            }

            var connection = new ControlHttpConnection(socket, _handler, _handshake, _limits, _time, _onError);
            _connections.Add(connection, ServeAsync(socket, connection));
        }
    }

    private bool Evict()
    {
        if (_connections.Keys.Where(connection => connection.Phase != ControlHttpPhase.Answering).MinBy(connection => (connection.Phase, connection.Since)) is not { } victim) return false;
        victim.Close();
        return _connections.Remove(victim);
    }

    private async Task ServeAsync(Socket socket, ControlHttpConnection connection)
    {
        await Task.Yield();
        try
        {
            using (socket)
            {
                await connection.RunAsync(_stop.Token);
                await CloseAsync(socket);
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or IOException or SocketException or AuthenticationException or ObjectDisposedException)
        {
            // Too slow, gone, refused, evicted, or the server stops: in each case the connection ends here.
        }
        catch (Exception exception)
        {
            _onError(exception); // A bug of ours, which must not keep the server from being closed.
        }
        finally
        {
            lock (_lock) _connections.Remove(connection);
        }
    }

    // Closing with unread bytes would reset the connection and could take the answer with it (RFC 9112 section 9.6).
    private async ValueTask CloseAsync(Socket socket)
    {
        socket.Shutdown(SocketShutdown.Send);
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        timeout.CancelAfter(TimeSpan.FromSeconds(1));
        var rest = new byte[1024];
        for (var left = 64; left > 0; left--)
        {
            if (await socket.ReceiveAsync(rest, timeout.Token) == 0) return;
        }
    }
}
