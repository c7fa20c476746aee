// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Model.Expressions;

/// <summary>What stands before or behind a place in the text, as far as a <see cref="Condition"/> asks for it.</summary>
internal enum Neighbor : byte
{
    /// <summary>Nothing: the start or the end of the text.</summary>
    Nothing,

    /// <summary>A code point that is none of the following.</summary>
    Other,

    /// <summary>A line feed.</summary>
    Newline,

    /// <summary>One of \w.</summary>
    Word,
}
