// SPDX-License-Identifier: Apache-2.0
using System.Net;
using System.Net.Sockets;

namespace Penstock.L4.Tests.Userspace;

/// <summary>A server that answers a datagram with its own address, the client's port as it sees it, and the datagram.</summary>
internal sealed class UdpServer : IDisposable
{
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);

    public UdpServer(IPAddress address)
    {
        _socket.Bind(new IPEndPoint(address, 9090));
        _ = Task.Run(ServeAsync);
    }

    public IPEndPoint At { get; private init; } = new(IPAddress.None, 0);

    public static UdpServer Start(Loopback loopback)
    {
        var address = loopback.NewAddress();
        return loopback.Own(new UdpServer(address) { At = new IPEndPoint(address, 9090) });
    }

    public void Dispose() => _socket.Dispose();

    private async Task ServeAsync()
    {
        var buffer = new byte[1 << 16];
        try
        {
            while (true)
            {
                var got = await _socket.ReceiveFromAsync(buffer, new IPEndPoint(IPAddress.Any, 0));
                var from = (IPEndPoint)got.RemoteEndPoint;
                await _socket.SendToAsync((byte[])[.. At.Address.GetAddressBytes(), (byte)(from.Port >> 8), (byte)from.Port, .. buffer.AsSpan(0, got.ReceivedBytes)], from);
            }
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }
}
