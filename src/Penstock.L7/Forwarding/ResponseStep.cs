// SPDX-License-Identifier: Apache-2.0
namespace Penstock.L7.Forwarding;

/// <summary>What comes next after reading some of a response's head. The steps from <see cref="Final"/> on end the reading.</summary>
internal enum ResponseStep
{
    /// <summary>The head goes on.</summary>
    ReadMore,

    /// <summary>A 1xx response: relay it, and read the next.</summary>
    Interim,

    /// <summary>The response: relay it.</summary>
    Final,

    /// <summary>There is none.</summary>
    Failed,
}
