// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Model.Expressions;

/// <summary>A state of the deterministic automaton: where the nondeterministic one may be.</summary>
/// <param name="members">Its instructions, sorted.</param>
/// <param name="before">What stands before; <see cref="Neighbor.Other"/> where no condition asks.</param>
internal sealed class ExpressionState(int[] members, Neighbor before) : IEquatable<ExpressionState>
{
    internal int[] Members => members;

    internal Neighbor Before => before;

    public bool Equals(ExpressionState? other) => other is not null && before == other.Before && members.AsSpan().SequenceEqual(other.Members);

    public override bool Equals(object? obj) => Equals(obj as ExpressionState);

    public override int GetHashCode()
    {
        var hash = default(HashCode);
        hash.Add(before);
        foreach (var member in members)
            hash.Add(member);
        return hash.ToHashCode();
    }
}
