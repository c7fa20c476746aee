// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Model.Schema;

/// <summary>Least and greatest value of a number, duration or size, both allowed. Durations and sizes are written as in YAML.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class RangeAttribute(string min, string max) : Attribute
{
    /// <summary>Least value.</summary>
    public string Min { get; } = min;

    /// <summary>Greatest value.</summary>
    public string Max { get; } = max;
}
