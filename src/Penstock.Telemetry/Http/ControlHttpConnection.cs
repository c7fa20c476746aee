// SPDX-License-Identifier: Apache-2.0
using System.Collections.Frozen;
using System.Net.Sockets;
using System.Text;

namespace Penstock.Telemetry.Http;

/// <summary>One client: reads a request, answers it, and goes on until either side closes.</summary>
/// <param name="socket">Its socket, accepted.</param>
/// <param name="handler">Answers requests.</param>
/// <param name="handshake">Makes sure of the client; null: whoever connects is served.</param>
/// <param name="limits">Bounds.</param>
/// <param name="time">Clock.</param>
/// <param name="onError">Told of what the handler throws.</param>
internal sealed class ControlHttpConnection(
    Socket socket,
    ControlHttpHandler handler,
    ControlHttpHandshake? handshake,
    ControlHttpLimits limits,
    TimeProvider time,
    Action<Exception> onError)
{
    private const int Gone = -1;
    private const int TooLong = -2;

    private readonly byte[] _buffer = new byte[limits.HeadBytes + limits.BodyBytes];
    private Stream _stream = Stream.Null;
    private int _filled;
    private bool _answered;
    private volatile ControlHttpPhase _phase = handshake is null ? ControlHttpPhase.Waiting : ControlHttpPhase.Greeting;
    private long _since = time.GetTimestamp();

    /// <summary>What it does; read by any thread.</summary>
    public ControlHttpPhase Phase => _phase;

    /// <summary>Timestamp of the beginning of that; read by any thread.</summary>
    public long Since => Volatile.Read(ref _since);

    /// <summary>Ends it from any thread, in order: a client between two requests sees an end, not a reset.</summary>
    public void Close()
    {
        try
        {
            socket.Shutdown(SocketShutdown.Both);
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // It has ended by itself.
        }
    }

    /// <summary>Runs until the connection ends; throws nothing but cancellation, I/O errors and what the handshake throws.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        await using var stream = await OpenAsync(stop);
        _stream = stream;
        await ServeAsync(stop);
    }

    private async ValueTask<Stream> OpenAsync(CancellationToken stop)
    {
        if (handshake is null) return new NetworkStream(socket, ownsSocket: false);
        using var timeout = Timeout(limits.Transfer, stop);
        var stream = await handshake(socket, timeout.Token);
        Enter(ControlHttpPhase.Waiting);
        return stream;
    }

    private async Task ServeAsync(CancellationToken stop)
    {
        while (true)
        {
            var headEnd = await ReadHeadAsync(stop);
            if (headEnd == Gone) return;
            if (headEnd == TooLong)
            {
                await WriteAsync(Refusal(431), keepAlive: false, withBody: true, stop);
                return;
            }

            var status = ControlHttpHead.Parse(_buffer.AsSpan(0, headEnd), limits, out var head);
            if (status != 0 || head is null)
            {
                await WriteAsync(Refusal(status), keepAlive: false, withBody: true, stop);
                return;
            }

            var bodyStart = headEnd + 4;
            var bodyEnd = bodyStart + (int)head.ContentLength;
            if (!await FillToAsync(bodyEnd, stop)) return;

            var body = _buffer.AsSpan(bodyStart, bodyEnd - bodyStart).ToArray();
            _buffer.AsSpan(bodyEnd, _filled - bodyEnd).CopyTo(_buffer);
            _filled -= bodyEnd;

            Enter(ControlHttpPhase.Answering);
            var response = await AnswerAsync(head, body, stop);
            Enter(ControlHttpPhase.Sending);
            await WriteAsync(response, head.KeepAlive, !string.Equals(head.Method, "HEAD", StringComparison.Ordinal), stop);
            if (!head.KeepAlive) return;
            _answered = true;
            Enter(ControlHttpPhase.Waiting);
        }
    }

    private void Enter(ControlHttpPhase phase)
    {
        Volatile.Write(ref _since, time.GetTimestamp());
        _phase = phase;
    }

    private static ControlHttpResponse Refusal(int status) => ControlHttpResponse.Text(status, Phrase(status));

    private static string Phrase(int status) => status switch
    {
        200 => "OK",
        400 => "Bad Request",
        404 => "Not Found",
        405 => "Method Not Allowed",
        413 => "Content Too Large",
        417 => "Expectation Failed",
        422 => "Unprocessable Content",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        503 => "Service Unavailable",
        505 => "HTTP Version Not Supported",
        _ => "",
    };

    /// <summary>Index of the empty line that ends the head, <see cref="Gone"/> or <see cref="TooLong"/>.</summary>
    private async ValueTask<int> ReadHeadAsync(CancellationToken stop)
    {
        var first = _filled == 0 && _answered;
        using var timeout = Timeout(first ? limits.Idle : limits.Transfer, stop);
        while (true)
        {
            var end = _buffer.AsSpan(0, Math.Min(_filled, limits.HeadBytes)).IndexOf("\r\n\r\n"u8);
            if (end >= 0) return end;
            if (_filled >= limits.HeadBytes) return TooLong;

            var read = await _stream.ReadAsync(_buffer.AsMemory(_filled, limits.HeadBytes - _filled), timeout.Token);
            if (read == 0) return Gone;
            _filled += read;
            if (first) timeout.CancelAfter(limits.Transfer);
            first = false;
        }
    }

    private async ValueTask<bool> FillToAsync(int end, CancellationToken stop)
    {
        if (_filled >= end) return true;
        using var timeout = Timeout(limits.Transfer, stop);
        while (_filled < end)
        {
            var read = await _stream.ReadAsync(_buffer.AsMemory(_filled, end - _filled), timeout.Token);
            if (read == 0) return false;
            _filled += read;
        }

        return true;
    }

    private async ValueTask<ControlHttpResponse> AnswerAsync(ControlHttpHead head, byte[] body, CancellationToken stop)
    {
        try
        {
            var headers = head.Headers.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);
            return await handler(new ControlHttpRequest(head.Method, head.Path, head.Query, headers, body), stop);
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            // The one catch-all of this loop: a fault of one answer must not end the server.
            onError(exception);
            return Refusal(500);
        }
    }

    private async ValueTask WriteAsync(ControlHttpResponse response, bool keepAlive, bool withBody, CancellationToken stop)
    {
        var head = new StringBuilder(256)
            .Append("HTTP/1.1 ").Append(response.Status).Append(' ').Append(Phrase(response.Status)).Append("\r\n")
            .Append("Date: ").Append(time.GetUtcNow().ToString("R")).Append("\r\n")
            .Append("Content-Type: ").Append(response.ContentType).Append("\r\n")
            .Append("Content-Length: ").Append(response.Body.Length).Append("\r\n")
            .Append("Cache-Control: no-store\r\n");
        if (response.Allow is not null) head.Append("Allow: ").Append(response.Allow).Append("\r\n");
        if (!keepAlive) head.Append("Connection: close\r\n");
        head.Append("\r\n");

        using var timeout = Timeout(limits.Transfer, stop);
        await _stream.WriteAsync(Encoding.ASCII.GetBytes(head.ToString()), timeout.Token);
        if (withBody) await _stream.WriteAsync(response.Body, timeout.Token);
    }

    private CancellationTokenSource Timeout(TimeSpan after, CancellationToken stop)
    {
        var source = CancellationTokenSource.CreateLinkedTokenSource(stop);
        source.CancelAfter(after);
        return source;
    }
}
