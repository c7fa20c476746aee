// SPDX-License-Identifier: Apache-2.0
using System.Net;
using System.Net.Sockets;

namespace Penstock.L4.Tests.Userspace;

/// <summary>A server whose connections do what a test says.</summary>
internal sealed class TcpServer : IDisposable
{
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly List<Socket> _accepted = [];

    public TcpServer(IPAddress address, Func<Socket, Task> serve)
    {
        _listener.Bind(new IPEndPoint(address, 9090));
        _listener.Listen(512);
        _ = Task.Run(() => AcceptAsync(serve));
    }

    public IPEndPoint At => (IPEndPoint)_listener.LocalEndPoint!; // Bound above.

    /// <summary>One that sends its address, then whatever it gets.</summary>
    public static TcpServer Echo(Loopback loopback) => loopback.Own(new TcpServer(loopback.NewAddress(), async socket =>
    {
        await socket.SendAsync(Hello(((IPEndPoint)socket.LocalEndPoint!).Address)); // It is accepted.
        var buffer = new byte[1 << 16];
        while (await socket.ReceiveAsync(buffer) is > 0 and var count)
            await SendAllAsync(socket, buffer.AsMemory(0, count));
        socket.Shutdown(SocketShutdown.Send);
    }));

    public static byte[] Hello(IPAddress address) => address.GetAddressBytes();

    public static async Task SendAllAsync(Socket socket, ReadOnlyMemory<byte> bytes)
    {
        while (!bytes.IsEmpty)
            bytes = bytes[await socket.SendAsync(bytes)..];
    }

    /// <summary>The address that an echo server says.</summary>
    public static async Task<IPAddress> WhoAsync(Socket client)
    {
        var hello = new byte[4];
        await ReadAsync(client, hello);
        return new IPAddress(hello);
    }

    public static async Task ReadAsync(Socket socket, Memory<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            var count = await socket.ReceiveAsync(bytes).AsTask().WaitAsync(Loopback.Patience);
            bytes = count > 0 ? bytes[count..] : throw new EndOfStreamException();
        }
    }

    public void Dispose()
    {
        _listener.Dispose();
        lock (_accepted)
            _accepted.ForEach(socket => socket.Dispose());
    }

    private async Task AcceptAsync(Func<Socket, Task> serve)
    {
        try
        {
            while (true)
            {
                var socket = await _listener.AcceptAsync();
                lock (_accepted)
                    _accepted.Add(socket);
                _ = Task.Run(async () =>
                {
                    using (socket)
                        await serve(socket);
                });
            }
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }
}
