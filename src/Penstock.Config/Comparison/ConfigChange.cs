// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Config.Comparison;

/// <summary>A key that two configurations of one host have otherwise.</summary>
/// <param name="Path">Where it stands, items of lists by what names them: <c>l4.services[web].backends[10.0.0.11].weight</c>. One that ends in <c>[]</c> is the order of a list.</param>
/// <param name="Kind">What becomes of it.</param>
/// <param name="Before">Its value before, the default where none was written; null: it was not there. Empty: a section or an item.</param>
/// <param name="After">Its value after, likewise.</param>
public sealed record ConfigChange(string Path, ConfigChangeKind Kind, string? Before, string? After);
