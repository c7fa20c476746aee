// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Model.Expressions;

/// <summary>A set of numbers below a bound, in the order they came: added, asked for and emptied in constant time (Briggs and Torczon 1993).</summary>
internal sealed class SparseSet(int bound)
{
    private readonly int[] _members = new int[bound];
    private readonly int[] _places = new int[bound];

    /// <summary>Greatest number of members; numbers are below it.</summary>
    internal int Bound => bound;

    internal int Count { get; private set; }

    internal ReadOnlySpan<int> Members => _members.AsSpan(0, Count);

    internal int this[int place] => _members[place];

    internal void Add(int number)
    {
        var place = _places[number];
        if (place < Count && _members[place] == number)
            return;
        _places[number] = Count;
        _members[Count++] = number;
    }

    internal void Clear() => Count = 0;
}
