// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Model.Expressions;

/// <summary>Kinds of <see cref="Instruction"/>.</summary>
internal enum InstructionKind : byte
{
    /// <summary>Takes a code point of a set.</summary>
    One,

    /// <summary>Goes on in two places, taking nothing.</summary>
    Split,

    /// <summary>Goes on where a condition holds, taking nothing.</summary>
    Assert,

    /// <summary>The whole expression has matched.</summary>
    Match,
}
