// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;
using System.Runtime.InteropServices;
using Penstock.Model.L4;

namespace Penstock.L4.Xdp;

/// <summary>What is to become of a network's packets.</summary>
/// <param name="Prefix">The network.</param>
/// <param name="Verdict">Whether it is allowed or blocked.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct SourceRule(SourcePrefix Prefix, Layout.SourceVerdict Verdict)
{
    /// <summary>Rules of two lists, sorted, each network once: where both name one, it is blocked.</summary>
    public static ImmutableArray<SourceRule> Merge(ImmutableArray<SourceSet> allow, ImmutableArray<SourceSet> block)
    {
        var rules = new SourceRule[allow.Sum(set => set.Prefixes.Length) + block.Sum(set => set.Prefixes.Length)];
        var filled = 0;
        foreach (var set in allow)
            filled = Append(rules, filled, set, Layout.SourceVerdict.Allow);
        foreach (var set in block)
            filled = Append(rules, filled, set, Layout.SourceVerdict.Block);
        Array.Sort(rules, static (a, b) => a.Prefix.CompareTo(b.Prefix) is not 0 and var order ? order : a.Verdict.CompareTo(b.Verdict));
        var count = 0;
        foreach (var rule in rules)
        {
            // Blocked comes last of equal networks.
            if (count > 0 && rules[count - 1].Prefix == rule.Prefix)
                count--;
            rules[count++] = rule;
        }

        Array.Resize(ref rules, count);
        return ImmutableCollectionsMarshal.AsImmutableArray(rules);
    }

    private static int Append(SourceRule[] rules, int at, SourceSet set, Layout.SourceVerdict verdict)
    {
        foreach (var prefix in set.Prefixes)
            rules[at++] = new SourceRule(prefix, verdict);
        return at;
    }
}
