// SPDX-License-Identifier: Apache-2.0
using System.Net;
using System.Net.Sockets;
using Penstock.Linux;
using Penstock.Model;
using Penstock.Model.L7;

namespace Penstock.Health;

/// <summary>Connections of checks, and the words for what fails about them.</summary>
internal static class CheckSocket
{
    // haproxy's proxy-protocol.txt: a connection that is made for no client.
    private static readonly byte[] s_unknown = "PROXY UNKNOWN\r\n"u8.ToArray();
    private static readonly byte[] s_local = [.. "\r\n\r\n\0\r\nQUIT\n"u8, 0x20, 0, 0, 0];

    /// <summary>Connects to an IP address or a Unix socket.</summary>
    /// <param name="endpoint">Where to.</param>
    /// <param name="announce">Version of the PROXY header to begin with; null: none.</param>
    /// <param name="mark">Mark of its packets: answers without it are not taken, and it ends with a reset; 0: none.</param>
    /// <param name="cancel">Ends it.</param>
    public static async Task<Socket> ConnectAsync(SocketEndpoint endpoint, ProxyProtocolVersion? announce, uint mark, CancellationToken cancel)
    {
        var socket = endpoint.Address is { } ip
            ? new Socket(ip.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true }
            : new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            EndPoint peer = endpoint.Address is { } address
                ? new IPEndPoint(address, endpoint.Port)
                : new UnixDomainSocketEndPoint(endpoint.UnixPath ?? throw new ArgumentException("neither an address nor a path", nameof(endpoint)));
            if (mark != 0)
                Mark(socket, mark);
            await socket.ConnectAsync(peer, cancel);
            if (announce is { } version)
                await socket.SendAsync(version == ProxyProtocolVersion.V1 ? s_unknown : s_local, SocketFlags.None, cancel); // Far less than a fresh socket takes at once.
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    // A port that no other check has at the time, and free again at once: what comes back is told apart by it.
    private static void Mark(Socket socket, uint mark)
    {
        socket.LingerState = new LingerOption(enable: true, seconds: 0);
        var marked = MarkedSocket.Prepare((int)socket.Handle, socket.AddressFamily == AddressFamily.InterNetworkV6, mark);
        if (marked.IsError)
            throw new IOException($"could not mark packets of the check: {marked.Error}");
    }

    /// <summary>Such as <c>connect: connection refused</c>.</summary>
    public static string Describe(string during, SocketException error) => during + ": " + error.SocketErrorCode switch
    {
        SocketError.ConnectionRefused => "connection refused",
        SocketError.ConnectionReset => "connection reset by peer",
        SocketError.TimedOut => "timed out in the kernel",
        SocketError.HostUnreachable => "no route to host",
        SocketError.NetworkUnreachable => "network is unreachable",
        SocketError.AddressNotAvailable => "address not available or no such socket",
        SocketError.AccessDenied => "permission denied",
        SocketError.TooManyOpenSockets => "too many open files",
        SocketError.Shutdown => "broken pipe",
        var other => other.ToString(),
    };
}
