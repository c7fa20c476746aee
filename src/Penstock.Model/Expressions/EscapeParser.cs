// SPDX-License-Identifier: Apache-2.0
using System.Globalization;

namespace Penstock.Model.Expressions;

/// <summary>What stands behind a backslash, within and outside brackets.</summary>
internal static class EscapeParser
{
    /// <summary>A code point that stands for itself; two UTF-16 units may make one.</summary>
    /// <param name="text">The expression.</param>
    /// <param name="at">Behind the first unit.</param>
    /// <param name="first">The first unit.</param>
    internal static int Rune(string text, ref int at, char first)
    {
        if (char.IsHighSurrogate(first) && at < text.Length && char.IsLowSurrogate(text[at]))
            return char.ConvertToUtf32(first, text[at++]);
        return char.IsSurrogate(first) ? throw new ExpressionException("half of a surrogate pair", at - 1) : first;
    }

    /// <summary>Reads \d, \w, \s, \p{Name} and their opposites; null: it is none of these, and nothing is read.</summary>
    /// <param name="text">The expression.</param>
    /// <param name="at">Behind the backslash, within the text.</param>
    internal static RuneSet? TrySet(string text, ref int at)
    {
        var letter = text[at];
        switch (letter)
        {
            case 'd' or 'D' or 'w' or 'W' or 's' or 'S':
                at++;
                var set = char.ToLowerInvariant(letter) switch { 'd' => UnicodeSets.Digit, 'w' => UnicodeSets.Word, _ => UnicodeSets.Space };
                return char.IsAsciiLetterUpper(letter) ? set.Complement() : set;
            case 'p' or 'P':
                var end = at + 1 < text.Length && text[at + 1] == '{' ? text.IndexOf('}', at) : -1;
                var name = end < 0 ? "" : text[(at + 2)..end];
                if (UnicodeSets.ByName(name) is not { } category)
                    throw new ExpressionException("a property that is no general category of Unicode such as \\p{L} or \\p{Lu}", at - 1);
                at = end + 1;
                return letter == 'P' ? category.Complement() : category;
            default:
                return null;
        }
    }

    /// <summary>Reads one character that is written with a backslash.</summary>
    /// <param name="text">The expression.</param>
    /// <param name="at">Behind the backslash, within the text.</param>
    internal static int Character(string text, ref int at)
    {
        var letter = text[at++];
        switch (letter)
        {
            case 't': return '\t';
            case 'n': return '\n';
            case 'r': return '\r';
            case 'f': return '\f';
            case 'v': return '\v';
            case 'a': return '\a';
            case 'e': return 0x1B;
            case 'x': return Hexadecimal(text, ref at, 2);
            case 'u': return Hexadecimal(text, ref at, 4);
            case '0': return Octal(text, ref at);
            case 'c' when at < text.Length && char.IsAsciiLetter(text[at]): return text[at++] & 0x1F;
            default:
                return char.IsAsciiLetterOrDigit(letter) || letter == '_'
                    ? throw new ExpressionException($"\\{letter}, which stands for nothing", at - 2)
                    : Rune(text, ref at, letter);
        }
    }

    private static int Hexadecimal(string text, ref int at, int digits)
    {
        if (at + digits > text.Length || !int.TryParse(text.AsSpan(at, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var rune))
            throw new ExpressionException($"a code of fewer than {digits} hexadecimal digits", at - 2);
        if (rune is >= 0xD800 and <= 0xDFFF)
            throw new ExpressionException("half of a surrogate pair", at - 2);
        at += digits;
        return rune;
    }

    private static int Octal(string text, ref int at)
    {
        var rune = 0;
        for (var digits = 0; digits < 2 && at < text.Length && text[at] is >= '0' and <= '7'; digits++)
            rune = (rune * 8) + (text[at++] - '0');
        return rune;
    }
}
