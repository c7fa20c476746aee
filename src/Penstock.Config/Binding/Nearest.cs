// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Config.Binding;

/// <summary>Finds the known word that a misspelt one is probably meant to be.</summary>
public static class Nearest
{
    private const int LongestWord = 64;

    /// <summary>A candidate that begins with the word, or the one with the least Damerau-Levenshtein distance (optimal string alignment), case aside; null when none is within a third of the word's length.</summary>
    public static string? Find(string word, IEnumerable<string> candidates)
    {
        if (word.Length is 0 or > LongestWord)
            return null;

        string? nearest = null;
        var least = Math.Max(1, (word.Length + 1) / 3) + 1;
        foreach (var candidate in candidates)
        {
            if (word.Length >= 3 && least > 1 && candidate.StartsWith(word, StringComparison.OrdinalIgnoreCase))
                (nearest, least) = (candidate, 1);

            if (Math.Abs(candidate.Length - word.Length) >= least)
                continue;

            var distance = Distance(Fold(word), Fold(candidate));
            if (distance < least)
                (nearest, least) = (candidate, distance);
        }

        return nearest;
    }

    private static string Fold(string word) => word.ToLowerInvariant().Replace('-', '_');

    private static int Distance(string a, string b)
    {
        var beforeLast = new int[b.Length + 1];
        var last = Enumerable.Range(0, b.Length + 1).ToArray();
        for (var i = 1; i <= a.Length; i++)
        {
            var row = new int[b.Length + 1];
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                var cost = a[i - 1] == b[j - 1] ? 0 : 1;
                row[j] = Math.Min(Math.Min(row[j - 1], last[j]) + 1, last[j - 1] + cost);
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                    row[j] = Math.Min(row[j], beforeLast[j - 2] + 1);
            }

            (beforeLast, last) = (last, row);
        }

        return last[b.Length];
    }
}
