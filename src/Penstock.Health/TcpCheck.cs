// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using System.Net.Sockets;
using Penstock.Linux.Tls;
using Penstock.Model;
using Penstock.Model.L7;

namespace Penstock.Health;

/// <summary>Passes when the endpoint accepts a connection, and agrees upon TLS where it has that.</summary>
internal sealed class TcpCheck(ProxyProtocolVersion? announce = null, ImmutableDictionary<SocketEndpoint, uint>? marks = null, CheckTls? tls = null) : IHealthCheck
{
    public async Task<string?> RunAsync(SocketEndpoint endpoint, CancellationToken cancel)
    {
        try
        {
            using var stream = await CheckStream.OpenAsync(endpoint, announce, marks?.GetValueOrDefault(endpoint) ?? 0, tls?.Client(), cancel);
            return null;
        }
        catch (SocketException e)
        {
            return CheckSocket.Describe("connect", e);
        }
        catch (TlsException e)
        {
            return "tls: " + e.Message;
        }
    }
}
