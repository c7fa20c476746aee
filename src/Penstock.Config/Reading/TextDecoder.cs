// SPDX-License-Identifier: Apache-2.0
using System.Buffers;
using System.Text;

namespace Penstock.Config.Reading;

/// <summary>Accepts bytes as text: strict UTF-8 without the characters that have no place in a configuration.</summary>
internal static class TextDecoder
{
    private static readonly SearchValues<char> s_refused = SearchValues.Create(RefusedCharacters());

    private const int ChunkBytes = 16 << 10;

    /// <summary>Checks a file's bytes, without a copy of them as text: that would be twice as large.</summary>
    /// <returns>The UTF-8, without a byte order mark; null when it was refused, which is reported with the position.</returns>
    public static ReadOnlyMemory<byte>? Decode(ConfigFile file, DiagnosticSink sink)
    {
        var content = file.Content;
        if (WideEncoding(content.Span) is { } encoding)
        {
            sink.Error(file.Name, 1, 1, "", $"text in {encoding}", "UTF-8");
            return null;
        }

        if (content.Span.StartsWith("\uFEFF"u8))
            content = content[3..];

        var bytes = content.Span;
        var invalid = FirstInvalid(bytes);
        if (FindRefused(bytes[..invalid], out var refused) is >= 0 and var at)
        {
            var (line, column) = Position(bytes[..at]);
            sink.Error(file.Name, line, column, "", Name(refused), "printable text, spaces and line breaks; write it as an escape in double quotes if it is meant");
            return null;
        }

        if (invalid < bytes.Length)
        {
            var (line, column) = Position(bytes[..invalid]);
            sink.Error(file.Name, line, column, "", $"byte 0x{bytes[invalid]:X2}, which is not valid UTF-8 here", "UTF-8");
            return null;
        }

        return content;
    }

    private static int FindRefused(ReadOnlySpan<byte> bytes, out char refused)
    {
        Span<char> chars = stackalloc char[ChunkBytes];
        for (var start = 0; start < bytes.Length;)
        {
            var end = Math.Min(start + ChunkBytes, bytes.Length);
            while (end < bytes.Length && (bytes[end] & 0xC0) == 0x80)
                end--; // not within a character

            var text = chars[..Encoding.UTF8.GetChars(bytes[start..end], chars)];
            if (text.IndexOfAny(s_refused) is >= 0 and var index)
            {
                refused = text[index];
                return start + Encoding.UTF8.GetByteCount(text[..index]);
            }

            start = end;
        }

        refused = default;
        return -1;
    }

    private static int FirstInvalid(ReadOnlySpan<byte> bytes)
    {
        if (System.Text.Unicode.Utf8.IsValid(bytes))
            return bytes.Length;

        var at = 0;
        while (Rune.DecodeFromUtf8(bytes[at..], out _, out var length) == OperationStatus.Done)
            at += length;

        return at;
    }

    private static (int Line, int Column) Position(ReadOnlySpan<byte> before) =>
        (before.Count((byte)'\n') + 1, Encoding.UTF8.GetCharCount(before[(before.LastIndexOf((byte)'\n') + 1)..]) + 1);

    private static string? WideEncoding(ReadOnlySpan<byte> bytes) => bytes switch
    {
        [0xFF, 0xFE, 0, 0, ..] or [0, 0, 0xFE, 0xFF, ..] or [0, 0, 0, not 0, ..] or [not 0, 0, 0, 0, ..] => "UTF-32",
        [0xFF, 0xFE, ..] or [0xFE, 0xFF, ..] or [0, not 0, ..] or [not 0, 0, not 0, 0, ..] => "UTF-16",
        _ => null,
    };

    private static string Name(char c) => c switch
    {
        '\0' => "NUL",
        '\u0085' or '\u2028' or '\u2029' => $"line separator U+{(int)c:X4}, which YAML readers disagree about",
        '\uFEFF' => "byte order mark U+FEFF within the text",
        _ => $"control character U+{(int)c:X4}",
    };

    private static string RefusedCharacters()
    {
        var refused = new StringBuilder("\u007F\u2028\u2029\uFEFF\uFFFE\uFFFF");
        for (var c = '\0'; c <= '\u009F'; c++)
        {
            if (char.IsControl(c) && c is not ('\t' or '\n' or '\r'))
                refused.Append(c);
        }

        return refused.ToString();
    }
}
