// SPDX-License-Identifier: Apache-2.0
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Penstock.Netns.Tests.Harness;

/// <summary>A server of datagrams on a host, as QUIC's are: answers each with its name and what came, from the address it came to.</summary>
internal sealed class UdpEcho : IDisposable
{
    private const int Largest = 9216;

    private readonly List<Socket> _sockets = [];

    /// <summary>Listens.</summary>
    /// <param name="host">Where.</param>
    /// <param name="name">What stands before each answer, behind it a colon.</param>
    /// <param name="endpoints">Addresses of the host: an answer has to leave from the one the datagram came to.</param>
    public UdpEcho(Host host, string name, params IPEndPoint[] endpoints)
    {
        foreach (var endpoint in endpoints)
        {
            var socket = host.Inside(() =>
            {
                var socket = new Socket(endpoint.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
                socket.Bind(endpoint);
                return socket;
            });
            _sockets.Add(socket);
            _ = AnswerAsync(socket, Encoding.ASCII.GetBytes(name + ":"), new IPEndPoint(endpoint.AddressFamily == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any, 0));
        }
    }

    /// <summary>Sends datagrams from one port of a host and takes the answers.</summary>
    /// <param name="host">The client.</param>
    /// <param name="to">Where to.</param>
    /// <param name="datagrams">How many, one after the other.</param>
    /// <param name="bytes">Bytes of each.</param>
    /// <returns>The servers that answered, in turn; <c>none</c> where no answer came in time.</returns>
    public static string[] Ask(Host host, IPEndPoint to, int datagrams, int bytes)
    {
        var payload = new byte[bytes];
        new Random(bytes).NextBytes(payload);
        return Ask(host, to, datagrams, payload);
    }

    /// <summary>The same with the bytes of each.</summary>
    public static string[] Ask(Host host, IPEndPoint to, int datagrams, byte[] payload)
    {
        using var socket = host.Inside(() =>
        {
            var opened = new Socket(to.AddressFamily, SocketType.Dgram, ProtocolType.Udp) { ReceiveTimeout = 2000 };
            opened.Connect(to);
            return opened;
        });
        var answer = new byte[Largest];
        var servers = new string[datagrams];
        for (var i = 0; i < datagrams; i++)
        {
            try
            {
                socket.Send(payload);
                var length = socket.Receive(answer);
                var colon = Array.IndexOf(answer, (byte)':', 0, length);
                answer.AsSpan(colon + 1, length - colon - 1).SequenceEqual(payload).ShouldBeTrue("the answer holds what was sent");
                servers[i] = Encoding.ASCII.GetString(answer, 0, colon);
            }
            catch (SocketException)
            {
                servers[i] = "none";
            }
        }

        return servers;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var socket in _sockets)
            socket.Dispose();
    }

    private static async Task AnswerAsync(Socket socket, byte[] name, IPEndPoint any)
    {
        var buffer = new byte[Largest + name.Length];
        name.CopyTo(buffer, 0);
        try
        {
            while (true)
            {
                var received = await socket.ReceiveFromAsync(buffer.AsMemory(name.Length), any);
                await socket.SendToAsync(buffer.AsMemory(0, name.Length + received.ReceivedBytes), received.RemoteEndPoint);
            }
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // The test has ended.
        }
    }
}
