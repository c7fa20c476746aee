// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Model.Schema;

/// <summary>The only values a number or text may have.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class AllowedAttribute(params string[] values) : Attribute
{
    /// <summary>The values, as written in YAML.</summary>
    public IReadOnlyList<string> Values { get; } = values;
}
