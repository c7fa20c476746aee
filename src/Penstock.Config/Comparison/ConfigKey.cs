// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Config.Comparison;

/// <summary>A key of a configuration.</summary>
/// <param name="Path">Where it stands, items of lists by what names them: <c>l4.services[web].backends[10.0.0.11].weight</c>.</param>
/// <param name="Value">Its value in one form, however it is written; lines where it is a list of scalars; empty for a section or an item, which is there.</param>
/// <param name="IsDefault">Whether that is what it is when it is not written.</param>
public readonly record struct ConfigKey(string Path, string Value, bool IsDefault)
{
    /// <summary>The end of the path of a list whose order counts; the value is the names of its items.</summary>
    public const string Order = "[]";
}
