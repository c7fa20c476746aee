// SPDX-License-Identifier: Apache-2.0
using System.Collections.Immutable;

namespace Penstock.Model.Expressions;

/// <summary>A set of Unicode code points as ranges: sorted, apart from one another, both ends within.</summary>
internal sealed class RuneSet : IEquatable<RuneSet>
{
    internal const int Last = 0x10FFFF;

    internal static readonly RuneSet Any = new([(0, Last)]);
    internal static readonly RuneSet Newline = Of('\n');

    private RuneSet(ImmutableArray<(int First, int Last)> ranges) => Ranges = ranges;

    internal ImmutableArray<(int First, int Last)> Ranges { get; }

    public bool Equals(RuneSet? other) => other is not null && Ranges.AsSpan().SequenceEqual(other.Ranges.AsSpan());

    public override bool Equals(object? obj) => Equals(obj as RuneSet);

    public override int GetHashCode()
    {
        var hash = default(HashCode);
        foreach (var range in Ranges)
            hash.Add(range);
        return hash.ToHashCode();
    }

    internal static RuneSet Of(int rune) => new([(rune, rune)]);

    internal static RuneSet Of(int first, int last) => new([(first, last)]);

    /// <summary>What is in any of these ranges, which may touch and overlap in any order.</summary>
    internal static RuneSet Union(IEnumerable<(int First, int Last)> ranges)
    {
        var result = ImmutableArray.CreateBuilder<(int First, int Last)>();
        foreach (var range in ranges.Order())
        {
            if (result.Count > 0 && range.First <= result[^1].Last + 1)
                result[^1] = (result[^1].First, Math.Max(result[^1].Last, range.Last));
            else
                result.Add(range);
        }

        return new RuneSet(result.ToImmutable());
    }

    internal RuneSet Complement()
    {
        var result = ImmutableArray.CreateBuilder<(int First, int Last)>();
        var next = 0;
        foreach (var (first, last) in Ranges)
        {
            if (first > next)
                result.Add((next, first - 1));
            next = last + 1;
        }

        if (next <= Last)
            result.Add((next, Last));
        return new RuneSet(result.ToImmutable());
    }

    internal RuneSet Except(RuneSet other) => Union(Complement().Ranges.Concat(other.Ranges)).Complement();

    internal bool Contains(int rune)
    {
        var (low, high) = (0, Ranges.Length - 1);
        while (low <= high)
        {
            var middle = (low + high) >>> 1;
            if (rune < Ranges[middle].First)
                high = middle - 1;
            else if (rune > Ranges[middle].Last)
                low = middle + 1;
            else
                return true;
        }

        return false;
    }
}
