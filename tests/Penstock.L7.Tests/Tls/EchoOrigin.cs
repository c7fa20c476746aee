// SPDX-License-Identifier: Apache-2.0
using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text;

namespace Penstock.L7.Tests.Tls;

/// <summary>
/// An origin that answers each request with its head in a field, and its body. <c>/end</c> and <c>/cut</c> are answered without a length, and
/// the connection closed: in order, or without TLS being told.
/// </summary>
internal sealed class EchoOrigin : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly SslServerAuthenticationOptions? _tls;

    public EchoOrigin(SslServerAuthenticationOptions? tls = null)
    {
        _tls = tls;
        _listener.Start();
        _ = AcceptAsync();
    }

    public IPEndPoint Address => (IPEndPoint)_listener.LocalEndpoint;

    public void Dispose() => _listener.Dispose();

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
                _ = ServeAsync(await _listener.AcceptTcpClientAsync());
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // It has ended.
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using var _ = client;
        try
        {
            var secured = _tls is null ? null : new SslStream(client.GetStream());
            await using Stream stream = secured is null ? client.GetStream() : secured;
            if (secured is not null)
                await secured.AuthenticateAsServerAsync(_tls!); // As secured.
            while (await ReadHeadAsync(stream) is { } head)
            {
                if (head.StartsWith("GET /end ", StringComparison.Ordinal) || head.StartsWith("GET /cut ", StringComparison.Ordinal))
                {
                    await stream.WriteAsync("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nall of it"u8.ToArray());
                    if (secured is not null && head.StartsWith("GET /end ", StringComparison.Ordinal))
                        await secured.ShutdownAsync();
                    return;
                }

                var length = head.Split("\r\n").FirstOrDefault(line => line.StartsWith("Content-Length: ", StringComparison.OrdinalIgnoreCase)) is { } field
                    ? int.Parse(field.AsSpan("Content-Length: ".Length), CultureInfo.InvariantCulture) : 0;
                var body = new byte[length];
                await stream.ReadExactlyAsync(body);
                await stream.WriteAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nX-Head: {head.Replace("\r\n", "|", StringComparison.Ordinal)}\r\nContent-Length: {length}\r\n\r\n"));
                await stream.WriteAsync(body);
            }
        }
        catch (Exception e) when (e is IOException or AuthenticationException)
        {
            // The proxy has closed the connection.
        }
    }

    private static async Task<string?> ReadHeadAsync(Stream stream)
    {
        var head = new StringBuilder();
        var one = new byte[1];
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            if (await stream.ReadAsync(one) == 0)
                return null;
            head.Append((char)one[0]);
        }

        return head.ToString().TrimEnd();
    }
}
