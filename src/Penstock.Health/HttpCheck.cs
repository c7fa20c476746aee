// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using System.Net.Sockets;
using System.Text;
using Penstock.Linux.Tls;
using Penstock.Model;
using Penstock.Model.L7;

namespace Penstock.Health;

/// <summary>Passes when a GET over a fresh HTTP/1.1 connection is answered with a status in the expected range. Reads no further than the status line.</summary>
internal sealed class HttpCheck(HealthCheckConfig config, ProxyProtocolVersion? announce = null, ImmutableDictionary<SocketEndpoint, uint>? marks = null, CheckTls? tls = null) : IHealthCheck
{
    /// <summary>Bytes read before giving up on a status line; room for interim responses.</summary>
    private const int MaxBytes = 8 << 10;

    public async Task<string?> RunAsync(SocketEndpoint endpoint, CancellationToken cancel)
    {
        var during = "connect";
        try
        {
            using var stream = await CheckStream.OpenAsync(endpoint, announce, marks?.GetValueOrDefault(endpoint) ?? 0, tls?.Client(), cancel);
            during = "send";
            await stream.SendAsync(RequestFor(endpoint), cancel);

            during = "receive";
            return await ReadStatusAsync(stream, cancel);
        }
        catch (SocketException e)
        {
            return CheckSocket.Describe(during, e);
        }
        catch (TlsException e)
        {
            return "tls: " + e.Message;
        }
    }

    /// <summary>The host that requests of checks are for.</summary>
    internal static string HostFor(HealthCheckConfig config, SocketEndpoint endpoint) => config.Host ?? (endpoint.Address is null ? "localhost" : endpoint.ToString());

    private byte[] RequestFor(SocketEndpoint endpoint) =>
        Encoding.UTF8.GetBytes($"GET {config.Path} HTTP/1.1\r\nHost: {HostFor(config, endpoint)}\r\nUser-Agent: penstock-health\r\nAccept: */*\r\nConnection: close\r\n\r\n");

    private async Task<string?> ReadStatusAsync(CheckStream stream, CancellationToken cancel)
    {
        var buffer = new byte[MaxBytes];
        var length = 0;
        while (length < buffer.Length)
        {
            var read = await stream.ReceiveAsync(buffer.AsMemory(length), cancel);
            if (read == 0)
                return length == 0 ? "closed without a response" : "closed before the end of the status line";

            length += read;
            switch (StatusLineParser.Parse(buffer.AsSpan(0, length), out var status))
            {
                case ParseOutcome.Done when config.Expect.Contains(status):
                    return null;
                case ParseOutcome.Done:
                    return $"status {status}, expected {config.Expect}";
                case ParseOutcome.Rejected:
                    return "the response is not HTTP/1.x";
            }
        }

        return $"no status within {MaxBytes} bytes";
    }
}
