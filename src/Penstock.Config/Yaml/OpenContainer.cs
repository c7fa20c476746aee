// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Config.Yaml;

/// <summary>A list or mapping that is being read.</summary>
internal sealed class OpenContainer(Node node)
{
    /// <summary>The list or mapping.</summary>
    public Node Node { get; } = node;

    /// <summary>In a mapping: the key read last; null: it was refused, and its value goes unused.</summary>
    public ScalarNode? Key { get; set; }

    /// <summary>In a mapping: whether a value comes next.</summary>
    public bool AwaitsValue { get; set; }
}
