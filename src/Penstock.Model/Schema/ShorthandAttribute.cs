// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Model.Schema;

/// <summary>A record that may be written as one scalar: the value of this key, the others keeping their defaults.</summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class ShorthandAttribute(string key) : Attribute
{
    /// <summary>The key the scalar stands for.</summary>
    public string Key { get; } = key;
}
