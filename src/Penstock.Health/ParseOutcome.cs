// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Health;

/// <summary>What a parser made of the bytes so far.</summary>
internal enum ParseOutcome
{
    /// <summary>Parsed.</summary>
    Done,

    /// <summary>Good so far, not whole.</summary>
    NeedMore,

    /// <summary>Not HTTP.</summary>
    Rejected,
}
