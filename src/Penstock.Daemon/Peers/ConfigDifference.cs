// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Daemon.Peers;

/// <summary>A key that differs.</summary>
/// <param name="Path">Where it stands, such as <c>l4.services[web].backends[10.0.0.11].weight</c>.</param>
/// <param name="Set">Where it is set.</param>
internal sealed record ConfigDifference(string Path, DifferenceKind Set)
{
    /// <summary>For people.</summary>
    /// <param name="here">Name of this node.</param>
    /// <param name="there">Name of the other.</param>
    public string Text(string here, string there) => Set switch
    {
        DifferenceKind.Here => $"{Path} (set on {here} only)",
        DifferenceKind.There => $"{Path} (set on {there} only)",
        _ => Path,
    };
}
