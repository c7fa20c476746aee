// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Model.Schema;

/// <summary>An example for the reference and for editors, written as in YAML (flow style).</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class ExampleAttribute(string yaml) : Attribute
{
    /// <summary>The example.</summary>
    public string Yaml { get; } = yaml;
}
