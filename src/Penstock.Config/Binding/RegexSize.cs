// SPDX-License-Identifier: Apache-2.0
using System.Globalization;

namespace Penstock.Config.Binding;

/// <summary>Estimates how large an expression grows when its counted repetitions are written out.</summary>
internal static class RegexSize
{
    /// <summary>Greatest size that is taken.</summary>
    public const long Limit = 10_000;

    /// <summary>Characters, classes and groups, each counted as often as it may be repeated by a count; capped far above the limit.</summary>
    public static long Estimate(string pattern)
    {
        var outer = new Stack<long>();
        long size = 0;
        long last = 0;
        for (var i = 0; i < pattern.Length; i++)
        {
            switch (pattern[i])
            {
                case '\\':
                    i++;
                    (size, last) = (size + 1, 1);
                    break;
                case '[':
                    i = EndOfClass(pattern, i);
                    (size, last) = (size + 1, 1);
                    break;
                case '(':
                    outer.Push(size);
                    (size, last) = (0, 0);
                    break;
                case ')' when outer.TryPop(out var before):
                    last = size + 1;
                    size = before + last;
                    break;
                case '{' when TryCount(pattern, ref i, out var count):
                    size = Math.Min(size + (last * (count - 1)), Limit * Limit);
                    last = Math.Min(last * count, Limit * Limit);
                    break;
                default:
                    (size, last) = (size + 1, 1);
                    break;
            }
        }

        return outer.Aggregate(size, (sum, part) => sum + part);
    }

    private static int EndOfClass(string pattern, int start)
    {
        // A bracket right after the opening one (or after ^) stands for itself.
        for (var i = start + (start + 1 < pattern.Length && pattern[start + 1] == '^' ? 3 : 2); i < pattern.Length; i++)
        {
            if (pattern[i] == '\\')
                i++;
            else if (pattern[i] == ']')
                return i;
        }

        return pattern.Length;
    }

    private static bool TryCount(string pattern, ref int i, out long count)
    {
        count = 1;
        var end = pattern.IndexOf('}', i);
        if (end < 0)
            return false;

        var bounds = pattern[(i + 1)..end].Split(',');
        if (bounds.Length > 2 || !int.TryParse(bounds[0], NumberStyles.None, CultureInfo.InvariantCulture, out var least))
            return false;

        var most = least;
        if (bounds.Length == 2 && bounds[1].Length > 0 && !int.TryParse(bounds[1], NumberStyles.None, CultureInfo.InvariantCulture, out most))
            return false;

        count = Math.Max(1, Math.Max(least, most));
        i = end;
        return true;
    }
}
