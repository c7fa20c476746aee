// SPDX-License-Identifier: Apache-2.0
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Penstock.Fuzz;

/// <summary>
/// HTTP/1.1 messages by the letter of RFC 9112, with regular expressions over text: slow, short, and sharing no line with the codec. What the
/// codec accepts, this must read alike. It knows no limits and does not judge hosts or targets beyond their characters.
/// </summary>
internal static class ReferenceParser
{
    private const string Token = @"[!#$%&'*+\-.^_`|~0-9A-Za-z]+";

    private static readonly Regex s_requestLine = Make($@"\A({Token}) ([\x21-\x7E]+) HTTP/1\.[01]\z");
    private static readonly Regex s_statusLine = Make(@"\AHTTP/1\.[01] ([1-5][0-9][0-9])( [\t\x20-\x7E\x80-\xFF]*)?\z");
    private static readonly Regex s_field = Make($@"\A({Token}):[ \t]*(|[\x21-\x7E\x80-\xFF]|[\x21-\x7E\x80-\xFF][\t\x20-\x7E\x80-\xFF]*[\x21-\x7E\x80-\xFF])[ \t]*\z");
    private static readonly Regex s_length = Make(@"\A[0-9]{1,18}\z");
    private static readonly Regex s_chunkLine = Make($@"\A([0-9A-Fa-f]+)([ \t]*;[ \t]*{Token}([ \t]*=[ \t]*({Token}|""([\t \x21\x23-\x5B\x5D-\x7E\x80-\xFF]|\\[\t \x21-\x7E\x80-\xFF])*""))?)*\z");

    /// <summary>Reads the first message of a stream; null: there is no whole and valid head.</summary>
    public static ReferenceMessage? Read(Direction direction, ReadOnlySpan<byte> bytes)
    {
        string text = Encoding.Latin1.GetString(bytes);
        int at = direction == Direction.Request && text.StartsWith("\r\n", StringComparison.Ordinal) ? 2 : 0;
        int end = text.IndexOf("\r\n\r\n", at, StringComparison.Ordinal);
        if (end < 0)
        {
            return null;
        }

        string[] lines = text[at..end].Split("\r\n");
        Match start = (direction == Direction.Request ? s_requestLine : s_statusLine).Match(lines[0]);
        List<(string Name, string Value)>? fields = Fields(lines.AsSpan(1));
        if (!start.Success || fields is null)
        {
            return null;
        }

        var message = new ReferenceMessage(lines[0], fields, end + 4, -1, null);
        return WithBody(message, text, direction == Direction.Response && start.Groups[1].Value is ['1', ..] or "204" or "304", direction);
    }

    private static List<(string Name, string Value)>? Fields(ReadOnlySpan<string> lines)
    {
        var fields = new List<(string, string)>();
        foreach (string line in lines)
        {
            Match match = s_field.Match(line);
            if (!match.Success)
            {
                return null;
            }

            fields.Add((match.Groups[1].Value, match.Groups[2].Value));
        }

        return fields;
    }

    private static ReferenceMessage? WithBody(ReferenceMessage message, string text, bool bodiless, Direction direction)
    {
        string[] lengths = [.. message.Values("Content-Length")];
        string[] codings = [.. message.Values("Transfer-Encoding")];
        if (lengths.Length + codings.Length > 1
            || (lengths.Length == 1 && !s_length.IsMatch(lengths[0]))
            || (codings.Length == 1 && !string.Equals(codings[0], "chunked", StringComparison.OrdinalIgnoreCase)))
        {
            return null;
        }

        if (bodiless)
        {
            return message with { End = message.BodyStart, Body = "" };
        }

        if (codings.Length == 1)
        {
            return Chunked(message, text);
        }

        if (lengths.Length == 0)
        {
            return direction == Direction.Response ? message : message with { End = message.BodyStart, Body = "" };
        }

        long end = message.BodyStart + long.Parse(lengths[0], CultureInfo.InvariantCulture);
        return end > text.Length ? message : message with { End = (int)end, Body = text[message.BodyStart..(int)end] };
    }

    /// <summary>A body that is broken or not all there is left out.</summary>
    private static ReferenceMessage Chunked(ReferenceMessage message, string text)
    {
        var body = new StringBuilder();
        int at = message.BodyStart;
        while (true)
        {
            int end = text.IndexOf("\r\n", at, StringComparison.Ordinal);
            Match line = end < 0 ? Match.Empty : s_chunkLine.Match(text[at..end]);
            if (!line.Success || !long.TryParse(line.Groups[1].Value, NumberStyles.HexNumber, CultureInfo.InvariantCulture, out long size) || size < 0)
            {
                return message;
            }

            at = end + 2;
            if (size == 0)
            {
                break;
            }

            if (size > text.Length - at - 2 || !text.AsSpan(at + (int)size).StartsWith("\r\n"))
            {
                return message;
            }

            body.Append(text, at, (int)size);
            at += (int)size + 2;
        }

        int last = text.AsSpan(at).StartsWith("\r\n") ? at - 2 : text.IndexOf("\r\n\r\n", at, StringComparison.Ordinal);
        if (last < 0 || (last > at && Fields(text[at..last].Split("\r\n")) is null))
        {
            return message;
        }

        return message with { End = last + 4, Body = body.ToString() };
    }

    private static Regex Make(string pattern) => new(pattern, RegexOptions.CultureInvariant | RegexOptions.NonBacktracking);
}
