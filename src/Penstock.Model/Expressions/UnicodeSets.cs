// SPDX-License-Identifier: Apache-2.0
using System.Collections.Frozen;
using System.Globalization;
using System.Text;

namespace Penstock.Model.Expressions;

/// <summary>Sets by Unicode property, and what differs in case only. Made when first needed.</summary>
internal static class UnicodeSets
{
    private const int LastWithCase = 0x1FFFF; // no letter beyond the first two planes has another case

    private static readonly Lazy<RuneSet[]> s_categories = new(ReadCategories);
    private static readonly Lazy<FrozenDictionary<int, int[]>> s_caseless = new(ReadCases);

    /// <summary>\d: decimal digits of all scripts (Nd).</summary>
    internal static RuneSet Digit { get; } = ByName("Nd")!; // a category there is

    /// <summary>\w: letters, nonspacing marks, decimal digits, connecting punctuation (as .NET).</summary>
    internal static RuneSet Word { get; } = RuneSet.Union(((string[])["L", "Mn", "Nd", "Pc"]).SelectMany(name => ByName(name)!.Ranges)); // categories there are

    /// <summary>\s: white space.</summary>
    internal static RuneSet Space { get; } = RuneSet.Union(Enumerable.Range(0, 0x3001).Where(rune => Rune.IsWhiteSpace(new Rune(rune))).Select(rune => (rune, rune)));

    /// <summary>A general category (Lu) or a group of them (L); null: there is none of that name.</summary>
    internal static RuneSet? ByName(string name)
    {
        var members = Enum.GetValues<UnicodeCategory>().Where(category => ShortName(category).StartsWith(name, StringComparison.Ordinal)).ToList();
        return name.Length is 1 or 2 && members.Count > 0 ? RuneSet.Union(members.SelectMany(category => s_categories.Value[(int)category].Ranges)) : null;
    }

    /// <summary>A set with all that differs from its members in case only (as RE2: s, S and the long s are one).</summary>
    internal static RuneSet IgnoreCase(RuneSet set)
    {
        var cases = s_caseless.Value;
        var others = set.Ranges.Sum(range => range.Last - range.First + 1) < cases.Count
            ? set.Ranges.SelectMany(range => Enumerable.Range(range.First, range.Last - range.First + 1)).SelectMany(rune => cases.GetValueOrDefault(rune, []))
            : cases.Where(pair => set.Contains(pair.Key)).SelectMany(pair => pair.Value);
        return RuneSet.Union(set.Ranges.Concat(others.Select(rune => (rune, rune))));
    }

    private static RuneSet[] ReadCategories()
    {
        var ranges = Enum.GetValues<UnicodeCategory>().Select(_ => new List<(int First, int Last)>()).ToArray();
        var begun = 0;
        var current = CharUnicodeInfo.GetUnicodeCategory(0);
        for (var rune = 1; rune <= RuneSet.Last; rune++)
        {
            var category = CharUnicodeInfo.GetUnicodeCategory(rune);
            if (category == current)
                continue;

            ranges[(int)current].Add((begun, rune - 1));
            (begun, current) = (rune, category);
        }

        ranges[(int)current].Add((begun, RuneSet.Last));
        return [.. ranges.Select(RuneSet.Union)];
    }

    private static FrozenDictionary<int, int[]> ReadCases()
    {
        var groups = new Dictionary<int, SortedSet<int>>();
        for (var value = 0; value <= LastWithCase; value++)
        {
            if (!Rune.TryCreate(value, out var rune))
                continue;

            var (upper, lower) = (Rune.ToUpperInvariant(rune), Rune.ToLowerInvariant(rune));
            if (upper == rune && lower == rune)
                continue;

            var key = Rune.ToLowerInvariant(upper).Value;
            if (!groups.TryGetValue(key, out var group))
                groups.Add(key, group = [key]);
            group.Add(value);
        }

        return groups.Values.Select(group => group.ToArray()).SelectMany(group => group.Select(rune => (rune, group))).ToFrozenDictionary(pair => pair.rune, pair => pair.group);
    }

    private static string ShortName(UnicodeCategory category) => category switch
    {
        UnicodeCategory.UppercaseLetter => "Lu",
        UnicodeCategory.LowercaseLetter => "Ll",
        UnicodeCategory.TitlecaseLetter => "Lt",
        UnicodeCategory.ModifierLetter => "Lm",
        UnicodeCategory.OtherLetter => "Lo",
        UnicodeCategory.NonSpacingMark => "Mn",
        UnicodeCategory.SpacingCombiningMark => "Mc",
        UnicodeCategory.EnclosingMark => "Me",
        UnicodeCategory.DecimalDigitNumber => "Nd",
        UnicodeCategory.LetterNumber => "Nl",
        UnicodeCategory.OtherNumber => "No",
        UnicodeCategory.SpaceSeparator => "Zs",
        UnicodeCategory.LineSeparator => "Zl",
        UnicodeCategory.ParagraphSeparator => "Zp",
        UnicodeCategory.Control => "Cc",
        UnicodeCategory.Format => "Cf",
        UnicodeCategory.Surrogate => "Cs",
        UnicodeCategory.PrivateUse => "Co",
        UnicodeCategory.ConnectorPunctuation => "Pc",
        UnicodeCategory.DashPunctuation => "Pd",
        UnicodeCategory.OpenPunctuation => "Ps",
        UnicodeCategory.ClosePunctuation => "Pe",
        UnicodeCategory.InitialQuotePunctuation => "Pi",
        UnicodeCategory.FinalQuotePunctuation => "Pf",
        UnicodeCategory.OtherPunctuation => "Po",
        UnicodeCategory.MathSymbol => "Sm",
        UnicodeCategory.CurrencySymbol => "Sc",
        UnicodeCategory.ModifierSymbol => "Sk",
        UnicodeCategory.OtherSymbol => "So",
        _ => "Cn",
    };
}
