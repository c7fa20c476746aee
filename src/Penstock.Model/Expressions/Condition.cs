// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Model.Expressions;

/// <summary>What can be asked about a place in the text.</summary>
internal enum Condition
{
    /// <summary>It is the start of the text: \A, and ^ without (?m).</summary>
    TextStart,

    /// <summary>It is the end of the text: \z, and $ without (?m).</summary>
    TextEnd,

    /// <summary>It is the start of a line: ^ with (?m).</summary>
    LineStart,

    /// <summary>It is the end of a line: $ with (?m).</summary>
    LineEnd,

    /// <summary>A word begins or ends: \b.</summary>
    WordBorder,

    /// <summary>No word begins or ends: \B.</summary>
    NoWordBorder,
}
