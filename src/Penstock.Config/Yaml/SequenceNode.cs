// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Config.Yaml;

/// <summary>A list.</summary>
internal sealed class SequenceNode(string file, int line, int column) : Node(file, line, column)
{
    /// <summary>Its items.</summary>
    public List<Node> Items { get; } = [];

    /// <inheritdoc/>
    public override string Describe() => "a list";
}
