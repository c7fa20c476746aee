// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Model.Schema;

/// <summary>The key of a property in YAML, or the word for a member of an enumeration, where it is not the name in snake_case.</summary>
[AttributeUsage(AttributeTargets.Property | AttributeTargets.Field)]
public sealed class KeyAttribute(string name) : Attribute
{
    /// <summary>The key.</summary>
    public string Name { get; } = name;
}
