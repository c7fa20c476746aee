// SPDX-License-Identifier: Apache-2.0
using System.Net;
using System.Net.Sockets;
using Penstock.Daemon.Admin;
using Penstock.L7;
using Penstock.Model;
using Penstock.Telemetry.Http;
using Penstock.Telemetry.Prometheus;

namespace Penstock.Daemon.Running;

/// <summary>The listener of /metrics, which follows the configuration. Called by the control loop only.</summary>
/// <param name="handler">Answers requests.</param>
/// <param name="onError">Told of answers that failed.</param>
internal sealed class MetricsListener(ControlHttpHandler handler, Action<Exception> onError) : IAsyncDisposable
{
    private readonly List<Task> _retired = [];
    private MetricsConfig? _config;
    private ControlHttpServer? _server;

    /// <summary>Binds what a configuration asks for and this does not serve yet; what is served now goes on.</summary>
    /// <returns>To be given to <see cref="Adopt"/> or disposed; null: there is nothing new to bind.</returns>
    /// <exception cref="L7ApplyException">It could not be bound.</exception>
    public Socket? Open(MetricsConfig? config)
    {
        if (config is null || config == _config) return null;
        try
        {
            return config.Bind.UnixPath is { } path ? ControlSocket.Listen(path) : ListenOn(new IPEndPoint(config.Bind.Address!, config.Bind.Port)); // one of the two is set
        }
        catch (Exception exception) when (exception is SocketException or IOException)
        {
            throw new L7ApplyException($"metrics listener {config.Bind}: {exception.Message}", exception);
        }
    }

    /// <summary>Serves as configured from now on.</summary>
    /// <param name="config">The configuration; null: no listener.</param>
    /// <param name="socket">What <see cref="Open"/> gave for it.</param>
    public void Adopt(MetricsConfig? config, Socket? socket)
    {
        if (config == _config) return;
        _retired.RemoveAll(task => task.IsCompleted);
        if (_server is { } old) _retired.Add(old.DisposeAsync().AsTask());
        _server = socket is null ? null : new ControlHttpServer(socket, handler, onError, MetricsEndpoint.Limits);
        _config = config;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_server is { } server) await server.DisposeAsync();
        await Task.WhenAll(_retired);
    }

    private static Socket ListenOn(IPEndPoint address)
    {
        var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            if (address.Address.Equals(IPAddress.IPv6Any)) socket.DualMode = true;
            socket.Bind(address);
            socket.Listen(ControlSocket.Backlog);
            return socket;
        }
        catch (SocketException)
        {
            socket.Dispose();
            throw;
        }
    }
}
