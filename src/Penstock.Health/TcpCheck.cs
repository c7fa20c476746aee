// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using System.Net.Sockets;
using Penstock.Model;
using Penstock.Model.L7;

namespace Penstock.Health;

/// <summary>Passes when the endpoint accepts a connection.</summary>
internal sealed class TcpCheck(ProxyProtocolVersion? announce = null, ImmutableDictionary<SocketEndpoint, uint>? marks = null) : IHealthCheck
{
    public async Task<string?> RunAsync(SocketEndpoint endpoint, CancellationToken cancel)
    {
        try
        {
            using var socket = await CheckSocket.ConnectAsync(endpoint, announce, marks?.GetValueOrDefault(endpoint) ?? 0, cancel);
            return null;
        }
        catch (SocketException e)
        {
            return CheckSocket.Describe("connect", e);
        }
    }
}
