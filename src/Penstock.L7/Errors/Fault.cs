// SPDX-License-Identifier: Apache-2.0
namespace Penstock.L7.Errors;

/// <summary>Whose fault a failed request is.</summary>
internal enum Fault
{
    /// <summary>The client sent what it must not, stopped, or was too slow.</summary>
    Client,

    /// <summary>An endpoint did not answer, or answered what it must not.</summary>
    Upstream,

    /// <summary>This proxy: its configuration, its limits, its state, or a defect.</summary>
    Ours,
}
