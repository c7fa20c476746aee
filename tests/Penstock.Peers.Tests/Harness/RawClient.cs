// SPDX-License-Identifier: Apache-2.0
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Penstock.Peers.Tests.Harness;

/// <summary>A client that sends exactly the bytes it is told to.</summary>
internal sealed class RawClient : IDisposable
{
    private readonly Socket _socket;

    private RawClient(Socket socket)
    {
        _socket = socket;
        Reader = new WireReader(socket);
    }

    /// <summary>What comes back.</summary>
    public WireReader Reader { get; }

    /// <summary>Connects to a port of 127.0.0.1.</summary>
    /// <param name="port">The port.</param>
    /// <param name="receiveBufferBytes">Size of the socket's receive buffer; 0: the kernel's choice.</param>
    public static Task<RawClient> ConnectAsync(int port, int receiveBufferBytes = 0) =>
        ConnectAsync(new IPEndPoint(IPAddress.Loopback, port), receiveBufferBytes);

    /// <summary>Connects to any address.</summary>
    public static async Task<RawClient> ConnectAsync(EndPoint address, int receiveBufferBytes = 0)
    {
        var unix = address is UnixDomainSocketEndPoint;
        var socket = new Socket(address.AddressFamily, SocketType.Stream, unix ? ProtocolType.Unspecified : ProtocolType.Tcp);
        if (receiveBufferBytes > 0)
        {
            socket.ReceiveBufferSize = receiveBufferBytes;
        }

        if (!unix)
        {
            socket.NoDelay = true;
        }

        await socket.ConnectAsync(address);
        return new RawClient(socket);
    }

    /// <summary>One request on a connection of its own, and its response.</summary>
    public static async Task<WireMessage> AskAsync(int port, string request)
    {
        using var client = await ConnectAsync(port);
        await client.SendAsync(request);
        return await client.ReadResponseAsync(request.Split(' ')[0]);
    }

    /// <summary>Sends Latin-1 text.</summary>
    public Task SendAsync(string text) => SendAsync(Encoding.Latin1.GetBytes(text));

    /// <summary>Sends bytes; a peer that has closed is no error here, what it answered tells.</summary>
    public async Task SendAsync(ReadOnlyMemory<byte> bytes)
    {
        try
        {
            while (!bytes.IsEmpty)
            {
                bytes = bytes[await _socket.SendAsync(bytes, SocketFlags.None)..];
            }
        }
        catch (SocketException)
        {
            // The answer, or its absence, is what the test asserts on.
        }
    }

    /// <summary>Reads one final response, interim ones left out.</summary>
    /// <param name="method">Method of the request it answers: a response to HEAD has no body.</param>
    public async Task<WireMessage> ReadResponseAsync(string method = "GET")
    {
        WireMessage response;
        do
        {
            response = await ReadHeadAsync();
        }
        while (response.Status is >= 100 and < 200 and not 101);

        if (method == "HEAD" || response.Status is 101 or 204 or 304)
        {
            response.Complete = true;
            return response;
        }

        await Reader.ReadBodyAsync(response, untilClose: true);
        return response;
    }

    /// <summary>Reads one head, interim or final.</summary>
    public async Task<WireMessage> ReadHeadAsync() =>
        new(await Reader.ReadHeadAsync() ?? throw new InvalidDataException("closed without a response"));

    /// <summary>Whether the peer closes, having sent nothing more.</summary>
    public async Task<bool> IsClosedAsync() => (await Reader.ReadToEndAsync()).Length == 0;

    /// <summary>Ends the sending direction only.</summary>
    public void EndSending() => _socket.Shutdown(SocketShutdown.Send);

    /// <summary>Resets the connection.</summary>
    public void Reset()
    {
        _socket.LingerState = new LingerOption(enable: true, 0);
        _socket.Close();
    }

    /// <inheritdoc/>
    public void Dispose() => _socket.Dispose();
}
