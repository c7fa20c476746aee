// SPDX-License-Identifier: Apache-2.0
using Penstock.Model.Expressions;

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

        try
        {
            _ = Expression.Parse(text);
            return Parsed.Ok(text);
        }
        catch (ExpressionException e)
        {
            return Parsed.Bad("a regular expression that can be evaluated in linear time", found: $"{Printable.Quote(text)}, at character {e.Offset + 1}: {e.Message}");
        }
    }
}
