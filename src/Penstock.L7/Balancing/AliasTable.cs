// SPDX-License-Identifier: Apache-2.0
namespace Penstock.L7.Balancing;

/// <summary>Draws an index with a chance in proportion to its weight, in constant time (Walker's alias method, built as Vose did).</summary>
internal sealed class AliasTable
{
    // Of the lower 32 bits of a draw, those below Keep stay in their column, the others go to its alias. Exact to 2^-32. Both are empty where all weights are the same: then all stay.
    private readonly ulong[] _keep = [];
    private readonly int[] _alias = [];
    private readonly int _count;

    /// <summary>A table for the given weights.</summary>
    /// <param name="weights">At least one, each at least 1, at most 65535.</param>
    public AliasTable(ReadOnlySpan<int> weights)
    {
        int count = weights.Length;
        _count = count;
        if (!weights.ContainsAnyExcept(weights[0]))
        {
            return;
        }

        _keep = new ulong[count];
        _alias = new int[count];
        long total = 0;
        foreach (int weight in weights)
        {
            total += weight;
        }

        // Each column holds total; a weight fills weight * count of it.
        var level = new long[count];
        var small = new Stack<int>(count);
        var large = new Stack<int>(count);
        for (int i = 0; i < count; i++)
        {
            level[i] = (long)weights[i] * count;
            (level[i] < total ? small : large).Push(i);
        }

        while (small.TryPop(out int below) && large.TryPop(out int above))
        {
            _keep[below] = (ulong)((UInt128)level[below] << 32) / (ulong)total;
            _alias[below] = above;
            level[above] -= total - level[below];
            (level[above] < total ? small : large).Push(above);
        }

        while (large.TryPop(out int full))
        {
            _keep[full] = 1UL << 32;
            _alias[full] = full;
        }
    }

    /// <summary>Draws an index.</summary>
    public int Draw(ref FastRandom random)
    {
        ulong bits = random.Next();
        int column = (int)(((bits >> 32) * (ulong)_count) >> 32);
        return _keep.Length == 0 || (bits & uint.MaxValue) < _keep[column] ? column : _alias[column];
    }
}
