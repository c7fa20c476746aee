// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Model.Schema;

/// <summary>The key of a property in YAML, where it is not the property's name in snake_case.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class KeyAttribute(string name) : Attribute
{
    /// <summary>The key.</summary>
    public string Name { get; } = name;
}
