// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Config.Yaml;

/// <summary>Stands where something was refused and reported already; nothing more is said about it.</summary>
internal sealed class RefusedNode(string file, int line, int column) : Node(file, line, column)
{
    /// <inheritdoc/>
    public override string Describe() => "something refused";
}
