// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Model.Expressions;

/// <summary>A parsed expression as a tree.</summary>
internal abstract record Syntax
{
    /// <summary>Nothing: the empty text.</summary>
    internal sealed record Empty : Syntax;

    /// <summary>One code point of a set.</summary>
    internal sealed record One(RuneSet Set) : Syntax;

    /// <summary>One part after the other.</summary>
    internal sealed record Sequence(Syntax[] Parts) : Syntax;

    /// <summary>Any of the parts.</summary>
    internal sealed record Choice(Syntax[] Parts) : Syntax;

    /// <summary>A part repeated.</summary>
    /// <param name="Part">The part.</param>
    /// <param name="Least">Times at least.</param>
    /// <param name="Most">Times at most; null: without bound.</param>
    internal sealed record Repeat(Syntax Part, int Least, int? Most) : Syntax;

    /// <summary>A condition on what is before and behind.</summary>
    internal sealed record Assert(Condition Condition) : Syntax;
}
