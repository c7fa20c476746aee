// SPDX-License-Identifier: Apache-2.0
using System.Globalization;
using System.Text;

namespace Penstock.Discovery.Tests.Kubernetes;

/// <summary>An answer of a <see cref="FakeApiServer"/> on its way.</summary>
internal sealed class ApiReply(Stream stream, Action cut)
{
    /// <summary>Sends a whole answer.</summary>
    public async Task SendAsync(int status, string body, CancellationToken cancellation)
    {
        var bytes = Encoding.UTF8.GetBytes(body);
        await WriteAsync($"HTTP/1.1 {status} Status\r\nContent-Type: application/json\r\nContent-Length: {bytes.Length}\r\n\r\n", cancellation);
        await stream.WriteAsync(bytes, cancellation);
        await stream.FlushAsync(cancellation);
    }

    /// <summary>Begins an answer in pieces.</summary>
    public Task BeginAsync(CancellationToken cancellation) => WriteAsync("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n", cancellation);

    /// <summary>Sends a piece.</summary>
    public Task SendPieceAsync(string text, CancellationToken cancellation) =>
        WriteAsync(string.Create(CultureInfo.InvariantCulture, $"{Encoding.UTF8.GetByteCount(text):x}\r\n{text}\r\n"), cancellation);

    /// <summary>Ends an answer in pieces.</summary>
    public Task EndAsync(CancellationToken cancellation) => WriteAsync("0\r\n\r\n", cancellation);

    /// <summary>Resets the connection.</summary>
    public void Cut() => cut();

    private async Task WriteAsync(string text, CancellationToken cancellation)
    {
        await stream.WriteAsync(Encoding.UTF8.GetBytes(text), cancellation);
        await stream.FlushAsync(cancellation);
    }
}
