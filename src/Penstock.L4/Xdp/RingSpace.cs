// SPDX-License-Identifier: Apache-2.0
namespace Penstock.L4.Xdp;

/// <summary>Which lines of the map <c>rings</c> are given out: first fit over the gaps.</summary>
/// <param name="lines">Lines there are.</param>
internal sealed class RingSpace(int lines)
{
    private readonly SortedDictionary<int, int> _runs = []; // first line to count, of runs given out

    /// <summary>Lines a table of so many slots takes.</summary>
    public static int LinesOf(int slots) => (slots + Layout.RingLineSlots - 1) / Layout.RingLineSlots;

    /// <summary>Gives out a run.</summary>
    /// <returns>Its first line; below zero: no gap is wide enough.</returns>
    public int Take(int count)
    {
        var end = 0;
        foreach (var (first, taken) in _runs)
        {
            if (first - end >= count)
                break;
            end = first + taken;
        }

        if (lines - end < count)
            return -1;
        _runs.Add(end, count);
        return end;
    }

    /// <summary>Marks a run that was found in use. False: it overlaps another, or lies outside.</summary>
    public bool TryClaim(int first, int count)
    {
        if (first < 0 || count <= 0 || first + count > lines || _runs.Any(run => first < run.Key + run.Value && run.Key < first + count))
            return false;
        _runs.Add(first, count);
        return true;
    }

    /// <summary>Takes a run back.</summary>
    public void Free(int first) => _runs.Remove(first);
}
