// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Model.Expressions;

/// <summary>Sets in brackets: <c>[a-z_]</c>, <c>[^/]</c>, <c>[\w-[0-9]]</c>.</summary>
internal static class ClassParser
{
    /// <summary>Reads a set.</summary>
    /// <param name="text">The expression.</param>
    /// <param name="at">Behind the opening bracket; then behind the closing one.</param>
    /// <param name="ignoreCase">Whether what differs in case only is in it too.</param>
    internal static RuneSet Read(string text, ref int at, bool ignoreCase)
    {
        var opened = at - 1;
        var negated = at < text.Length && text[at] == '^';
        if (negated)
            at++;

        var ranges = new List<(int First, int Last)>();
        RuneSet? except = null;
        var begin = at;
        while (true)
        {
            if (at >= text.Length)
                throw new ExpressionException("a bracket that is not closed", opened);
            if (text[at] == ']' && at > begin) // a first one stands for itself
                break;

            if (text[at] == '[' && at + 1 < text.Length && text[at + 1] is ':' or '.' or '=' && text.IndexOf(text[at + 1] + "]", at + 2, StringComparison.Ordinal) > 0)
                throw new ExpressionException("a POSIX class, which is not known here; use \\d, \\w, \\s or \\p{L}", at);

            if (text[at] == '-' && at > begin && at + 1 < text.Length && text[at + 1] == '[')
            {
                at += 2;
                except = Read(text, ref at, ignoreCase);
                if (at >= text.Length || text[at] != ']')
                    throw new ExpressionException("something behind a subtraction, which must be last", at);
                break;
            }

            ReadItem(text, ref at, ranges);
        }

        at++;
        var set = RuneSet.Union(ranges);
        if (ignoreCase)
            set = UnicodeSets.IgnoreCase(set);
        if (negated)
            set = set.Complement();
        return except is null ? set : set.Except(except);
    }

    private static void ReadItem(string text, ref int at, List<(int First, int Last)> ranges)
    {
        var begin = at;
        if (TrySet(text, ref at) is { } set)
        {
            ranges.AddRange(set.Ranges);
            if (at + 1 < text.Length && text[at] == '-' && text[at + 1] is not (']' or '['))
                throw new ExpressionException("a range from a class", begin);
            return;
        }

        var first = ReadRune(text, ref at);
        var last = first;
        if (at + 1 < text.Length && text[at] == '-' && text[at + 1] is not (']' or '['))
        {
            at++;
            if (TrySet(text, ref at) is not null)
                throw new ExpressionException("a range to a class", begin);
            last = ReadRune(text, ref at);
        }
        if (last < first)
            throw new ExpressionException("a range whose end comes before its beginning", begin);
        ranges.Add((first, last));
    }

    private static RuneSet? TrySet(string text, ref int at)
    {
        if (text[at] != '\\' || at + 1 >= text.Length)
            return null;

        var behind = at + 1;
        var set = EscapeParser.TrySet(text, ref behind);
        if (set is not null)
            at = behind;
        return set;
    }

    private static int ReadRune(string text, ref int at)
    {
        var first = text[at++];
        if (first != '\\')
            return EscapeParser.Rune(text, ref at, first);
        if (at >= text.Length)
            throw new ExpressionException("a backslash at the end", at - 1);
        if (text[at] != 'b')
            return EscapeParser.Character(text, ref at);
        at++;
        return '\b';
    }
}
