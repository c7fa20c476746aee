// SPDX-License-Identifier: Apache-2.0
using System.Text;

namespace Penstock.Model.Expressions;

/// <summary>
/// A regular expression that a whole text matches or does not, in time linear in the text whatever the two are. The syntax is that of .NET and RE2
/// without backreferences, lookaround, atomic groups and conditions; <c>$</c> is the end of the text. Characters are Unicode code points, so
/// <c>.</c> takes an emoji whole.
/// </summary>
/// <remarks>
/// One object serves all threads. States of the deterministic automaton are worked out when texts first lead there, under a lock, and kept; what is known
/// costs one look at a table for each character, without lock or allocation. Where the table is full, the nondeterministic automaton goes on from
/// there (as in RE2, which empties its table instead). A plain expression takes a few kilobytes, any at most about 1 MB.
/// </remarks>
public sealed class Expression
{
    /// <summary>Bytes that the table and its states may take.</summary>
    private const int MaxTableBytes = 128 << 10;

    private const short Unknown = 0;
    private const short Dead = -1; // nothing that follows can match
    private const short Full = -2;
    private const short First = 1; // the state at the start; at the end of a text: it matches

    [ThreadStatic]
    private static SparseSet? t_from;

    [ThreadStatic]
    private static SparseSet? t_to;

    private readonly string _pattern;
    private readonly Automaton _automaton;
    private readonly Alphabet _alphabet;
    private readonly int _width;
    private readonly Lock _gate = new();
    private readonly List<ExpressionState> _states = [];
    private readonly Dictionary<ExpressionState, short> _numbers = [];
    private int _stateBytes;

    // A row for each state, from 1; a column for each class, and the last for the end of the text.
    private short[] _table = [];

    private Expression(string pattern)
    {
        _pattern = pattern;
        _automaton = new Automaton(ExpressionParser.Parse(pattern));
        _alphabet = _automaton.Alphabet;
        _width = _alphabet.Count + 1;
        var start = Rent(ref t_from);
        _automaton.Start(start);
        Number(start, Neighbor.Nothing);
    }

    /// <summary>Parses an expression.</summary>
    /// <param name="pattern">The expression, which need not be anchored.</param>
    /// <exception cref="ExpressionException">It is none, cannot be evaluated in linear time, or is too large.</exception>
    public static Expression Parse(string pattern) => new(pattern);

    /// <summary>Whether the whole of a text matches.</summary>
    /// <param name="text">UTF-8; what is none counts as U+FFFD.</param>
    public bool IsMatch(ReadOnlySpan<byte> text)
    {
        var table = Volatile.Read(ref _table);
        int state = First;
        while (true)
        {
            var length = Next(text, out var column);
            var entry = ((state - 1) * _width) + column;
            int target = entry < table.Length ? table[entry] : Unknown;
            if (target <= 0)
            {
                if (target == Unknown)
                {
                    target = Explore(state, column);
                    table = Volatile.Read(ref _table);
                }

                if (target == Dead)
                    return false;
                if (target == Full)
                    return Simulate(state, text);
            }

            if (length == 0)
                return true;
            text = text[length..];
            state = target;
        }
    }

    /// <inheritdoc/>
    public override string ToString() => _pattern;

    /// <summary>Reads one code point.</summary>
    /// <returns>Bytes of the next code point; 0: the text ends.</returns>
    private int Next(ReadOnlySpan<byte> text, out int column)
    {
        if (text.IsEmpty)
        {
            column = _width - 1;
            return 0;
        }

        if (text[0] < 128)
        {
            column = _alphabet.ClassOfAscii(text[0]);
            return 1;
        }

        Rune.DecodeFromUtf8(text, out var rune, out var length);
        column = _alphabet.ClassOf(rune.Value);
        return length;
    }

    /// <summary>Works out an entry of the table.</summary>
    private int Explore(int state, int column)
    {
        lock (_gate)
        {
            var entry = ((state - 1) * _width) + column;
            if (_table[entry] != Unknown)
                return _table[entry];

            var from = Rent(ref t_from);
            foreach (var member in _states[state - 1].Members)
                from.Add(member);
            var before = _states[state - 1].Before;
            short target;
            if (column == _width - 1)
            {
                target = _automaton.IsMatch(from, before) ? First : Dead;
            }
            else
            {
                var to = Rent(ref t_to);
                _automaton.Step(from, before, column, to);
                target = to.Count == 0 ? Dead : Number(to, _automaton.NeighborOf(column));
            }

            Volatile.Write(ref _table[entry], target);
            return target;
        }
    }

    /// <summary>The number of a state, given to it if it has none; or that there is no room.</summary>
    private short Number(SparseSet set, Neighbor before)
    {
        var members = _automaton.WithoutSplits(set);
        Array.Sort(members);
        var state = new ExpressionState(members, before);
        if (_numbers.TryGetValue(state, out var number))
            return number;

        // The first state is always there.
        var bytes = _stateBytes + (members.Length * sizeof(int));
        if (_states.Count > 0 && (bytes + ((_states.Count + 1) * _width * sizeof(short)) > MaxTableBytes || _states.Count == short.MaxValue))
            return Full;

        _stateBytes = bytes;
        _states.Add(state);
        if (_states.Count * _width > _table.Length)
        {
            var larger = new short[Math.Max(_states.Count, Math.Min(_states.Count * 2, MaxTableBytes / sizeof(short) / _width)) * _width];
            _table.CopyTo(larger, 0);
            Volatile.Write(ref _table, larger);
        }

        number = checked((short)_states.Count);
        _numbers.Add(state, number);
        return number;
    }

    /// <summary>Goes on without the table.</summary>
    private bool Simulate(int state, ReadOnlySpan<byte> text)
    {
        ExpressionState begin;
        lock (_gate)
            begin = _states[state - 1];

        var from = Rent(ref t_from);
        var to = Rent(ref t_to);
        foreach (var member in begin.Members)
            from.Add(member);
        var before = begin.Before;
        while (Next(text, out var column) is > 0 and var length)
        {
            to.Clear();
            _automaton.Step(from, before, column, to);
            if (to.Count == 0)
                return false;
            (from, to) = (to, from);
            before = _automaton.NeighborOf(column);
            text = text[length..];
        }

        return _automaton.IsMatch(from, before);
    }

    /// <summary>A thread's set, empty and large enough.</summary>
    private SparseSet Rent(ref SparseSet? kept)
    {
        if (kept is null || kept.Bound < _automaton.Size)
            kept = new SparseSet(_automaton.Size);
        kept.Clear();
        return kept;
    }
}
