// SPDX-License-Identifier: Apache-2.0
using System.Net;
using System.Net.Sockets;
using Penstock.Model;
using Penstock.Model.L4;
using Penstock.Model.Peers;

namespace Penstock.Daemon.Peers;

/// <summary>
/// Whether a host serves although its daemon says nothing over the channel: whether its listeners of shared services take a connection. Asked by the address of the host, so it
/// can be told of listeners alone that are bound to every address.
/// </summary>
internal static class ProxyProbe
{
    /// <summary>Where a host's listeners of shared services are to be reached; none: it can't be told.</summary>
    /// <param name="config">This host's configuration: shared services are the same on all.</param>
    /// <param name="peer">The host.</param>
    public static IReadOnlyList<IPEndPoint> Targets(ApplianceConfig config, PeerHostConfig peer)
    {
        var proxy = peer.ProxyAddress();
        var ports = config.L7.Listeners.Select(listener => listener.Bind)
            .Where(bind => bind.Address is { } address && (address.Equals(IPAddress.IPv6Any) || (address.Equals(IPAddress.Any) && proxy.AddressFamily == AddressFamily.InterNetwork)))
            .Select(bind => bind.Port).ToHashSet();
        return
        [
            .. config.L4.Services.Where(service => service.Forwarding == Forwarding.L7 && service.Backends.Any(backend => backend.Address.Equals(proxy)))
                .Select(service => service.Listen.FirstPort).Where(ports.Contains).Distinct().Select(port => new IPEndPoint(proxy, port)),
        ];
    }

    /// <summary>Whether one of them takes a connection.</summary>
    /// <param name="targets">Where.</param>
    /// <param name="timeout">Longest wait.</param>
    /// <param name="stop">Ends it.</param>
    public static async Task<bool> AnswersAsync(IReadOnlyList<IPEndPoint> targets, TimeSpan timeout, CancellationToken stop)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stop);
        limit.CancelAfter(timeout);
        foreach (var target in targets)
        {
            try
            {
                using var socket = new Socket(target.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
                await socket.ConnectAsync(target, limit.Token);
                return true;
            }
            catch (Exception error) when (error is SocketException or OperationCanceledException)
            {
                // It does not; perhaps another does.
            }
        }

        return false;
    }
}
