// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Config.Comparison;

/// <summary>What becomes of a key.</summary>
public enum ConfigChangeKind
{
    /// <summary>It has another value.</summary>
    Changed,

    /// <summary>It was not there.</summary>
    Added,

    /// <summary>It is there no more.</summary>
    Removed,
}
