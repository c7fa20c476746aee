// SPDX-License-Identifier: Apache-2.0
using System.Buffers;
using System.Text;

namespace Penstock.Telemetry.Http;

/// <summary>The head of a request, parsed strictly: what RFC 9112 lets a server refuse is refused.</summary>
internal sealed class ControlHttpHead
{
    private static readonly SearchValues<byte> TokenBytes =
        SearchValues.Create("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"u8);

    private ControlHttpHead(string method, string path, string query, bool http11)
    {
        Method = method;
        Path = path;
        Query = query;
        KeepAlive = http11;
    }

    /// <summary>Method.</summary>
    public string Method { get; }

    /// <summary>Path, not decoded.</summary>
    public string Path { get; }

    /// <summary>Query without its question mark.</summary>
    public string Query { get; }

    /// <summary>Whether the client wants another request on this connection.</summary>
    public bool KeepAlive { get; private set; }

    /// <summary>Bytes of content that follow.</summary>
    public long ContentLength { get; private set; }

    /// <summary>Fields by name.</summary>
    public Dictionary<string, string> Headers { get; } = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Parses a head.</summary>
    /// <param name="bytes">From the method up to the empty line, which is left out.</param>
    /// <param name="limits">Bounds.</param>
    /// <param name="head">The head.</param>
    /// <returns>0, or the status that refuses the request.</returns>
    public static int Parse(ReadOnlySpan<byte> bytes, ControlHttpLimits limits, out ControlHttpHead? head)
    {
        var end = bytes.IndexOf("\r\n"u8);
        var status = ParseRequestLine(end < 0 ? bytes : bytes[..end], out head);
        if (head is null) return status;

        var rest = end < 0 ? [] : bytes[(end + 2)..];
        var lengths = 0;
        var hosts = 0;
        for (var count = 0; !rest.IsEmpty; count++)
        {
            if (count == limits.HeaderCount) return 431;
            end = rest.IndexOf("\r\n"u8);
            var line = end < 0 ? rest : rest[..end];
            rest = end < 0 ? [] : rest[(end + 2)..];

            if (!TrySplitField(line, out var name, out var value)) return 400;
            if (name.Equals("Transfer-Encoding", StringComparison.OrdinalIgnoreCase)) return 501;
            if (name.Equals("Expect", StringComparison.OrdinalIgnoreCase)) return 417;
            if (name.Equals("Host", StringComparison.OrdinalIgnoreCase)) hosts++;
            if (name.Equals("Content-Length", StringComparison.OrdinalIgnoreCase))
            {
                lengths++;
                if (!TryParseLength(value, out var length)) return 400;
                head.ContentLength = length;
            }

            head.Headers[name] = head.Headers.TryGetValue(name, out var before) ? before + ", " + value : value;
        }

        if (lengths > 1 || hosts > 1 || (hosts == 0 && head.KeepAlive)) return 400;
        if (head.ContentLength > limits.BodyBytes) return 413;
        head.KeepAlive = head.KeepAlive && !AsksToClose(head);
        return 0;
    }

    private static int ParseRequestLine(ReadOnlySpan<byte> line, out ControlHttpHead? head)
    {
        head = null;
        var first = line.IndexOf((byte)' ');
        if (first <= 0 || line[..first].ContainsAnyExcept(TokenBytes)) return 400;
        var rest = line[(first + 1)..];
        var second = rest.IndexOf((byte)' ');
        if (second <= 0) return 400;

        var target = rest[..second];
        if (target[0] != '/' || target.ContainsAnyExceptInRange((byte)'!', (byte)'~') || target.Contains((byte)'#')) return 400;
        var version = rest[(second + 1)..];
        var http11 = version.SequenceEqual("HTTP/1.1"u8);
        if (!http11 && !version.SequenceEqual("HTTP/1.0"u8)) return version.StartsWith("HTTP/"u8) ? 505 : 400;

        var mark = target.IndexOf((byte)'?');
        head = new ControlHttpHead(
            Encoding.ASCII.GetString(line[..first]),
            Encoding.ASCII.GetString(mark < 0 ? target : target[..mark]),
            mark < 0 ? "" : Encoding.ASCII.GetString(target[(mark + 1)..]),
            http11);
        return 0;
    }

    private static bool TrySplitField(ReadOnlySpan<byte> line, out string name, out string value)
    {
        name = value = "";
        var colon = line.IndexOf((byte)':');
        if (colon <= 0 || line[..colon].ContainsAnyExcept(TokenBytes)) return false;
        var content = line[(colon + 1)..].Trim(" \t"u8);
        foreach (var octet in content)
        {
            if ((octet < ' ' && octet != '\t') || octet == 0x7f) return false;
        }

        name = Encoding.ASCII.GetString(line[..colon]);
        value = Encoding.Latin1.GetString(content);
        return true;
    }

    private static bool TryParseLength(string value, out long length)
    {
        length = 0;
        return value.Length is > 0 and <= 18 && !value.AsSpan().ContainsAnyExceptInRange('0', '9') && long.TryParse(value, out length);
    }

    private static bool AsksToClose(ControlHttpHead head)
    {
        if (!head.Headers.TryGetValue("Connection", out var connection)) return false;
        foreach (var option in connection.Split(',', StringSplitOptions.TrimEntries))
        {
            if (option.Equals("close", StringComparison.OrdinalIgnoreCase)) return true;
        }

        return false;
    }
}
