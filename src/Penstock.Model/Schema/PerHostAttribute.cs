// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Model.Schema;

/// <summary>A key whose values may differ between hosts that share virtual addresses: it names what is the host's own. Any other is to be equal on all of them.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class PerHostAttribute : Attribute
{
    /// <summary>Whether all hosts are to have one, or none: values are each host's own, that there is one is not.</summary>
    public bool OnAllOrNone { get; init; }
}
