// SPDX-License-Identifier: Apache-2.0
using System.Text.RegularExpressions;

namespace Penstock.Config.Binding;

/// <summary>Regular expressions whose evaluation takes time linear in the text, and little of it for each character.</summary>
internal static class RegexText
{
    private const int Length = 1024;

    /// <summary>Checks an expression.</summary>
    public static Parsed Parse(string text)
    {
        if (text.Length is 0 or > Length)
            return Parsed.Bad(found: $"an expression of {text.Length} characters");

        if (RegexSize.Estimate(text) > RegexSize.Limit)
            return Parsed.Bad($"repetitions that amount to at most {RegexSize.Limit} characters", found: $"{Printable.Quote(text)}, whose repetitions multiply");

        try
        {
            _ = new Regex(text, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant, TimeSpan.FromSeconds(1));
            return Parsed.Ok(text);
        }
        catch (NotSupportedException)
        {
            return Parsed.Bad("an expression without backreferences, lookaround, atomic groups or conditionals: they cannot be evaluated in linear time");
        }
        catch (RegexParseException e)
        {
            return Parsed.Bad("a valid regular expression", found: $"{Printable.Quote(text)}, wrong at character {e.Offset}: {Words.SnakeCase(e.Error.ToString()).Replace('_', ' ')}");
        }
    }
}
