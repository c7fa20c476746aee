// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Model.Schema;

/// <summary>A whole number that is written with a unit. (A <see cref="TimeSpan"/> always is.)</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class UnitAttribute(Unit unit) : Attribute
{
    /// <summary>What the number counts.</summary>
    public Unit Unit { get; } = unit;
}
