// SPDX-License-Identifier: Apache-2.0
namespace Penstock.L7.Http1;

/// <summary>How far a parser got with what it was given.</summary>
internal enum ParseStatus
{
    /// <summary>The part is complete.</summary>
    Done,

    /// <summary>Everything so far is valid and the end is not there yet: call again with the same bytes and more.</summary>
    NeedMore,

    /// <summary>The bytes break the protocol or a limit; the reason says which. Nothing after them can be trusted.</summary>
    Rejected,
}
