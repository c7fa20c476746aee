// SPDX-License-Identifier: Apache-2.0
using System.Net;
using System.Net.Sockets;
using Penstock.Tests;

namespace Penstock.Peers.Tests.Harness;

/// <summary>An address that takes no connection and refuses none: a listening socket whose queue is full, so that the kernel drops what asks to connect.</summary>
internal sealed class BlackHole : IDisposable
{
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly List<Socket> _fillers = [];

    private BlackHole()
    {
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, FreePort.Next()));
        _listener.Listen(0);
    }

    /// <summary>Its address as penstock's configuration writes it.</summary>
    public string Endpoint => _listener.LocalEndPoint!.ToString()!; // it is bound

    /// <summary>Fills the queue of a new one.</summary>
    public static async Task<BlackHole> OpenAsync()
    {
        var hole = new BlackHole();
        while (await hole.ConnectsAsync())
        {
            // There was room for one more.
        }

        return hole;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _fillers.ForEach(filler => filler.Dispose());
        _listener.Dispose();
    }

    private async Task<bool> ConnectsAsync()
    {
        var filler = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        _fillers.Add(filler);
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(2));
        try
        {
            await filler.ConnectAsync(_listener.LocalEndPoint!, patience.Token);
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }
}
