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
            // Whether it is an expression by itself costs little to tell; what it costs to evaluate is looked at once, within what it will stand in.
            _ = new Regex(text, RegexOptions.CultureInvariant, TimeSpan.FromSeconds(1));
            return EndsWhereItsTextEnds(text)
                ? Parsed.Ok(text)
                : Parsed.Bad("a line break behind the last comment of an expression with (?x)", found: $"{Printable.Quote(text)}, whose comment goes on to its end");
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

    /// <summary>Whether it can stand within another, as it will to match whole paths: an open comment would swallow what follows.</summary>
    private static bool EndsWhereItsTextEnds(string text)
    {
        try
        {
            _ = new Regex($@"\A(?:{text})\z", RegexOptions.NonBacktracking | RegexOptions.CultureInvariant, TimeSpan.FromSeconds(1));
            return true;
        }
        catch (RegexParseException)
        {
            return false;
        }
    }
}
