// SPDX-License-Identifier: Apache-2.0
using System.Collections;

namespace Penstock.Model.Expressions;

/// <summary>
/// The nondeterministic automaton of an expression (Thompson 1968), and its steps over sets of instructions. Immutable: any number of threads
/// may step at once, each in sets of its own.
/// </summary>
internal sealed class Automaton
{
    /// <summary>Instructions at most: what counted repetitions may multiply to. RE2's default allows about as many.</summary>
    internal const int MaxInstructions = 10_000;

    private readonly Instruction[] _program;
    private readonly BitArray[] _sets;
    private readonly Neighbor[] _neighbors;
    private readonly int _start;

    /// <summary>Makes the automaton of a syntax tree.</summary>
    /// <exception cref="ExpressionException">It would be too large.</exception>
    internal Automaton(Syntax syntax)
    {
        var compiler = new Compiler();
        _start = compiler.Compile(syntax, compiler.Add(new Instruction(InstructionKind.Match, 0, 0)));
        _program = [.. compiler.Program];
        LooksAround = _program.Any(step => step.Kind == InstructionKind.Assert && (Condition)step.Argument is not (Condition.TextStart or Condition.TextEnd));
        var sets = compiler.Sets.ToList();
        if (LooksAround)
            sets.AddRange([UnicodeSets.Word, RuneSet.Newline]);
        Alphabet = new Alphabet(sets);
        _sets = [.. compiler.Sets.Select(Alphabet.ClassesOf)];
        _neighbors = new Neighbor[Alphabet.Count];
        Array.Fill(_neighbors, Neighbor.Other);
        if (LooksAround)
        {
            Mark(UnicodeSets.Word, Neighbor.Word);
            Mark(RuneSet.Newline, Neighbor.Newline);
        }
    }

    /// <summary>What its sets tell apart.</summary>
    internal Alphabet Alphabet { get; }

    /// <summary>Number of instructions.</summary>
    internal int Size => _program.Length;

    /// <summary>Whether it matters what the code point before was.</summary>
    internal bool LooksAround { get; }

    /// <summary>What a code point of a class is to the conditions beside it.</summary>
    internal Neighbor NeighborOf(int runeClass) => _neighbors[runeClass];

    /// <summary>Adds where a match begins.</summary>
    internal void Start(SparseSet set) => Follow(_start, set);

    /// <summary>Takes one code point.</summary>
    /// <param name="from">Where it is; conditions that hold are added to it.</param>
    /// <param name="before">What stands before.</param>
    /// <param name="runeClass">Class of the code point.</param>
    /// <param name="to">Where it is then; empty before.</param>
    internal void Step(SparseSet from, Neighbor before, int runeClass, SparseSet to)
    {
        Resolve(from, before, _neighbors[runeClass]);
        for (var i = 0; i < from.Count; i++)
        {
            var step = _program[from[i]];
            if (step.Kind == InstructionKind.One && _sets[step.Argument][runeClass])
                Follow(step.Next, to);
        }
    }

    /// <summary>Whether the whole text has matched, at its end.</summary>
    /// <param name="at">Where it is; conditions that hold are added to it.</param>
    /// <param name="before">What stands before the end.</param>
    internal bool IsMatch(SparseSet at, Neighbor before)
    {
        Resolve(at, before, Neighbor.Nothing);
        for (var i = 0; i < at.Count; i++)
        {
            if (_program[at[i]].Kind == InstructionKind.Match)
                return true;
        }

        return false;
    }

    /// <summary>Those of the instructions at which something is still to be decided.</summary>
    internal int[] WithoutSplits(SparseSet set)
    {
        var result = new List<int>(set.Count);
        foreach (var instruction in set.Members)
        {
            if (_program[instruction].Kind != InstructionKind.Split)
                result.Add(instruction);
        }

        return [.. result];
    }

