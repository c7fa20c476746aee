// SPDX-License-Identifier: Apache-2.0
using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Penstock.Model;

namespace Penstock.Discovery.Tests.Dns;

/// <summary>A name server on a port of the loopback address, UDP and TCP. Answers with what the functions return, one datagram or message each; none: it stays silent.</summary>
internal sealed class FakeNameServer : IAsyncDisposable
{
    private readonly Socket _udp = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
    private readonly Socket _tcp = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _serving;

    public FakeNameServer(Func<byte[], IEnumerable<byte[]>> overUdp, Func<byte[], IEnumerable<byte[]>>? overTcp = null)
    {
        // The same port on both: taken from TCP, since a free one is then likely free on UDP.
        _tcp.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _tcp.Listen();
        _udp.Bind(_tcp.LocalEndPoint.ShouldNotBeNull());
        Address = SocketEndpoint.Ip(IPAddress.Loopback, ((IPEndPoint)_tcp.LocalEndPoint).Port);
        _serving = Task.WhenAll(ServeUdpAsync(overUdp), overTcp is null ? Task.CompletedTask : ServeTcpAsync(overTcp));
    }

    /// <summary>Where it listens.</summary>
    public SocketEndpoint Address { get; }

    /// <summary>Queries seen over UDP.</summary>
    public int Queries { get; private set; }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _serving.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _udp.Dispose();
        _tcp.Dispose();
        _stop.Dispose();
    }

    private async Task ServeUdpAsync(Func<byte[], IEnumerable<byte[]>> answer)
    {
        var buffer = new byte[4096];
        while (true)
        {
            var received = await _udp.ReceiveFromAsync(buffer, new IPEndPoint(IPAddress.Any, 0), _stop.Token);
            Queries++;
            foreach (var message in answer(buffer[..received.ReceivedBytes]))
                await _udp.SendToAsync(message, received.RemoteEndPoint, _stop.Token);
        }
    }

    private async Task ServeTcpAsync(Func<byte[], IEnumerable<byte[]>> answer)
    {
        while (true)
        {
            using var client = new NetworkStream(await _tcp.AcceptAsync(_stop.Token), ownsSocket: true);
            var head = new byte[2];
            await client.ReadExactlyAsync(head, _stop.Token);
            var query = new byte[BinaryPrimitives.ReadUInt16BigEndian(head)];
            await client.ReadExactlyAsync(query, _stop.Token);
            foreach (var message in answer(query))
            {
                BinaryPrimitives.WriteUInt16BigEndian(head, (ushort)message.Length);
                await client.WriteAsync(head, _stop.Token);
                await client.WriteAsync(message, _stop.Token);
            }
        }
    }
}
