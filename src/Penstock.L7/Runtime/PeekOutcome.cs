// SPDX-License-Identifier: Apache-2.0
namespace Penstock.L7.Runtime;

/// <summary>How looking at a connection's first bytes ended.</summary>
internal enum PeekOutcome
{
    /// <summary>They are understood.</summary>
    Done,

    /// <summary>They can't be right.</summary>
    Rejected,

    /// <summary>The peer stopped before.</summary>
    Ended,

    /// <summary>The time was over before.</summary>
    TimedOut,

    /// <summary>The proxy stops, or has no room to wait.</summary>
    Cut,
}
