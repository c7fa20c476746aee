// SPDX-License-Identifier: Apache-2.0
using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace Penstock.Peers.Tests.Harness;

/// <summary>Reads HTTP/1 messages from a socket, strictly, keeping count of every byte.</summary>
internal sealed class WireReader(Socket socket)
{
    private readonly byte[] _buffer = new byte[64 << 10];
    private int _start;
    private int _end;

    /// <summary>How long one read may take before the test fails.</summary>
    public TimeSpan Patience { get; set; } = TimeSpan.FromSeconds(20);

    /// <summary>Bytes received so far.</summary>
    public long Received { get; private set; }

    /// <summary>Whether the peer has closed or reset the connection, as far as was read.</summary>
    public bool Ended { get; private set; }

    /// <summary>Whether it was a reset that ended it.</summary>
    public bool WasReset { get; private set; }

    /// <summary>Reads a head up to and including its empty line; null: the connection ended before the first byte.</summary>
    /// <exception cref="InvalidDataException">It ended within the head.</exception>
    public async Task<string?> ReadHeadAsync()
    {
        var head = new StringBuilder();
        while (!EndsHead(head))
        {
            if (_start == _end && !await FillAsync())
            {
                return head.Length == 0 ? null : throw new InvalidDataException($"ended within a head: {head}");
            }

            head.Append((char)_buffer[_start++]);
        }

        return head.ToString();
    }

    /// <summary>Reads that many bytes, or fewer when the connection ends before.</summary>
    public async Task<byte[]> ReadAsync(long count)
    {
        using var bytes = new MemoryStream();
        while (bytes.Length < count && (_start < _end || await FillAsync()))
        {
            var take = (int)Math.Min(count - bytes.Length, _end - _start);
            bytes.Write(_buffer, _start, take);
            _start += take;
        }

        return bytes.ToArray();
    }

    /// <summary>Reads and counts up to that many bytes without keeping them.</summary>
    /// <returns>How many came before the connection ended.</returns>
    public async Task<long> SkipAsync(long count)
    {
        var done = 0L;
        while (done < count && (_start < _end || await FillAsync()))
        {
            var take = (int)Math.Min(count - done, _end - _start);
            done += take;
            _start += take;
        }

        return done;
    }

    /// <summary>Reads until the connection ends.</summary>
    public Task<byte[]> ReadToEndAsync() => ReadAsync(long.MaxValue);

    /// <summary>Reads the body a message's head announces into it.</summary>
    /// <param name="message">The message.</param>
    /// <param name="untilClose">Whether a body without a length runs to the end of the connection (responses).</param>
    public async Task ReadBodyAsync(WireMessage message, bool untilClose)
    {
        if (message.Chunked)
        {
            await ReadChunkedAsync(message);
        }
        else if (message.ContentLength is { } length)
        {
            message.Body = await ReadAsync(length);
            message.Complete = message.Body.LongLength == length;
        }
        else
        {
            message.Body = untilClose ? await ReadToEndAsync() : [];
            message.Complete = true;
        }
    }

    private static bool EndsHead(StringBuilder head) =>
        head.Length >= 4 && head[^1] == '\n' && head[^2] == '\r' && head[^3] == '\n' && head[^4] == '\r';

    private async Task ReadChunkedAsync(WireMessage message)
    {
        using var body = new MemoryStream();
        while (await ReadLineAsync() is { } line)
        {
            var size = long.Parse(line, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
            if (size == 0)
            {
                message.Body = body.ToArray();
                await ReadTrailersAsync(message);
                return;
            }

            var data = await ReadAsync(size);
            body.Write(data);
            if (data.LongLength < size || await ReadLineAsync() is not "")
            {
                break;
            }
        }

        message.Body = body.ToArray();
    }

    private async Task ReadTrailersAsync(WireMessage message)
    {
        var trailers = new List<(string, string)>();
        while (await ReadLineAsync() is { } line)
        {
            if (line.Length == 0)
            {
                message.Trailers = trailers;
                message.Complete = true;
                return;
            }

            trailers.Add(WireMessage.Field(line));
        }
    }

    /// <summary>A line without its CR LF; null: the connection ended before it.</summary>
    private async Task<string?> ReadLineAsync()
    {
        var line = new StringBuilder();
        while (_start < _end || await FillAsync())
        {
            line.Append((char)_buffer[_start++]);
            if (line.Length >= 2 && line[^1] == '\n' && line[^2] == '\r')
            {
                return line.ToString(0, line.Length - 2);
            }
        }

        return null;
    }

    private async Task<bool> FillAsync()
    {
        if (Ended)
        {
            return false;
        }

        using var deadline = new CancellationTokenSource(Patience);
        try
        {
            _start = 0;
            _end = 0;
            _end = await socket.ReceiveAsync(_buffer, deadline.Token);
        }
        catch (SocketException)
        {
            // A reset is an end, as far as what was received goes.
            WasReset = true;
        }
        catch (OperationCanceledException error)
        {
            throw new TimeoutException($"nothing was received for {Patience.TotalSeconds} s", error);
        }

        Received += _end;
        Ended = _end == 0;
        return !Ended;
    }
}
