// SPDX-License-Identifier: Apache-2.0
using System.Net;
using System.Net.Sockets;

namespace Penstock.Daemon.Tests.Peers;

/// <summary>Ports below those that the kernel hands out for connections, so that none of these takes one before it is bound.</summary>
internal static class FreePort
{
    private const int First = 12_000;
    private const int Last = 20_000;
    private static int _next = Environment.ProcessId * 37 % (Last - First);

    /// <summary>A port that nothing listens on now, handed out once.</summary>
    public static int Next()
    {
        while (true)
        {
            var port = First + (Interlocked.Increment(ref _next) % (Last - First));
            using var probe = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                probe.Bind(new IPEndPoint(IPAddress.Loopback, port));
                return port;
            }
            catch (SocketException)
            {
                // Taken by someone else: the next one.
            }
        }
    }
}