    private static bool Holds(Condition condition, Neighbor before, Neighbor behind) => condition switch
    {
        Condition.TextStart => before == Neighbor.Nothing,
        Condition.TextEnd => behind == Neighbor.Nothing,
        Condition.LineStart => before is Neighbor.Nothing or Neighbor.Newline,
        Condition.LineEnd => behind is Neighbor.Nothing or Neighbor.Newline,
        Condition.WordBorder => (before == Neighbor.Word) != (behind == Neighbor.Word),
        _ => (before == Neighbor.Word) == (behind == Neighbor.Word),
    };

    /// <summary>Goes on behind the conditions that hold; what that adds is visited in turn.</summary>
    private void Resolve(SparseSet set, Neighbor before, Neighbor behind)
    {
        for (var i = 0; i < set.Count; i++)
        {
            var step = _program[set[i]];
            if (step.Kind == InstructionKind.Assert && Holds((Condition)step.Argument, before, behind))
                Follow(step.Next, set);
        }
    }

    /// <summary>Adds an instruction, and where its splits lead: each once, so loops end.</summary>
    private void Follow(int instruction, SparseSet set)
    {
        // The set is its own list of what is still to be followed.
        var next = set.Count;
        set.Add(instruction);
        for (; next < set.Count; next++)
        {
            var step = _program[set[next]];
            if (step.Kind != InstructionKind.Split)
                continue;
            set.Add(step.Next);
            set.Add(step.Argument);
        }
    }

    private void Mark(RuneSet set, Neighbor neighbor)
    {
        var classes = Alphabet.ClassesOf(set);
        for (var i = 0; i < _neighbors.Length; i++)
        {
            if (classes[i])
                _neighbors[i] = neighbor;
        }
    }

    /// <summary>Writes a program from its end: each part is told where to go on.</summary>
    private sealed class Compiler
    {
        private readonly Dictionary<RuneSet, int> _numbers = [];

        internal List<Instruction> Program { get; } = [];

        internal List<RuneSet> Sets { get; } = [];

        internal int Add(Instruction instruction)
        {
            if (Program.Count == MaxInstructions)
                throw new ExpressionException($"repetitions that multiply to more than {MaxInstructions} steps", 0);
            Program.Add(instruction);
            return Program.Count - 1;
        }

        /// <summary>Writes a part.</summary>
        /// <returns>Where it begins.</returns>
        internal int Compile(Syntax syntax, int next)
        {
            switch (syntax)
            {
                case Syntax.One one:
                    return Add(new Instruction(InstructionKind.One, Number(one.Set), next));
                case Syntax.Assert assert:
                    return Add(new Instruction(InstructionKind.Assert, (int)assert.Condition, next));
                case Syntax.Sequence sequence:
                    foreach (var part in sequence.Parts.Reverse())
                        next = Compile(part, next);
                    return next;
                case Syntax.Choice choice:
                    var begin = Compile(choice.Parts[^1], next);
                    foreach (var part in choice.Parts.SkipLast(1).Reverse())
                        begin = Add(new Instruction(InstructionKind.Split, begin, Compile(part, next)));
                    return begin;
                case Syntax.Repeat repeat:
                    return Compile(repeat, next);
                default:
                    return next;
            }
        }

        private int Compile(Syntax.Repeat repeat, int next)
        {
            if (repeat.Most is { } most)
            {
                // Nothing repeated any number of times is nothing: else its copies would cost time without ever reaching the limit.
                var end = next;
                for (var i = repeat.Least; i < most; i++)
                {
                    var one = Compile(repeat.Part, next);
                    if (one == next)
                        return end;
                    next = Add(new Instruction(InstructionKind.Split, end, one));
                }
            }
            else
            {
                var loop = Add(new Instruction(InstructionKind.Split, next, 0));
                Program[loop] = Program[loop] with { Next = Compile(repeat.Part, loop) };
                next = loop;
            }

            for (var i = 0; i < repeat.Least; i++)
            {
                var one = Compile(repeat.Part, next);
                if (one == next)
                    break;
                next = one;
            }

            return next;
        }

        private int Number(RuneSet set)
        {
            if (!_numbers.TryGetValue(set, out var number))
            {
                _numbers.Add(set, number = Sets.Count);
                Sets.Add(set);
            }

            return number;
        }
    }
}
