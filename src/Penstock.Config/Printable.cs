// SPDX-License-Identifier: Apache-2.0
using System.Globalization;
using System.Text;

namespace Penstock.Config;

/// <summary>Makes text from a file fit for a line on a terminal.</summary>
internal static class Printable
{
    private const int QuotedLength = 60;

    /// <summary>The text in quotes, cut after 60 characters.</summary>
    public static string Quote(string text) =>
        text.Length <= QuotedLength ? $"'{text}'" : $"'{text.AsSpan(0, QuotedLength)}…'";

    /// <summary>The text with every control, surrogate and direction-changing character escaped.</summary>
    public static string OneLine(string text)
    {
        if (!text.AsSpan().ContainsAnyExceptInRange(' ', '~'))
            return text;

        var result = new StringBuilder(text.Length + 16);
        foreach (var rune in text.EnumerateRunes())
        {
            if (Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.Format
                or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator)
            {
                result.Append($"\\u{rune.Value:x4}");
            }
            else
            {
                result.Append(rune.ToString());
            }
        }

        return result.ToString();
    }
}
