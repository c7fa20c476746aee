// SPDX-License-Identifier: Apache-2.0
using System.Collections;

namespace Penstock.Model.Expressions;

/// <summary>
/// Code points in classes: two are in one class if no set of an expression tells them apart. A transition is then one for each class, of which
/// an expression has a handful.
/// </summary>
internal sealed class Alphabet
{
    private const int AsciiCount = 128;

    private readonly int[] _starts;
    private readonly ushort[] _classes;
    private readonly ushort[] _ascii = new ushort[AsciiCount];

    /// <summary>Classes that these sets need.</summary>
    internal Alphabet(IReadOnlyList<RuneSet> sets)
    {
        _starts = [.. sets.SelectMany(set => set.Ranges).SelectMany(range => (int[])[range.First, range.Last + 1]).Append(0).Where(start => start <= RuneSet.Last).Distinct().Order()];
        var classes = new int[_starts.Length];
        var used = 1;
        var within = new Dictionary<int, int>();
        foreach (var set in sets)
        {
            // What is in the set leaves its class for one of its own.
            within.Clear();
            foreach (var interval in Intervals(set))
            {
                if (!within.TryGetValue(classes[interval], out var inside))
                    within.Add(classes[interval], inside = used++);
                classes[interval] = inside;
            }
        }

        var numbers = new Dictionary<int, ushort>();
        _classes = new ushort[classes.Length];
        for (var i = 0; i < classes.Length; i++)
        {
            if (!numbers.TryGetValue(classes[i], out var number))
                numbers.Add(classes[i], number = checked((ushort)numbers.Count));
            _classes[i] = number;
        }

        Count = numbers.Count;
        for (var rune = 0; rune < AsciiCount; rune++)
            _ascii[rune] = Find(rune);
    }

    /// <summary>Number of classes.</summary>
    internal int Count { get; }

    /// <summary>The class of a code point.</summary>
    internal int ClassOf(int rune) => rune < AsciiCount ? _ascii[rune] : Find(rune);

    /// <summary>The class of an ASCII byte.</summary>
    internal int ClassOfAscii(byte value) => _ascii[value];

    /// <summary>The classes that make up a set, which was among those given.</summary>
    internal BitArray ClassesOf(RuneSet set)
    {
        var result = new BitArray(Count);
        foreach (var interval in Intervals(set))
            result[_classes[interval]] = true;
        return result;
    }

    private IEnumerable<int> Intervals(RuneSet set)
    {
        foreach (var (first, last) in set.Ranges)
        {
            for (var i = Array.BinarySearch(_starts, first); i < _starts.Length && _starts[i] <= last; i++)
                yield return i;
        }
    }

    private ushort Find(int rune)
    {
        var found = Array.BinarySearch(_starts, rune);
        return _classes[found >= 0 ? found : ~found - 1];
    }
}
