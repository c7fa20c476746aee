// SPDX-License-Identifier: Apache-2.0
using System.Buffers;
using System.Text;

namespace Penstock.Config.Reading;

/// <summary>Bytes to text: strict UTF-8 without the characters that have no place in a configuration.</summary>
internal static class TextDecoder
{
    private static readonly SearchValues<char> s_refused = SearchValues.Create(RefusedCharacters());

    /// <summary>Decodes a file.</summary>
    /// <returns>The text; null when it was refused, which is reported with the position.</returns>
    public static string? Decode(ConfigFile file, DiagnosticSink sink)
    {
        var bytes = file.Content.Span;
        if (WideEncoding(bytes) is { } encoding)
        {
            sink.Error(file.Name, 1, 1, "", $"text in {encoding}", "UTF-8");
            return null;
        }

        if (bytes.StartsWith("\uFEFF"u8))
            bytes = bytes[3..];

        var invalid = FirstInvalid(bytes);
        var text = Encoding.UTF8.GetString(bytes[..invalid]);
        var refused = text.AsSpan().IndexOfAny(s_refused);
        if (refused >= 0)
        {
            var (line, column) = Position(text.AsSpan(0, refused));
            sink.Error(file.Name, line, column, "", Name(text[refused]), "printable text, spaces and line breaks; write it as an escape in double quotes if it is meant");
            return null;
        }

        if (invalid < bytes.Length)
        {
            var (line, column) = Position(text);
            sink.Error(file.Name, line, column, "", $"byte 0x{bytes[invalid]:X2}, which is not valid UTF-8 here", "UTF-8");
            return null;
        }

        return text;
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

    private static (int Line, int Column) Position(ReadOnlySpan<char> before) =>
        (before.Count('\n') + 1, before.Length - before.LastIndexOf('\n'));

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
