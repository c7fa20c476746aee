// SPDX-License-Identifier: Apache-2.0
using System.Net.Sockets;

namespace Penstock.Peers.Tests.Harness;

/// <summary>Waits for a peer to listen.</summary>
internal static class PeerReady
{
    /// <summary>Polls the port until it accepts; fails with the peer's output when it ends before.</summary>
    public static Task WaitAsync(ChildProcess child, int port) => Eventually.TrueAsync(
        async () =>
        {
            try
            {
                using var client = await RawClient.ConnectAsync(port);
                return true;
            }
            catch (SocketException) when (!child.HasExited)
            {
                return false;
            }
        },
        TimeSpan.FromSeconds(20),
        () => child.Output);
}
