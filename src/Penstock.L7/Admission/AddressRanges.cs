// SPDX-License-Identifier: Apache-2.0
namespace Penstock.L7.Admission;

/// <summary>A set of addresses of one family as disjoint ranges in ascending order, so that a look-up is one binary search however many networks were given.</summary>
internal sealed class AddressRanges
{
    private readonly UInt128[] _first;
    private readonly UInt128[] _last;

    /// <summary>The union of the given ranges, both ends included, in any order.</summary>
    public AddressRanges(IEnumerable<(UInt128 First, UInt128 Last)> ranges)
    {
        var first = new List<UInt128>();
        var last = new List<UInt128>();
        foreach ((UInt128 low, UInt128 high) in ranges.OrderBy(range => range.First))
        {
            if (last.Count > 0 && low <= last[^1])
            {
                last[^1] = UInt128.Max(last[^1], high);
            }
            else
            {
                first.Add(low);
                last.Add(high);
            }
        }

        _first = [.. first];
        _last = [.. last];
    }

    /// <summary>Whether an address is in the set.</summary>
    public bool Contains(UInt128 address)
    {
        int at = _first.AsSpan().BinarySearch(address);
        int range = at >= 0 ? at : ~at - 1;
        return range >= 0 && address <= _last[range];
    }
}
